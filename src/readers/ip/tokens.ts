import type { DumpLine } from "../dump-text.ts";
import { unsigned } from "./names.ts";

/** A word of a line, and where it stands. */
export interface Token {
  readonly text: string;
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** The words of a line. The backslash that `ip -o` puts in place of a line end is a blank. */
export function tokensOf({ number, text }: DumpLine): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(/[^\s\\]+/g))
    tokens.push({ text: match[0], line: number, column: match.index + 1 });
  return tokens;
}

/** A reading position in the words of an entry. */
export class TokenReader {
  /** True once an option had no value, or one that is no number where one is due: the line is damaged. */
  damaged = false;
  private readonly tokens: readonly Token[];
  private position = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  /** The next word without taking it. */
  peek(): string | null {
    return this.tokens[this.position]?.text ?? null;
  }

  take(): Token | null {
    const token = this.tokens[this.position];
    if (token === undefined) return null;
    this.position++;
    return token;
  }

  /** Takes the value of an option. */
  takeText(): string {
    const token = this.take();
    if (token === null) this.damaged = true;
    return token?.text ?? "";
  }

  /** Takes the value of an option that is a number up to `limit`. */
  takeNumber(limit: number): number {
    const number = unsigned(this.takeText(), limit);
    if (number === null) this.damaged = true;
    return number ?? 0;
  }
}
