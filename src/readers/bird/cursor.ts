import type { BirdExpression, BirdPlace } from "../../model/bird/filter.ts";
import type { Finding } from "../../model/finding.ts";
import type { BirdToken } from "./tokens.ts";

/** A place in the tokens of a configuration, and the findings about it. */
export interface Cursor {
  /** Symbols of `define` so far. */
  readonly constants: Map<string, BirdExpression>;
  peek(ahead?: number): BirdToken;
  next(): BirdToken;
  /** Takes the token if it is this sign or word. */
  take(text: string): boolean;
  at(text: string, ahead?: number): boolean;
  /** Takes the sign, or says that it was expected. */
  expect(text: string): boolean;
  /** Says what was expected here; null, so that a parser can return it. */
  fail(expected: string): null;
  report(code: "bird-unknown-statement", token: BirdToken, message: string): void;
  /** Goes behind the `;` that ends the broken statement, or behind its block, or before the `}` around it. */
  skipStatement(): void;
  /** Runs a parser that calls itself; null where the nesting is too deep. */
  nested<T>(parse: () => T | null): T | null;
}

/** Nesting beyond this is no configuration. */
export const MOST_NESTED = 400;
const MOST_FINDINGS = 100;

/** `leftOut` gets the places at which something does not fit. */
export function cursorOf(
  tokens: readonly BirdToken[],
  end: BirdToken,
  findings: Finding[],
  leftOut: BirdPlace[],
): Cursor {
  let position = 0;
  let depth = 0;
  let told = 0;
  const peek = (ahead = 0): BirdToken => tokens[position + ahead] ?? end;
  const at = (text: string, ahead = 0): boolean => {
    const token = peek(ahead);
    return token.text === text && (token.kind === "sign" || token.kind === "word");
  };
  const next = (): BirdToken => {
    const token = peek();
    position++;
    return token;
  };
  const take = (text: string): boolean => {
    if (!at(text)) return false;
    position++;
    return true;
  };
  const add = (
    code: "bird-syntax" | "bird-unknown-statement",
    token: BirdToken,
    message: string,
    expected?: string,
  ): void => {
    if (++told > MOST_FINDINGS) return;
    findings.push({
      code,
      severity: "warning",
      message,
      file: token.file,
      line: token.line,
      column: token.column,
      ...(expected === undefined ? {} : { expected }),
    });
  };
  const fail = (expected: string): null => {
    const token = peek();
    const found =
      token.kind === "end" ? "The configuration ends here." : `“${token.text.slice(0, 60)}” does not fit here.`;
    add("bird-syntax", token, found, expected);
    if (leftOut.length < MOST_FINDINGS) leftOut.push(placeOf(token));
    return null;
  };
  return {
    constants: new Map(),
    peek,
    next,
    take,
    at,
    fail,
    expect: (text) => take(text) || fail(`“${text}”`) !== null,
    report: (code, token, message) => add(code, token, message),
    skipStatement() {
      let open = 0;
      for (let token = peek(); token.kind !== "end"; token = peek()) {
        if (token.kind === "sign" && token.text === "}") {
          if (open === 0) return;
          open--;
          if (open === 0) {
            position++;
            take(";");
            return;
          }
        } else if (token.kind === "sign" && token.text === "{") open++;
        position++;
        if (open === 0 && token.kind === "sign" && token.text === ";") return;
      }
    },
    nested(parse) {
      if (depth >= MOST_NESTED) return fail(`at most ${MOST_NESTED} levels`);
      depth++;
      const result = parse();
      depth--;
      return result;
    },
  };
}

/** The place of a token. */
export function placeOf({ origin, column }: BirdToken): BirdPlace {
  return { origin, column };
}
