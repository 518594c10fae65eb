import type { NftKey, NftRange } from "../../../linux/netfilter/nft/key.ts";
import type { Match } from "../../../model/ruleset.ts";
import type { Family } from "../../../net/address.ts";
import { elementsOf, rangesOf, type WrittenElement } from "./elements.ts";
import { takeKeys, type WrittenKey } from "./key.ts";
import { type Cursor, isMark, peek, type Token, take, takeWords } from "./token.ts";
import { parseValue } from "./values.ts";

/** A set or map as listed; its elements are read by whoever knows their type. */
interface ListedSet {
  readonly elements: readonly Token[];
  /** Rules may add to it, so that what was listed is not what a packet finds. */
  readonly dynamic: boolean;
}

/** The rest of a table that its rules speak of, and the family of the packets they are read for. */
export interface RuleContext {
  readonly family: Family;
  readonly sets: ReadonlyMap<string, ListedSet>;
}

/** Tests in their order; null where the rule matches no packet of the family. */
export type Tests = readonly Match[] | null;

const MAX = 0xffffffff;

function lookup(keys: readonly NftKey[], elements: readonly (readonly NftRange[])[], invert: boolean): Match {
  return { name: "nft", options: { kind: "lookup", lookup: { keys, elements, invert } } };
}

/** The tests that come before a key itself, and its own; null where it is a field of the other family. */
export function guarded(keys: readonly WrittenKey[], tests: readonly Match[]): Tests {
  return keys.every(({ present }) => present) ? [...keys.flatMap(({ guards }) => guards), ...tests] : null;
}

/** A test that one of the elements holds. */
export function among(
  keys: readonly WrittenKey[],
  elements: readonly (readonly NftRange[])[],
  invert = false,
  mask: number | null = null,
): Match {
  return lookup(
    keys.map(({ key }) => (mask === null || key.kind !== "number" ? key : { ...key, mask })),
    elements,
    invert,
  );
}

/**
 * Takes an expression that compares (`tcp dport { 22, 80 }`, `meta mark & 0xff != 1`, `ip saddr @blocked`); undefined where podpath
 * does not know it, and nothing is taken.
 */
export function takeTest(cursor: Cursor, context: RuleContext): Tests | undefined {
  const from = cursor.at;
  const keys = takeKeys(cursor, context.family);
  const tests = keys === null ? undefined : comparison(cursor, keys, context);
  if (tests === undefined) cursor.at = from;
  return tests;
}

function comparison(cursor: Cursor, keys: readonly WrittenKey[], context: RuleContext): Tests | undefined {
  const mask = takeMask(cursor);
  if (mask === undefined) return undefined;
  const operator = takeOperator(cursor);
  if (operator === "<" || operator === ">" || operator === "<=" || operator === ">=") {
    return ordered(cursor, keys, operator, mask);
  }
  const invert = operator === "!=";
  if (peek(cursor).startsWith("@")) {
    const elements = namedElements(take(cursor)?.text ?? "", context);
    return elements === null ? undefined : elementTests(elements, keys, invert, mask, context);
  }
  if (isMark(cursor.tokens[cursor.at], "{")) {
    if (keys.some(({ values }) => values === "ct status")) return undefined;
    const elements = elementsOf(takeBraces(cursor));
    return elements === null ? undefined : elementTests(elements, keys, invert, mask, context);
  }
  return plain(cursor, keys, operator, mask, context);
}

/** Null: there is none. Undefined: it is not understood. */
function takeMask(cursor: Cursor): number | null | undefined {
  if (peek(cursor) !== "&" && peek(cursor) !== "and") return null;
  cursor.at++;
  const value = parseValue(take(cursor)?.text ?? "", "number");
  return value ?? undefined;
}

const BITS: ReadonlySet<WrittenKey["values"]> = new Set(["tcp flags", "ct state", "ct status"]);

type Operator = "" | "==" | "!=" | "<" | ">" | "<=" | ">=";

const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ["==", "=="],
  ["eq", "=="],
  ["!=", "!="],
  ["ne", "!="],
  ["<", "<"],
  ["lt", "<"],
  [">", ">"],
  ["gt", ">"],
  ["<=", "<="],
  ["le", "<="],
  [">=", ">="],
  ["ge", ">="],
]);

