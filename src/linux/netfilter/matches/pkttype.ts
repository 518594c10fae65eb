import type { Skb } from "../../skb.ts";
import type { MatchExtension } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly pkttype: { readonly type: Skb["packetType"]; readonly invert: boolean };
  }
}

const NAMES: ReadonlyMap<string, Skb["packetType"]> = new Map([
  ["unicast", "host"],
  ["host", "host"],
  ["broadcast", "broadcast"],
  ["bcast", "broadcast"],
  ["multicast", "multicast"],
  ["mcast", "multicast"],
  ["otherhost", "otherhost"],
]);

/** `-m pkttype [!] --pkt-type` (net/netfilter/xt_pkttype.c): the link layer's view of whom the frame is for. */
export const pkttype: MatchExtension<"pkttype"> = {
  options: { "pkt-type": { values: 1, negatable: true } },
  parse(given) {
    const option = givenOption(given, "pkt-type");
    const type = NAMES.get((option?.values[0] ?? "").toLowerCase());
    if (option === undefined || type === undefined) return { problem: "bad packet type" };
    return { value: { type, invert: option.invert } };
  },
  print: (options) => optionWords("pkt-type", options.invert, options.type === "host" ? "unicast" : options.type),
  compile: ({ type, invert }) => ({ kind: "call", test: (skb) => (skb.packetType === type) !== invert }),
};
