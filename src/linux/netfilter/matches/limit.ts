import type { Matches } from "../../../model/ruleset.ts";
import type { CompiledMatch, MatchExtension } from "../extension.ts";
import { matchState } from "../match-state.ts";
import { parseNumber } from "../option-values.ts";
import { givenValue } from "../option-words.ts";
import { type Bucket, formatRate, parseRate, takePacket } from "../rate.ts";
import { isUsedUp, limitDecides } from "../unused-limit.ts";

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
/** XT_LIMIT_SCALE. */
const SCALE = 10_000;
/** Credits of one second, HZ * CREDITS_PER_JIFFY: the same with a HZ of 250 and of 1000. */
const CREDITS = 32_000;

/** user2credits() of net/netfilter/xt_limit.c in its 32 bits: it divides first where the product would not fit, which may still not fit. */
function legacyCredits(user: number): number {
  const given = user >>> 0;
  return given > Math.floor(0xffffffff / CREDITS)
    ? (Math.floor(given / SCALE) * CREDITS) >>> 0
    : Math.floor((given * CREDITS) / SCALE);
}

/** Whether the legacy match finds that its burst, cut to 32 bits, is less than one packet (limit_mt_check()). */
export function burstOverflows({ period, burst }: Matches["limit"]): boolean {
  return legacyCredits(period * burst) < legacyCredits(period);
}

/**
 * The bucket of each backend. iptables-nft writes nftables' own limit, whose credit is exact. The legacy kernel match
 * computes in 32 bits and loses part of the burst where the rate does not divide evenly: of the first burst of `7/min`
 * it passes four, not five, and of `2/day` one (observed on Linux 6.18). Both as a time between packets and how many of them fit.
 */
export function compileLimit(options: Matches["limit"], backend: "legacy" | "nft", decides: boolean): CompiledMatch {
  const exact = backend === "nft";
  const period = exact ? options.period : (legacyCredits(options.period) / CREDITS) * SCALE;
  const full = exact ? period * options.burst : (legacyCredits(options.period * options.burst) / CREDITS) * SCALE;
  const burst = full / period;
  return {
    kind: "call",
    test(_skb, runtime) {
      if (decides && isUsedUp(runtime, `limit ${formatRate(options.period)}`)) return false;
      const now = runtime.services.now();
      const bucket = matchState(runtime, "limit", options, () => ({ credit: full, filledAt: now }));
      return takePacket(bucket, now, period, burst);
    },
  };
}

/** `-m limit` (net/netfilter/xt_limit.c, net/netfilter/nft_limit.c): a token bucket for each rule, full after a load. */
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
  compile: (options, rule, _family, backend: "legacy" | "nft" = "nft") =>
    compileLimit(options, backend, limitDecides(rule)),
};
