import type { DumpLine } from "../../dump-text.ts";

/** A word, a quoted string, or one of `{ } ( ) , ;`; the end of a line counts as `;`, as in nft. */
export interface Token {
  readonly text: string;
  readonly kind: "word" | "string" | "mark" | "line";
  /** From 1. */
  readonly line: number;
  /** Where it begins and ends in its line, from 0. */
  readonly start: number;
  readonly end: number;
}

const TOKEN = /"([^"]*)"?|#.*|[{}(),;]|[^\s"#{}(),;]+/g;
const MARKS = "{}(),;";

/** The words of `nft list ruleset`, comments left out (nftables, src/scanner.l). Linear in the text. */
export function tokensOf(lines: readonly DumpLine[]): readonly Token[] {
  const tokens: Token[] = [];
  for (const { number: line, text } of lines) {
    for (const found of text.matchAll(TOKEN)) {
      const [whole, inside] = found;
      if (whole.startsWith("#")) break;
      const start = found.index;
      const end = start + whole.length;
      if (inside !== undefined) tokens.push({ text: inside, kind: "string", line, start, end });
      else tokens.push({ text: whole, kind: MARKS.includes(whole) ? "mark" : "word", line, start, end });
    }
    tokens.push({ text: "\n", kind: "line", line, start: text.length, end: text.length });
  }
  return tokens;
}

export function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === "mark" && token.text === text;
}

/** Where a statement ends. */
export function isEnd(token: Token | undefined): boolean {
  return token === undefined || token.kind === "line" || isMark(token, ";");
}

/** A place in a list of tokens. */
export interface Cursor {
  readonly tokens: readonly Token[];
  at: number;
}

export function peek(cursor: Cursor, ahead = 0): string {
  return cursor.tokens[cursor.at + ahead]?.text ?? "";
}

/** Takes the next token; null at the end. */
export function take(cursor: Cursor): Token | null {
  const token = cursor.tokens[cursor.at] ?? null;
  if (token !== null) cursor.at++;
  return token;
}

/** Takes these words if they come next, all of them or none. */
export function takeWords(cursor: Cursor, ...words: readonly string[]): boolean {
  if (!words.every((word, ahead) => peek(cursor, ahead) === word)) return false;
  cursor.at += words.length;
  return true;
}

export function isDone(cursor: Cursor): boolean {
  return cursor.at >= cursor.tokens.length;
}

/** The words as they were written, quotes included. */
export function textOf(tokens: readonly Token[]): string {
  let text = "";
  let end = -1;
  for (const token of tokens) {
    const isApart = end >= 0 && token.start !== end;
    text += `${isApart ? " " : ""}${token.kind === "string" ? `"${token.text}"` : token.text}`;
    end = token.end;
  }
  return text;
}
