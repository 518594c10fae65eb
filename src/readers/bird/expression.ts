import type {
  BirdEmpty,
  BirdExpression,
  BirdOperator,
  BirdPathMaskElement,
  BirdSetElement,
} from "../../model/bird/filter.ts";
import { addressBits } from "../../net/prefix.ts";
import { type Cursor, placeOf } from "./cursor.ts";

/** Operators from the loosest to the tightest; `&&` and `||` bind alike, from the left (filter/config.Y, %left AND OR). */
const LEVELS: readonly (readonly BirdOperator[])[] = [
  ["&&", "||"],
  ["=", "!=", "<", "<=", ">", ">=", "~", "!~"],
  ["+", "-"],
  ["*", "/"],
];

/** An expression; null, with a finding, where there is none. */
export function parseExpression(cursor: Cursor, level = 0): BirdExpression | null {
  const operators = LEVELS[level];
  if (operators === undefined) return parseUnary(cursor);
  return cursor.nested(() => {
    let left = parseExpression(cursor, level + 1);
    while (left !== null) {
      const operator = operators.find((one) => cursor.at(one));
      if (operator === undefined) return left;
      const place = placeOf(cursor.next());
      const right = parseExpression(cursor, level + 1);
      if (right === null) return null;
      left = { kind: "binary", operator, left, right, ...place };
    }
    return null;
  });
}

/** Empty lists, by the sign on both sides and how often it stands there. */
const EMPTIES: readonly (readonly [sign: string, count: number, of: BirdEmpty])[] = [
  ["+", 1, "path"],
  ["-", 1, "clist"],
  ["-", 2, "eclist"],
  ["-", 3, "lclist"],
];

function parseEmpty(cursor: Cursor): BirdExpression | null {
  for (const [sign, count, of] of EMPTIES) {
    if (!cursor.at(sign) || !cursor.at("empty", count)) continue;
    const place = placeOf(cursor.peek());
    for (let i = 0; i < count; i++) cursor.next();
    cursor.next();
    for (let i = 0; i < count; i++) if (!cursor.expect(sign)) return null;
    return { kind: "empty", of, ...place };
  }
  return null;
}

function parseUnary(cursor: Cursor): BirdExpression | null {
  if (cursor.at("+") || cursor.at("-")) {
    const empty = parseEmpty(cursor);
    if (empty !== null) return empty;
  }
  for (const [sign, kind] of [
    ["!", "not"],
    ["-", "negative"],
  ] as const) {
    if (!cursor.at(sign)) continue;
    const place = placeOf(cursor.next());
    const of = cursor.nested(() => parseUnary(cursor));
    return of === null ? null : { kind, of, ...place };
  }
  return parseTerm(cursor);
}

/** What can stand on the left of `=`, or of `.add(…)`: a primary and what hangs on it. */
export function parseTerm(cursor: Cursor): BirdExpression | null {
  let term = parsePrimary(cursor);
  while (term !== null && cursor.at(".")) {
    const place = placeOf(cursor.next());
    const name = cursor.peek();
    if (name.kind !== "word") return cursor.fail("the name of a member");
    cursor.next();
    if (cursor.at("(")) {
      const given = parseArguments(cursor);
      if (given === null) return null;
      term = { kind: "method", of: term, method: name.text, arguments: given, ...place };
    } else term = { kind: "member", of: term, member: name.text, ...place };
  }
  return term;
}

function parsePrimary(cursor: Cursor): BirdExpression | null {
  const token = cursor.peek();
  const place = placeOf(token);
  switch (token.kind) {
    case "number":
      cursor.next();
      return { kind: "number", value: Number(token.text), ...place };
    case "string":
      cursor.next();
      return { kind: "string", value: token.text, ...place };
    case "address":
      cursor.next();
      return token.address === null ? null : { kind: "address", value: token.address, ...place };
    case "prefix":
      cursor.next();
      return token.prefix === null ? null : { kind: "prefix", value: token.prefix, ...place };
    case "sign":
      if (token.text === "(") return parseParentheses(cursor);
      if (token.text === "[") return parseSet(cursor);
      if (token.text === "[=") return parsePathMask(cursor);
      return cursor.fail("a value");
    case "word":
      return parseName(cursor);
    default:
      return cursor.fail("a value");
  }
}

/** Words that say yes and no. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["no", false],
  ["off", false],
]);

/** Words of the language that name nothing. */
const RESERVED: ReadonlySet<string> = new Set([
  "if",
  "then",
  "else",
  "case",
  "accept",
  "reject",
  "return",
  "print",
  "filter",
  "function",
  "protocol",
  "template",
]);

/** `add(list, item)` of BIRD 1.6 is what `list.add(item)` gives. */
const METHODS: ReadonlySet<string> = new Set(["add", "delete", "filter", "prepend"]);

