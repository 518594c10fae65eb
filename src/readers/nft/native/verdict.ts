import type { Target } from "../../../model/ruleset.ts";
import { type Cursor, peek, type Token, take } from "./token.ts";

/** Takes a verdict. `continue` is null: the next rule is next. Undefined: there is none, and nothing is taken. */
export function takeVerdict(cursor: Cursor): Target | null | undefined {
  switch (peek(cursor)) {
    case "accept":
      cursor.at++;
      return { kind: "verdict", verdict: "ACCEPT" };
    case "drop":
      cursor.at++;
      return { kind: "verdict", verdict: "DROP" };
    case "return":
      cursor.at++;
      return { kind: "verdict", verdict: "RETURN" };
    case "continue":
      cursor.at++;
      return null;
    case "jump":
    case "goto": {
      const kind = take(cursor)?.text === "goto" ? "goto" : "jump";
      return { kind, chain: take(cursor)?.text ?? "" };
    }
    default:
      return undefined;
  }
}

/** The verdict that these tokens are, all of them; undefined where they are something else. */
export function verdictOf(tokens: readonly Token[]): Target | null | undefined {
  const cursor: Cursor = { tokens, at: 0 };
  const verdict = takeVerdict(cursor);
  return cursor.at === tokens.length ? verdict : undefined;
}
