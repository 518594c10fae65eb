import type { LabelTest, Selector } from "./selector.ts";

/** Where a selector stops making sense. */
export interface SelectorError {
  /** In the selector's text, from 1. */
  readonly column: number;
  readonly expected: string;
  /** What stands there, shortened. */
  readonly found: string;
}

export type ParsedSelector =
  | { readonly selector: Selector; readonly error: null }
  | { readonly selector: null; readonly error: SelectorError };

/** Parentheses deeper than this are refused: nobody writes them, and they must not exhaust the stack. */
const DEEPEST = 500;

const BLANKS = /[ \t]*/y;
const LABEL = /[a-zA-Z0-9_./-]{1,512}/y;
const CALL = /(?:all|global)\([ \t]*\)/y;
const HAS = /has\([ \t]*([a-zA-Z0-9_./-]{1,512})[ \t]*\)/y;
const OPERATOR = /==|!=|not[ \t]*in|in|contains|starts[ \t]*with|ends[ \t]*with/y;
const TEXT = /"([^"]*)"|'([^']*)'/y;

/** A text and how far it has been read. */
interface Cursor {
  readonly text: string;
  position: number;
}

/** Thrown inside this file only, from any depth; parseSelector hands it out as data. */
class Unexpected extends Error {
  readonly position: number;
  readonly expected: string;

  constructor(position: number, expected: string) {
    super(expected);
    this.position = position;
    this.expected = expected;
  }
}

function skipBlanks(cursor: Cursor): void {
  BLANKS.lastIndex = cursor.position;
  BLANKS.test(cursor.text);
  cursor.position = BLANKS.lastIndex;
}

function take(cursor: Cursor, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = cursor.position;
  const found = pattern.exec(cursor.text);
  if (found !== null) cursor.position = pattern.lastIndex;
  return found;
}

function takeWord(cursor: Cursor, word: string): boolean {
  skipBlanks(cursor);
  if (!cursor.text.startsWith(word, cursor.position)) return false;
  cursor.position += word.length;
  return true;
}

function stringLiteral(cursor: Cursor): string {
  skipBlanks(cursor);
  const found = take(cursor, TEXT);
  if (found === null) throw new Unexpected(cursor.position, "a value in quotes");
  return found[1] ?? found[2] ?? "";
}

/** `{"a", "b"}`, sorted and without repetitions as Calico keeps it; a comma may stand before the brace. */
function stringSet(cursor: Cursor): readonly string[] {
  if (!takeWord(cursor, "{")) throw new Unexpected(cursor.position, "{ and a list of values");
  const values = new Set<string>();
  while (!takeWord(cursor, "}")) {
    values.add(stringLiteral(cursor));
    if (takeWord(cursor, ",")) continue;
    if (!takeWord(cursor, "}")) throw new Unexpected(cursor.position, ", or }");
    break;
  }
  return [...values].sort();
}

function labelTest(cursor: Cursor, label: string): LabelTest {
  skipBlanks(cursor);
  const operator = take(cursor, OPERATOR)?.[0].replace(/[ \t]+/, " ");
  switch (operator) {
    case "==":
    case "!=":
    case "contains":
      return { kind: operator, label, value: stringLiteral(cursor) };
    case "starts with":
    case "startswith":
      return { kind: "starts with", label, value: stringLiteral(cursor) };
    case "ends with":
    case "endswith":
      return { kind: "ends with", label, value: stringLiteral(cursor) };
    case "in":
      return { kind: "in", label, values: stringSet(cursor) };
    case "not in":
    case "notin":
      return { kind: "not in", label, values: stringSet(cursor) };
    default:
      throw new Unexpected(cursor.position, "==, !=, in, not in, contains, starts with or ends with");
  }
}

/** Leading negations cancel each other, as upstream keeps only whether their number is odd. */
function unary(cursor: Cursor, depth: number): Selector {
  if (depth > DEEPEST) throw new Unexpected(cursor.position, `at most ${DEEPEST} levels of parentheses`);
  let negated = false;
  while (takeWord(cursor, "!")) negated = !negated;
  const operand = operandAt(cursor, depth);
  return negated ? { kind: "!", operand } : operand;
}

function operandAt(cursor: Cursor, depth: number): Selector {
  if (takeWord(cursor, "(")) {
    const inner = alternatives(cursor, depth + 1);
    if (!takeWord(cursor, ")")) throw new Unexpected(cursor.position, "&&, || or )");
    return inner;
  }
  const call = take(cursor, CALL)?.[0];
  if (call !== undefined) return { kind: call.startsWith("all") ? "all" : "global" };
  const has = take(cursor, HAS)?.[1];
  if (has !== undefined) return { kind: "has", label: has };
  const label = take(cursor, LABEL)?.[0];
  if (label === undefined) throw new Unexpected(cursor.position, "a label, has(label), all(), ! or (");
  return labelTest(cursor, label);
}

function chain(
  kind: "&&" | "||",
  operand: (cursor: Cursor, depth: number) => Selector,
): (cursor: Cursor, depth: number) => Selector {
  return (cursor, depth) => {
    const first = operand(cursor, depth);
    const operands = [first];
    while (takeWord(cursor, kind)) operands.push(operand(cursor, depth));
    return operands.length === 1 ? first : { kind, operands };
  };
}

const conjunction = chain("&&", unary);
const alternatives = chain("||", conjunction);

/**
 * Reads a selector (`app == "web" && has(tier)`); an empty text chooses everything, as in Calico. Grammar and precedence
 * as in libcalico-go/lib/selector/{tokenizer,parser}: blanks are spaces and tabs, values have no escapes.
 */
export function parseSelector(text: string): ParsedSelector {
  const cursor: Cursor = { text, position: 0 };
  skipBlanks(cursor);
  if (cursor.position === text.length) return { selector: { kind: "all" }, error: null };
  try {
    const selector = alternatives(cursor, 0);
    skipBlanks(cursor);
    if (cursor.position < text.length) throw new Unexpected(cursor.position, "&&, || or the end");
    return { selector, error: null };
  } catch (problem) {
    if (!(problem instanceof Unexpected)) throw problem;
    const rest = text.slice(problem.position);
    const found = rest === "" ? "the end" : rest.length > 30 ? `${rest.slice(0, 30)}…` : rest;
    return { selector: null, error: { column: problem.position + 1, expected: problem.expected, found } };
  }
}
