import { knowledgeOf } from "../../../model/host.ts";
import type { Matches } from "../../../model/ruleset.ts";
import type { Packet } from "../../../net/packet.ts";
import { ICMP, ICMPV6, TCP, UDP } from "../../../net/protocol.ts";
import { ACK, RST, SYN } from "../../../net/tcp-flags.ts";
import { listenerFor } from "../../heard-by.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { Skb } from "../../skb.ts";
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

/** What is known of the socket for a packet: one that counts, one that listens on any address, none, or not enough. */
type Found = "bound" | "wildcard" | "none" | "unknown";

/**
 * nf_sk_lookup_slow_v4(): a connected socket before a listening one. Dumps tell who listens, not who is connected, so
 * that only a segment that opens a connection is known to meet no other socket than those.
 */
function findSocket(skb: Skb, runtime: HostRuntime): Found {
  const { packet } = skb;
  // The socket of what an ICMP error quotes is the sender's.
  if (packet.protocol !== TCP && packet.protocol !== UDP) return "unknown";
  if (runtime.services.isConnected(runtime, packet)) return "bound";
  // By the device that the hook was given: lo, where the protocol goes by the device of the address.
  const listening = listenerFor(runtime.host.sockets, skb, skb.input?.name ?? null);
  if (listening !== null && listening.certainty === "declared") return "unknown";
  if (listening !== null && listening.address !== null) return "bound";
  const opening = packet.protocol === TCP && (packet.flags & (SYN | ACK | RST)) === SYN;
  if (!opening) return "unknown";
  if (listening !== null) return "wildcard";
  return knowledgeOf(runtime.host, "sockets") === "known" ? "none" : "unknown";
}

/**
 * `-m socket` (net/netfilter/xt_socket.c): the packet belongs to a local socket: a connected one, or a listening one
 * that is bound to an address (with `--nowildcard` to any), and with `--transparent` one with IP_TRANSPARENT, which no
 * dump tells. What is not known of a host's sockets is a question.
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
        if (!mayHaveSocket(skb.packet)) return false;
        const found = findSocket(skb, runtime);
        if (found === "none" || (found === "wildcard" && !options.noWildcard)) return false;
        const certain = found !== "unknown" && !options.transparent;
        if (!certain && !askMatch(question, skb, runtime)) return false;
        if (restoreMark) {
          runtime.services.assume(runtime, "socket-without-mark", `the socket has no mark (SO_MARK)`);
          skb.mark = 0;
        }
        return true;
      },
    };
  },
};
