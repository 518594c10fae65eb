import type { MatchExtension } from "../extension.ts";
import { formatRange, type RangeTest } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { isReadable } from "./cut-short.ts";
import { certainInRange, NUMBER_RANGE, parseRange32, printRange32 } from "./spi-test.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly ipcomp: { readonly cpi: RangeTest; readonly reserved: boolean };
  }
}

const IPCOMP = 108;
/** Octets of `struct ip_comp_hdr`. */
const HEADER = 4;

/**
 * `-m ipcomp` (net/netfilter/xt_ipcomp.c); without `--ipcompspi` the index has to be 0. Packets carry no index here: it is
 * a question. `--compres` is printed and has no effect in the kernel.
 */
export const ipcomp: MatchExtension<"ipcomp"> = {
  options: { ipcompspi: NUMBER_RANGE, compres: { values: 0, negatable: false } },
  parse(given, { protocol }) {
    if (protocol !== IPCOMP) return { problem: "the rule needs -p ipcomp" };
    const cpi = parseRange32(given, "ipcompspi");
    if ("problem" in cpi) return cpi;
    const reserved = givenOption(given, "compres") !== undefined;
    return { value: { cpi: cpi.value ?? { first: 0, last: 0, invert: false }, reserved } };
  },
  // iptables-save leaves a range of everything out, and would read that back as the index 0.
  print: ({ cpi, reserved }) => [
    ...optionWords("ipcompspi", cpi.invert, formatRange(cpi)),
    ...(reserved ? ["--compres"] : []),
  ],
  compile({ cpi }) {
    const certain = certainInRange(cpi);
    const question = {
      text: ["ipcomp", ...printRange32("ipcompspi", { ...cpi, invert: false })].join(" "),
      invert: cpi.invert,
      reason: "the compression index of the packet is not known",
    };
    return {
      kind: "call",
      test: (skb, runtime) =>
        skb.packet.protocol === IPCOMP &&
        skb.packet.fragmentOffset === 0 &&
        isReadable(skb, HEADER) &&
        (certain === null ? askMatch(question, skb, runtime) : certain),
    };
  },
};
