import type { MatchExtension } from "../extension.ts";
import { matchState } from "../match-state.ts";
import { parseNumber } from "../option-values.ts";
import { givenValue } from "../option-words.ts";
import { type Bucket, formatRate, parseRate, takePacket } from "../rate.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** `period`: time between packets at the allowed rate, in ten-thousandths of a second. */
    readonly limit: { readonly period: number; readonly burst: number };
  }
}
declare module "../match-state.ts" {
  interface MatchStates {
    limit: Bucket;
  }
}

const DEFAULT_RATE = "3/hour";
const DEFAULT_BURST = 5;

/**
 * `-m limit` (net/netfilter/xt_limit.c): a token bucket for each rule, full after a ruleset load.
 *
 * Credit is exact here, as in nftables' own limit that iptables-nft uses. The legacy kernel match computes in 32 bits
 * and loses part of the burst where the rate does not divide evenly: of the first burst of `7/min` it passes four, not
 * five (observed on Linux 6.18). That loss is not modelled.
 */
export const limit: MatchExtension<"limit"> = {
  options: {
    limit: { values: 1, negatable: false },
    "limit-burst": { values: 1, negatable: false },
  },
  parse(given) {
    const period = parseRate(givenValue(given, "limit") ?? DEFAULT_RATE);
    const burst = parseNumber(givenValue(given, "limit-burst") ?? String(DEFAULT_BURST), 10_000);
    if (period === null) return { problem: "expected --limit number[/second|/minute|/hour|/day]" };
    if (burst === null || burst === 0) return { problem: "expected --limit-burst number" };
    return { value: { period, burst } };
  },
  print: ({ period, burst }) => [
    "--limit",
    formatRate(period),
    ...(burst === DEFAULT_BURST ? [] : ["--limit-burst", String(burst)]),
  ],
  compile: (options) => ({
    kind: "call",
    test(_skb, runtime) {
      const { period, burst } = options;
      const now = runtime.services.now();
      const bucket = matchState(runtime, "limit", options, () => ({ credit: period * burst, filledAt: now }));
      return takePacket(bucket, now, period, burst);
    },
  }),
};
