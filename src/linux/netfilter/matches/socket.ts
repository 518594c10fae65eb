import type { Matches } from "../../../model/ruleset.ts";
import type { Packet } from "../../../net/packet.ts";
import { ICMP, ICMPV6, TCP, UDP } from "../../../net/protocol.ts";
import type { MatchExtension } from "../extension.ts";
import { givenOption } from "../option-words.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly socket: {
      readonly transparent: boolean;
      readonly noWildcard: boolean;
      readonly restoreMark: boolean;
    };
  }
}

function words({ transparent, noWildcard, restoreMark }: Matches["socket"]): readonly string[] {
  return [
    ...(transparent ? ["--transparent"] : []),
    ...(noWildcard ? ["--nowildcard"] : []),
    ...(restoreMark ? ["--restore-skmark"] : []),
  ];
}

/** nf_sk_lookup_slow_v4(): only TCP, UDP, and ICMP errors about them have a socket. */
function mayHaveSocket({ protocol, inner, fragmentOffset }: Packet): boolean {
  if (fragmentOffset > 0) return false;
  if (protocol === TCP || protocol === UDP) return true;
  if ((protocol !== ICMP && protocol !== ICMPV6) || inner === null) return false;
  return inner.protocol === TCP || inner.protocol === UDP;
}

/**
 * `-m socket` (net/netfilter/xt_socket.c): the packet belongs to a local socket: a connected one, or a listening one
 * that is bound to an address (with `--nowildcard` to any), and with `--transparent` one with IP_TRANSPARENT. What
 * sockets a host has is known only in part: a question for every packet that can have one.
 */
export const socket: MatchExtension<"socket"> = {
  options: {
    transparent: { values: 0, negatable: false },
    nowildcard: { values: 0, negatable: false },
    "restore-skmark": { values: 0, negatable: false },
  },
  parse: (given) => ({
    value: {
      transparent: givenOption(given, "transparent") !== undefined,
      noWildcard: givenOption(given, "nowildcard") !== undefined,
      restoreMark: givenOption(given, "restore-skmark") !== undefined,
    },
  }),
  print: words,
  compile(options) {
    const { restoreMark } = options;
    const question = {
      text: ["socket", ...words({ ...options, restoreMark: false })].join(" "),
      invert: false,
      reason: "what sockets there are is not known",
      command: "ss -lntup",
    };
    return {
      kind: "call",
      test(skb, runtime) {
        if (!mayHaveSocket(skb.packet) || !askMatch(question, skb, runtime)) return false;
        if (restoreMark) {
          runtime.services.assume(runtime, "sockets", `the socket has no mark (SO_MARK)`);
          skb.mark = 0;
        }
        return true;
      },
    };
  },
};
