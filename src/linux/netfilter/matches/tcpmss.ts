import { TCP } from "../../../net/protocol.ts";
import type { MatchExtension } from "../extension.ts";
import { formatRange, parseNumberRange, type RangeTest } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly tcpmss: RangeTest;
  }
}

/**
 * `-m tcpmss` (net/netfilter/xt_tcpmss.c): the maximum segment size option of the segment, SYN or not. A segment without
 * it matches only the negated test. What a further fragment has at that place is a question.
 */
export const tcpmss: MatchExtension<"tcpmss"> = {
  options: { mss: { values: 1, negatable: true } },
  parse(given, { protocol }) {
    if (protocol !== TCP) return { problem: "the rule needs -p tcp" };
    const option = givenOption(given, "mss");
    const range = option === undefined ? null : parseNumberRange(option.values[0] ?? "", 0xffff);
    if (option === undefined || range === null) return { problem: "expected --mss size[:size]" };
    return { value: { ...range, invert: option.invert } };
  },
  print: (options) => optionWords("mss", options.invert, formatRange(options)),
  compile(options) {
    const { first, last, invert } = options;
    const question = {
      text: `tcpmss --mss ${formatRange(options)}`,
      invert,
      reason: "a fragment's payload stands where the TCP header would be",
    };
    return {
      kind: "call",
      test(skb, runtime) {
        const { protocol, mss, fragmentOffset } = skb.packet;
        if (protocol !== TCP) return false;
        if (fragmentOffset > 0) return askMatch(question, skb, runtime);
        return (mss > 0 && mss >= first && mss <= last) !== invert;
      },
    };
  },
};
