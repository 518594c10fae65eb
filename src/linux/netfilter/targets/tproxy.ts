import { type Address, formatAddress, parseAddress, unspecified } from "../../../net/address.ts";
import { describePacket } from "../../../net/packet.ts";
import { TCP, UDP } from "../../../net/protocol.ts";
import type { TargetExtension } from "../extension.ts";
import { formatMark, type MarkMask, parseMarkMask } from "../mark-value.ts";
import { parsePort } from "../option-values.ts";
import { givenValue } from "../option-words.ts";
import { NF_ACCEPT, NF_DROP } from "../verdict.ts";
import { applySetMark } from "./set-mark.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly TPROXY: {
      readonly port: number;
      /** Unspecified: the address the packet came in by. */
      readonly address: Address;
      readonly mark: MarkMask;
    };
  }
}

/**
 * `-j TPROXY` (net/netfilter/xt_TPROXY.c): hands the packet to a transparent socket of this host, marks it and accepts
 * it; without such a socket it is dropped. Which sockets are transparent is not known: a question. The socket shows only
 * in the routing that the mark asks for.
 */
export const TPROXY: TargetExtension<"TPROXY"> = {
  options: {
    "on-port": { values: 1, negatable: false },
    "on-ip": { values: 1, negatable: false },
    "tproxy-mark": { values: 1, negatable: false },
  },
  parse(given, { family, protocol }) {
    if (protocol !== TCP && protocol !== UDP) return { problem: "TPROXY needs -p tcp or -p udp" };
    const port = parsePort(givenValue(given, "on-port") ?? "");
    const text = givenValue(given, "on-ip");
    const address = text === null ? unspecified(family) : parseAddress(text);
    const mark = parseMarkMask(givenValue(given, "tproxy-mark") ?? "0/0");
    if (port === null) return { problem: "expected --on-port port" };
    if (address?.family !== family) return { problem: "expected --on-ip address" };
    return mark === null ? { problem: "expected --tproxy-mark value[/mask]" } : { value: { port, address, mark } };
  },
  print: ({ port, address, mark }) => [
    "--on-port",
    String(port),
    "--on-ip",
    formatAddress(address),
    "--tproxy-mark",
    mark.mask === 0xffffffff ? `${formatMark(mark)}/0xffffffff` : formatMark(mark),
  ],
  compile:
    ({ port, mark }) =>
    (skb, runtime) => {
      const { name } = runtime.host;
      if (skb.packet.fragmentOffset > 0) return NF_DROP;
      const taken = runtime.services.choose({
        kind: "unknown",
        code: "transparent-socket",
        variable: `${name} TPROXY ${port} ${describePacket(skb.packet)}`,
        question: `is there a transparent socket on ${name} for what TPROXY sends to port ${port}?`,
        alternatives: [
          { label: "there is: the packet is accepted", probability: 0 },
          { label: "there is none: the packet is dropped", probability: 0 },
        ],
        command: "ss -lntup",
      });
      if (taken === 1) return NF_DROP;
      skb.transparent = true;
      skb.mark = applySetMark(skb.mark, mark);
      return NF_ACCEPT;
    },
};
