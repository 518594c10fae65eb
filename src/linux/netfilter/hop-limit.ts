import type { CompiledMatch, GivenOption, Parsed } from "./extension.ts";
import { parseNumber } from "./option-values.ts";
import { optionWords } from "./option-words.ts";

/** A comparison of the TTL or hop limit; `ne` is the negated `eq`. */
export interface HopLimitTest {
  readonly mode: "eq" | "ne" | "lt" | "gt";
  readonly value: number;
}

/** Reads one of `PREFIX-eq`, `PREFIX-lt`, `PREFIX-gt`. */
export function parseHopLimit(given: readonly GivenOption[], prefix: string): Parsed<HopLimitTest> {
  const [option] = given;
  const value = parseNumber(option?.values[0] ?? "", 255);
  if (option === undefined || given.length > 1 || value === null) {
    return { problem: `expected one of --${prefix}-eq, --${prefix}-lt, --${prefix}-gt with a number up to 255` };
  }
  if (option.name === `${prefix}-lt`) return { value: { mode: "lt", value } };
  if (option.name === `${prefix}-gt`) return { value: { mode: "gt", value } };
  return { value: { mode: option.invert ? "ne" : "eq", value } };
}

export function printHopLimit(test: HopLimitTest, prefix: string): readonly string[] {
  const { mode, value } = test;
  return optionWords(`${prefix}-${mode === "ne" ? "eq" : mode}`, mode === "ne", String(value));
}

/** net/netfilter/xt_hl.c: both comparisons are strict. */
export function compileHopLimit({ mode, value }: HopLimitTest): CompiledMatch {
  switch (mode) {
    case "eq":
      return { kind: "call", test: ({ packet }) => packet.ttl === value };
    case "ne":
      return { kind: "call", test: ({ packet }) => packet.ttl !== value };
    case "lt":
      return { kind: "call", test: ({ packet }) => packet.ttl < value };
    case "gt":
      return { kind: "call", test: ({ packet }) => packet.ttl > value };
  }
}
