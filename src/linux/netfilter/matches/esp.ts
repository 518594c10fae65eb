import { ESP } from "../../../net/protocol.ts";
import type { MatchExtension } from "../extension.ts";
import type { RangeTest } from "../option-values.ts";
import { isReadable } from "./cut-short.ts";
import { certainInRange, NUMBER_RANGE, parseRange32, printRange32 } from "./spi-test.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly esp: { readonly spi: RangeTest | null };
  }
}

/** Octets of `struct ip_esp_hdr`. */
const HEADER = 8;

/** `-m esp` (net/netfilter/xt_esp.c). Packets carry no SPI here: which one it is, is a question. Fragments never match. */
export const esp: MatchExtension<"esp"> = {
  options: { espspi: NUMBER_RANGE },
  parse(given, { protocol }) {
    if (protocol !== ESP) return { problem: "the rule needs -p esp" };
    const spi = parseRange32(given, "espspi");
    return "problem" in spi ? spi : { value: { spi: spi.value } };
  },
  print: ({ spi }) => printRange32("espspi", spi),
  compile({ spi }) {
    const certain = certainInRange(spi);
    const plain = spi === null ? null : { ...spi, invert: false };
    const question = {
      text: ["esp", ...printRange32("espspi", plain)].join(" "),
      invert: spi?.invert ?? false,
      reason: "the SPI of the packet is not known",
    };
    return {
      kind: "call",
      test: (skb, runtime) =>
        skb.packet.protocol === ESP &&
        skb.packet.fragmentOffset === 0 &&
        isReadable(skb, HEADER) &&
        (certain === null ? askMatch(question, skb, runtime) : certain),
    };
  },
};
