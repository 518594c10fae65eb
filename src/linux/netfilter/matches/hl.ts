import type { MatchExtension } from "../extension.ts";
import { compileHopLimit, type HopLimitTest, parseHopLimit, printHopLimit } from "../hop-limit.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly hl: HopLimitTest;
  }
}

/** `-m hl` (net/netfilter/xt_hl.c): the hop limit as it stands in the packet; FORWARD sees it already decremented. */
export const hl: MatchExtension<"hl"> = {
  options: {
    "hl-eq": { values: 1, negatable: true, aliases: ["hl"] },
    "hl-lt": { values: 1, negatable: false },
    "hl-gt": { values: 1, negatable: false },
  },
  parse: (given) => parseHopLimit(given, "hl"),
  print: (options) => printHopLimit(options, "hl"),
  compile: compileHopLimit,
};
