import { packetLength } from "../../../net/packet.ts";
import type { MatchExtension } from "../extension.ts";
import { formatRange, parseNumberRange, type RangeTest } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly length: RangeTest;
  }
}

/** `-m length [!] --length a[:b]`: bytes of the IP packet with its header (net/netfilter/xt_length.c). */
export const length: MatchExtension<"length"> = {
  options: { length: { values: 1, negatable: true } },
  parse(given) {
    const option = givenOption(given, "length");
    const range = parseNumberRange(option?.values[0] ?? "", 0xffff);
    if (option === undefined || range === null) return { problem: "expected --length length[:length]" };
    return { value: { ...range, invert: option.invert } };
  },
  print: (options) => optionWords("length", options.invert, formatRange(options)),
  compile: ({ first, last, invert }) => ({
    kind: "call",
    test({ packet }) {
      const bytes = packetLength(packet);
      return (bytes >= first && bytes <= last) !== invert;
    },
  }),
};
