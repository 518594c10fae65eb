import type { DumpFindings } from "../dump-findings.ts";
import type { TableBlock } from "../iptables/table-block.ts";
import { translatedRule } from "./statement-words.ts";

/** Adds a rule of iptables-nft, in nft's words, to the block of its table. */
export function addRule(
  statement: string,
  chain: string,
  line: number,
  block: TableBlock,
  findings: DumpFindings,
): void {
  const { words, counters, hasTarget, missing: unread } = translatedRule(statement, block.family);
  // nft loses targets now and then without a trace (measured with 1.0.6), so that a rule without one is in doubt too
  const missing = unread ?? (hasTarget ? null : "what it does");
  const cut = /(?:…|\[truncated\])$/i.test(statement) || !hasTarget;
  if (missing !== null) {
    findings.add(
      "untold-options",
      "warning",
      line,
      `Whether this rule matches, or what it does, is unknown: nft does not tell ${missing}.`,
      { advice: "Run iptables-nft-save -c instead." },
    );
  }
  block.rules.push({
    text: `-A ${chain} ${words}`.trimEnd(),
    column: 1,
    counters,
    line,
    continuations: null,
    cut,
    gapAfter: false,
    missing,
  });
}
