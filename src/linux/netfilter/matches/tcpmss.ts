import { describePacket } from "../../../net/packet.ts";
import { TCP } from "../../../net/protocol.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { Skb } from "../../skb.ts";
import type { MatchExtension } from "../extension.ts";
import { formatRange, parseNumberRange, type RangeTest } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import { isReadable } from "./cut-short.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly tcpmss: RangeTest;
  }
}

/** Bytes of a TCP header without options. */
const TCP_HEADER = 20;

/**
 * `-m tcpmss` (net/netfilter/xt_tcpmss.c): the maximum segment size option of the segment, SYN or not. A segment without
 * it matches only the negated test. What a further fragment has at that place is a question; where it is no whole header, as
 * of zeros, the fragment is dropped (`par->hotdrop`).
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
        if (fragmentOffset > 0) return hasHeader(skb, runtime) && askMatch(question, skb, runtime);
        return (mss > 0 && mss >= first && mss <= last) !== invert;
      },
    };
  },
};

/** Whether a further fragment's payload passes for a TCP header with its options; where it does not, the fragment is dropped. */
function hasHeader(skb: Skb, runtime: HostRuntime): boolean {
  if (!isReadable(skb, TCP_HEADER)) return false;
  skb.cutShort = !unknownOutcome(runtime, {
    code: "match-hidden-state",
    item: "tcpmss header",
    fields: describePacket(skb.packet),
    question: 'does what the fragment carries look like a whole TCP header to "-m tcpmss"? no dump tells what is in it',
    no: "it does not, and the fragment is dropped",
    yes: "it does",
  });
  return !skb.cutShort;
}
