import type { GivenOption, OptionSpec, Parsed } from "../extension.ts";
import { formatRange, parseNumber, type RangeTest } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";

const MAX = 0xffffffff;
export const NUMBER_RANGE: OptionSpec = { values: 1, negatable: true };

/**
 * `--name first[:last]` of 32 bits, as libxt_esp.c and its like read it: ends may be left out, and a range the wrong way
 * round is taken as it is. Null when the option is absent.
 */
export function parseRange32(given: readonly GivenOption[], name: string): Parsed<RangeTest | null> {
  const option = givenOption(given, name);
  if (option === undefined) return { value: null };
  const [head = "", tail, extra] = (option.values[0] ?? "").split(":");
  const first = head === "" && tail !== undefined ? 0 : parseNumber(head, MAX);
  const last = tail === undefined ? first : tail === "" ? MAX : parseNumber(tail, MAX);
  if (first === null || last === null || extra !== undefined) return { problem: `expected --${name} number[:number]` };
  return { value: { first, last, invert: option.invert } };
}

/** A range of everything is not printed, negated or not. */
export function printRange32(name: string, test: RangeTest | null): readonly string[] {
  if (test === null || isWhole(test)) return [];
  return optionWords(name, test.invert, formatRange(test));
}

function isWhole({ first, last }: RangeTest): boolean {
  return first === 0 && last === MAX;
}

/** What can be said of any number: whether it lies in the range, null when that depends on it. */
export function certainInRange(test: RangeTest | null): boolean | null {
  if (test === null) return true;
  if (isWhole(test)) return !test.invert;
  return test.first > test.last ? test.invert : null;
}

/** Whether a number lies in the range; null tests nothing. */
export function inRange32(test: RangeTest | null, number: number): boolean {
  return test === null || (number >= test.first && number <= test.last) !== test.invert;
}

/** `--name number`, which may be negated. */
export interface NumberTest {
  readonly number: number;
  readonly invert: boolean;
}

/** Whether a number is the one that was asked for; null tests nothing. */
export function isNumber(test: NumberTest | null, number: number): boolean {
  return test === null || (number === test.number) !== test.invert;
}