function parseName(cursor: Cursor): BirdExpression | null {
  const isMethod = METHODS.has(cursor.peek().text) && cursor.at("(", 1);
  if (RESERVED.has(cursor.peek().text) && !isMethod) return cursor.fail("a value");
  const token = cursor.next();
  const place = placeOf(token);
  const boolean = BOOLEANS.get(token.text);
  if (boolean !== undefined) return { kind: "boolean", value: boolean, ...place };
  if (!cursor.at("(")) return { kind: "name", name: token.text, ...place };
  const given = parseArguments(cursor);
  if (given === null) return null;
  const [only, ...others] = given;
  if (isMethod && only !== undefined) {
    return { kind: "method", of: only, method: token.text, arguments: others, ...place };
  }
  if (token.text === "defined" && only !== undefined && given.length === 1)
    return { kind: "defined", of: only, ...place };
  return { kind: "call", name: token.text, arguments: given, ...place };
}

function parseArguments(cursor: Cursor): readonly BirdExpression[] | null {
  cursor.next();
  const given: BirdExpression[] = [];
  while (!cursor.take(")")) {
    if (given.length > 0 && !cursor.expect(",")) return null;
    const argument = cursor.nested(() => parseExpression(cursor));
    if (argument === null) return null;
    given.push(argument);
  }
  return given;
}

/** `(a)` is `a`; `(a, b)` and `(a, b, c)` are communities. */
function parseParentheses(cursor: Cursor): BirdExpression | null {
  const place = placeOf(cursor.peek());
  const parts = parseArguments(cursor);
  const [only] = parts ?? [];
  if (parts === null || only === undefined) return parts === null ? null : cursor.fail("a value");
  return parts.length === 1 ? only : { kind: "tuple", parts, ...place };
}

function parseSet(cursor: Cursor): BirdExpression | null {
  const place = placeOf(cursor.next());
  const elements: BirdSetElement[] = [];
  while (!cursor.take("]")) {
    if (elements.length > 0 && !cursor.expect(",")) return null;
    const element = parseSetElement(cursor);
    if (element === null) return null;
    elements.push(element);
  }
  return { kind: "set", elements, ...place };
}

/** One element of a set, or of a branch of `case`. */
export function parseSetElement(cursor: Cursor): BirdSetElement | null {
  const token = cursor.peek();
  if (token.prefix !== null) {
    cursor.next();
    const { prefix } = token;
    const bits = addressBits(prefix.address.family);
    if (cursor.take("+")) return { kind: "prefixes", prefix, low: prefix.length, high: bits };
    if (cursor.take("-")) return { kind: "prefixes", prefix, low: 0, high: prefix.length };
    if (!cursor.take("{")) return { kind: "value", value: { kind: "prefix", value: prefix, ...placeOf(token) } };
    const low = lengthAt(cursor, bits);
    if (low === null || !cursor.expect(",")) return null;
    const high = lengthAt(cursor, bits);
    return high === null || !cursor.expect("}") ? null : { kind: "prefixes", prefix, low, high };
  }
  if (cursor.at("(") && isPattern(cursor)) return parseTuples(cursor);
  const low = cursor.nested(() => parseExpression(cursor, 2));
  if (low === null || !cursor.take("..")) return low === null ? null : { kind: "value", value: low };
  const high = cursor.nested(() => parseExpression(cursor, 2));
  return high === null ? null : { kind: "range", low, high };
}

function lengthAt(cursor: Cursor, most: number): number | null {
  const token = cursor.peek();
  const length = token.kind === "number" ? Number(token.text) : -1;
  if (length < 0 || length > most) return cursor.fail(`a length from 0 to ${most}`);
  cursor.next();
  return length;
}

/** True for `(64512, *)` and `(1..5, 7)`. */
function isPattern(cursor: Cursor): boolean {
  for (let i = 1; i < 16; i++) {
    if (cursor.at("*", i) || cursor.at("..", i)) return true;
    if (cursor.at(")", i) || cursor.at("(", i)) return false;
  }
  return false;
}

function parseTuples(cursor: Cursor): BirdSetElement | null {
  cursor.next();
  const parts: ({ readonly low: BirdExpression; readonly high: BirdExpression } | null)[] = [];
  while (!cursor.take(")")) {
    if (parts.length > 0 && !cursor.expect(",")) return null;
    if (cursor.take("*")) {
      parts.push(null);
      continue;
    }
    const low = parseExpression(cursor, 2);
    if (low === null) return null;
    const high = cursor.take("..") ? parseExpression(cursor, 2) : low;
    if (high === null) return null;
    parts.push({ low, high });
  }
  return { kind: "tuples", parts };
}

function parsePathMask(cursor: Cursor): BirdExpression | null {
  const place = placeOf(cursor.next());
  const elements: BirdPathMaskElement[] = [];
  while (!cursor.take("=]")) {
    if (cursor.take("*")) elements.push({ kind: "any-number-of" });
    else if (cursor.take("?")) elements.push({ kind: "any" });
    else if (cursor.at("[")) {
      const set = cursor.nested(() => parseSet(cursor));
      if (set === null) return null;
      elements.push({ kind: "set", set });
    } else {
      const low = cursor.nested(() => parsePrimary(cursor));
      if (low === null) return null;
      const high = cursor.take("..") ? parsePrimary(cursor) : null;
      elements.push(high === null ? { kind: "as", as: low } : { kind: "range", low, high });
    }
  }
  return { kind: "path-mask", elements, ...place };
}