function takeOperator(cursor: Cursor): Operator {
  const operator = OPERATORS.get(peek(cursor));
  if (operator === undefined) return "";
  cursor.at++;
  return operator;
}

function ordered(
  cursor: Cursor,
  keys: readonly WrittenKey[],
  operator: Operator,
  mask: number | null,
): Tests | undefined {
  const [only] = keys;
  const kind = only?.values ?? "name";
  if (keys.length !== 1 || kind === "name" || kind === "address") return undefined;
  const value = parseValue(take(cursor)?.text ?? "", kind);
  if (value === null) return undefined;
  const first = operator === ">" ? value + 1 : operator === ">=" ? value : 0;
  const last = operator === "<" ? value - 1 : operator === "<=" ? value : MAX;
  const elements = first > last ? [] : [[{ kind: "number", first, last } as const]];
  return guarded(keys, [among(keys, elements, false, mask)]);
}

/** The tokens between braces; the cursor stands on the first of them. */
export function takeBraces(cursor: Cursor): readonly Token[] {
  const from = ++cursor.at;
  while (cursor.at < cursor.tokens.length && !isMark(cursor.tokens[cursor.at], "}")) cursor.at++;
  return cursor.tokens.slice(from, cursor.at++);
}

/** What is listed of a set; null where it is not listed, or packets change it. */
export function namedElements(reference: string, { sets }: RuleContext): readonly WrittenElement[] | null {
  const set = sets.get(reference.slice(1));
  return set === undefined || set.dynamic ? null : elementsOf(set.elements);
}

function elementTests(
  elements: readonly WrittenElement[],
  keys: readonly WrittenKey[],
  invert: boolean,
  mask: number | null,
  { family }: RuleContext,
): Tests | undefined {
  if (!keys.every(({ present }) => present)) return null;
  const ranges: (readonly NftRange[])[] = [];
  for (const { words, data } of elements) {
    const range = data === null ? rangesOf(words, keys, family) : null;
    if (range === null) return undefined;
    ranges.push(range);
  }
  return guarded(keys, [among(keys, ranges, invert, mask)]);
}

function plain(
  cursor: Cursor,
  keys: readonly WrittenKey[],
  operator: Operator,
  mask: number | null,
  { family }: RuleContext,
): Tests | undefined {
  const invert = operator === "!=";
  const [only] = keys;
  if (only !== undefined && keys.length === 1 && BITS.has(only.values)) {
    return flags(cursor, only, operator, mask);
  }
  const words: Token[] = [];
  do {
    const word = take(cursor);
    if (word === null) return undefined;
    words.push(word);
  } while (words.length < keys.length && takeWords(cursor, "."));
  if (!keys.every(({ present }) => present)) return null;
  const ranges = rangesOf(words, keys, family);
  return ranges === null ? undefined : guarded(keys, [among(keys, [ranges], invert, mask)]);
}

/** Bits by name: a list without an operator asks for any of them, `==` for exactly these, `VALUE / MASK` for these of those. */
function flags(cursor: Cursor, key: WrittenKey, operator: Operator, given: number | null): Tests | undefined {
  const bits = takeBits(cursor, key);
  if (bits === null || key.key.kind !== "number") return undefined;
  let mask = given;
  if (takeWords(cursor, "/")) {
    mask = takeBits(cursor, key);
    if (mask === null) return undefined;
  }
  const invert = operator === "!=";
  // whole words of status bits hold some that only the kernel knows
  if (key.values === "ct status" && (operator !== "" || mask !== null)) return undefined;
  if (operator === "" && mask === null) {
    const { of } = key.key;
    return guarded([key], [{ name: "nft", options: { kind: "bits", of, bits, invert: false } }]);
  }
  return guarded([key], [among([key], [[{ kind: "number", first: bits, last: bits }]], invert, mask)]);
}

function takeBits(cursor: Cursor, { values }: WrittenKey): number | null {
  if (values === "name" || values === "address") return null;
  let bits = 0;
  do {
    const value = parseValue(take(cursor)?.text ?? "", values);
    if (value === null) return null;
    bits |= value;
  } while (takeComma(cursor));
  return bits;
}

function takeComma(cursor: Cursor): boolean {
  if (!isMark(cursor.tokens[cursor.at], ",")) return false;
  cursor.at++;
  return true;
}
