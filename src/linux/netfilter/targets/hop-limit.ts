import type { GivenOption, OptionSpec, Parsed, TargetFunction } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { XT_CONTINUE } from "../verdict.ts";

/** What TTL and HL do (`struct ipt_TTL_info`, `struct ip6t_HL_info`). */
export interface HopLimitChange {
  readonly mode: "set" | "inc" | "dec";
  readonly value: number;
}

/** `--ttl-set`, `--ttl-inc`, `--ttl-dec`, or the same with `hl`. */
export function hopLimitOptions(prefix: "ttl" | "hl"): Readonly<Record<string, OptionSpec>> {
  const value: OptionSpec = { values: 1, negatable: false };
  return { [`${prefix}-set`]: value, [`${prefix}-inc`]: value, [`${prefix}-dec`]: value };
}

export function parseHopLimit(given: readonly GivenOption[], prefix: "ttl" | "hl"): Parsed<HopLimitChange> {
  const option = given[0];
  const mode = (["set", "inc", "dec"] as const).find((name) => option?.name === `${prefix}-${name}`);
  const value = parseNumber(option?.values[0] ?? "", 255);
  if (mode === undefined || given.length !== 1 || value === null || (mode !== "set" && value === 0)) {
    return { problem: `expected --${prefix}-set 0-255, --${prefix}-inc 1-255 or --${prefix}-dec 1-255` };
  }
  return { value: { mode, value } };
}

export function printHopLimit(change: HopLimitChange, prefix: "ttl" | "hl"): readonly string[] {
  return [`--${prefix}-${change.mode}`, String(change.value)];
}

/** Never above 255 or below 0 (net/netfilter/xt_HL.c). */
export function compileHopLimit({ mode, value }: HopLimitChange): TargetFunction {
  return ({ packet }) => {
    if (mode === "set") packet.ttl = value;
    else packet.ttl = mode === "inc" ? Math.min(255, packet.ttl + value) : Math.max(0, packet.ttl - value);
    return XT_CONTINUE;
  };
}
