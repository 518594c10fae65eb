import { NotJudged, Refused, type Token } from "./lexer.ts";
import type { Made } from "./made.ts";

/** Nesting that nobody writes is not judged. */
const DEEPEST = 300;

/** What a name stands for (conf.h, SYM_…); a name that nobody has defined is void. */
export type SymbolClass =
  | { readonly kind: "void" | "filter" | "roa" }
  | { readonly kind: "table"; readonly isSorted: boolean }
  /** A template too; `from` copies what it has settled. */
  | { readonly kind: "protocol"; readonly settled: Settled }
  | { readonly kind: "function"; readonly parameters: number }
  | { readonly kind: "constant"; readonly made: Made }
  | { readonly kind: "variable" };

/** What a BGP protocol has been told, for the check at its end. */
export interface Settled {
  readonly type: string;
  readonly numbers: ReadonlyMap<string, number>;
  readonly table: string;
}

/** Tokens one ahead, and the names that are known. */
export interface Parser {
  peek(): Token;
  next(): Token;
  at(text: string): boolean;
  take(text: string): boolean;
  expect(text: string): Token;
  /** The parser cannot go on with the token that is ahead. */
  syntaxError(): never;
  /** Refuses where the lexer stands: behind the last token that was read, or before the one ahead when it was looked at. */
  refuse(message: string): never;
  find(name: string): SymbolClass;
  define(name: string, symbol: SymbolClass): void;
  /** Tells more about a name of the outermost scope. */
  redefine(name: string, symbol: SymbolClass): void;
  push(): void;
  pop(): void;
  /** Runs a parser that calls itself. */
  nested(parse: () => void): void;
}

export function parserOf(tokens: Iterator<Token, void>, file: string): Parser {
  let ahead: Token | null = null;
  let last: Token = { kind: "end", text: "", address: null, file, line: 1, column: null };
  const scopes: Map<string, SymbolClass>[] = [new Map()];
  let depth = 0;
  const peek = (): Token => {
    if (ahead === null) {
      const step = tokens.next();
      // Behind the end, which was read already, is the end.
      ahead = step.done ? last : step.value;
    }
    return ahead;
  };
  const next = (): Token => {
    last = peek();
    ahead = null;
    return last;
  };
  const at = (text: string): boolean => {
    const token = peek();
    return (token.kind === "keyword" || token.kind === "sign") && token.text === text;
  };
  const syntaxError = (): never => {
    throw refused(peek(), "syntax error");
  };
  const take = (text: string): boolean => {
    if (!at(text)) return false;
    next();
    return true;
  };
  return {
    peek,
    next,
    at,
    take,
    expect: (text) => (at(text) ? next() : syntaxError()),
    syntaxError,
    refuse: (message) => {
      throw refused(ahead ?? last, message);
    },
    find: (name) => scopes.findLast((scope) => scope.has(name))?.get(name) ?? { kind: "void" },
    define: (name, symbol) => {
      const scope = scopes.at(-1);
      if (scope?.has(name)) throw refused(ahead ?? last, "Symbol already defined");
      scope?.set(name, symbol);
    },
    redefine: (name, symbol) => scopes[0]?.set(name, symbol),
    push: () => scopes.push(new Map()),
    pop: () => scopes.pop(),
    nested: (parse) => {
      if (++depth > DEEPEST) throw new NotJudged();
      parse();
      depth--;
    },
  };
}

function refused({ file, line, column }: Token, message: string): Refused {
  return new Refused({ file, line, column, message });
}

/** A name that is no keyword. */
export function symbolName(parser: Parser): string {
  return parser.peek().kind === "symbol" ? parser.next().text : parser.syntaxError();
}
