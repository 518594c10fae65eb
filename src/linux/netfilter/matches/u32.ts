import type { Matches } from "../../../model/ruleset.ts";
import type { Packet } from "../../../net/packet.ts";
import type { MatchExtension } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { layOut, read, word } from "./packet-bytes.ts";
import { askMatch } from "./unknown-match.ts";

type Operator = "&" | "<<" | ">>" | "@";

/** One `location = values`. */
interface U32Test {
  readonly start: number;
  readonly steps: readonly { readonly operator: Operator; readonly number: number }[];
  readonly ranges: readonly { readonly first: number; readonly last: number }[];
}

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly u32: { readonly tests: readonly U32Test[]; readonly invert: boolean };
  }
}

/** XT_U32_MAXSIZE, and the numbers of one location. */
const MOST = 10;

/** Reads the little language of `--u32` (extensions/libxt_u32.c u32_parse); the problem names the character. */
function parseTests(text: string): { readonly value: readonly U32Test[] } | { readonly problem: string } {
  let at = 0;
  const problem = (message: string): { readonly problem: string } => ({ problem: `u32: at char ${at}: ${message}` });
  const blanks = (): void => {
    while (/\s/.test(text.charAt(at)) && at < text.length) at++;
  };
  const number = (): number | null => {
    const found = /^(?:0x[0-9a-f]+|\d+)/i.exec(text.slice(at))?.[0] ?? "";
    const value = /^0[0-7]+$/.test(found) ? Number.parseInt(found, 8) : Number(found);
    if (found === "" || /^0\d*[89]/.test(found) || !(value <= 0xffffffff)) return null;
    at += found.length;
    return value;
  };
  const take = (mark: string): boolean => {
    blanks();
    if (!text.startsWith(mark, at)) return false;
    at += mark.length;
    blanks();
    return true;
  };
  const tests: U32Test[] = [];
  do {
    if (tests.length === MOST) return problem('too many "&&"s');
    blanks();
    const start = number();
    if (start === null) return problem("not a number or out of range");
    const steps: { operator: Operator; number: number }[] = [];
    while (!take("=")) {
      blanks();
      const operator = (["<<", ">>", "@", "&"] as const).find((mark) => text.startsWith(mark, at));
      if (operator === undefined || text.startsWith("&&", at)) return problem("operator expected");
      at += operator.length;
      blanks();
      if (steps.length === MOST - 1) return problem("too many operators");
      const operand = number();
      if (operand === null) return problem("not a number or out of range");
      // u32_mt_checkentry() of the kernel.
      if (operand >= 32 && (operator === "<<" || operator === ">>")) return problem("shifts by 31 bits at most");
      steps.push({ operator, number: operand });
    }
    const ranges: { first: number; last: number }[] = [];
    do {
      if (ranges.length === MOST) return problem('too many ","s');
      const first = number();
      if (first === null) return problem("not a number or out of range");
      const last = take(":") ? number() : first;
      if (last === null) return problem("not a number or out of range");
      ranges.push({ first, last });
    } while (take(","));
    tests.push({ start, steps, ranges });
  } while (take("&&"));
  return at === text.length ? { value: tests } : problem('expected "," or "&&"');
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function formatTests(tests: readonly U32Test[]): string {
  return tests
    .map(({ start, steps, ranges }) => {
      const location = steps.map(({ operator, number }) => `${operator}${hex(number)}`).join("");
      const values = ranges.map(({ first, last }) => (first === last ? hex(first) : `${hex(first)}:${hex(last)}`));
      return `${hex(start)}${location}=${values.join(",")}`;
    })
    .join("&&");
}

/** Null where the answer depends on bytes that are not known. */
function testHolds({ start, steps, ranges }: U32Test, total: number): boolean | null {
  if (total < 4 || start > total - 4) return false;
  word(start);
  let { value, known } = read;
  let base = 0;
  for (const { operator, number } of steps) {
    switch (operator) {
      case "&":
        value = (value & number) >>> 0;
        known = (known | ~number) >>> 0;
        break;
      case "<<":
        value = (value << number) >>> 0;
        known = ((known << number) | (2 ** number - 1)) >>> 0;
        break;
      case ">>":
        value = value >>> number;
        known = ((known >>> number) | ~(0xffffffff >>> number)) >>> 0;
        break;
      case "@":
        if (known !== 0xffffffff) return null;
        base += value;
        if (total < base + 4 || number > total - base - 4) return false;
        word(base + number);
        ({ value, known } = read);
    }
  }
  // What the unknown bits can make of it lies between these two.
  const least = (value & known) >>> 0;
  const most = (value | ~known) >>> 0;
  let possible = false;
  for (const { first, last } of ranges) {
    if (first <= least && most <= last) return true;
    if (first <= most && least <= last) possible = true;
  }
  return possible ? null : false;
}

/** u32_match_it() without the negation; null where bytes that are not known decide. */
function testsHold(tests: readonly U32Test[], packet: Packet): boolean | null {
  const total = layOut(packet);
  let unsure = false;
  for (const test of tests) {
    const holds = testHolds(test, total);
    if (holds === false) return false;
    if (holds === null) unsure = true;
  }
  return unsure ? null : true;
}

function parseU32(text: string, invert: boolean): ReturnType<MatchExtension<"u32">["parse"]> {
  const tests = parseTests(text);
  return "problem" in tests ? tests : { value: { tests: tests.value, invert } };
}

function formatU32({ tests, invert }: Matches["u32"]): readonly string[] {
  return optionWords("u32", invert, formatTests(tests));
}

/**
 * `-m u32 [!] --u32 "location=values&&…"` (net/netfilter/xt_u32.c): numbers taken out of the packet's bytes, from its
 * IP header on. podpath knows the headers less their checksums, and the identification where a packet has one; a test of
 * other bytes, payload above all, is a question.
 */
export const u32: MatchExtension<"u32"> = {
  options: { u32: { values: 1, negatable: true } },
  parse(given) {
    const option = givenOption(given, "u32");
    return option === undefined ? { problem: "expected --u32 tests" } : parseU32(option.values[0] ?? "", option.invert);
  },
  print: formatU32,
  compile(options) {
    const { tests, invert } = options;
    const question = {
      text: `u32 --u32 "${formatTests(tests)}"`,
      invert,
      reason: "it reads bytes of the packet that are not known",
    };
    return {
      kind: "call",
      test(skb, runtime) {
        const holds = testsHold(tests, skb.packet);
        return holds === null ? askMatch(question, skb, runtime) : holds !== invert;
      },
    };
  },
};
