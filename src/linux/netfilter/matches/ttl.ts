import type { MatchExtension } from "../extension.ts";
import { compileHopLimit, type HopLimitTest, parseHopLimit, printHopLimit } from "../hop-limit.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly ttl: HopLimitTest;
  }
}

/** `-m ttl` (net/netfilter/xt_hl.c): the TTL as it stands in the packet; FORWARD sees it already decremented. */
export const ttl: MatchExtension<"ttl"> = {
  options: {
    "ttl-eq": { values: 1, negatable: true, aliases: ["ttl"] },
    "ttl-lt": { values: 1, negatable: false },
    "ttl-gt": { values: 1, negatable: false },
  },
  parse: (given) => parseHopLimit(given, "ttl"),
  print: (options) => printHopLimit(options, "ttl"),
  compile: compileHopLimit,
};
