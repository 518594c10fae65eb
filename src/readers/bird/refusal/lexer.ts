import { type Address, parseIPv4, parseIPv6 } from "../../../net/address.ts";
import type { Includes } from "../included.ts";
import { ENUM_VALUES, KEYWORDS } from "./keywords.ts";

/** What BIRD 1.6 says against a configuration: the first thing only, and where its lexer stands then. */
export interface BirdRefusal {
  readonly file: string;
  readonly line: number;
  /** Where the token begins that BIRD read last; null: nothing stands there (BIRD says 0). */
  readonly column: number | null;
  readonly message: string;
}

/** Thrown inside this folder only; birdRefusal hands it out as data. */
export class Refused extends Error {
  readonly refusal: BirdRefusal;

  constructor(refusal: BirdRefusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** Thrown where something stands that is not judged: a protocol such as OSPF, a file that is not there. */
export class NotJudged extends Error {}

/** A token as BIRD's lexer hands it to the parser (conf/cf-lex.l). */
export interface Token {
  /** `router id` of bird6 is `rtrid`: it knows IPv4 addresses as that alone. */
  readonly kind: "number" | "address" | "rtrid" | "symbol" | "keyword" | "enum" | "text" | "sign" | "end";
  /** Without quotes. */
  readonly text: string;
  readonly address: Address | null;
  readonly file: string;
  readonly line: number;
  readonly column: number | null;
}

const BLANK = /[ \t]+/y;
const INCLUDE = /[ \t]*include[ \t]*"/y;
const INCLUDE_END = /"[ \t]*;/g;
const DOTTED = /\d+\.\d+\.\d+\.\d+/y;
const COLONS = /(?:[\da-fA-F]*::|(?:[\da-fA-F]*:){3,})(?:[\da-fA-F]*:)*(?:\d+\.\d+\.\d+\.\d+|[\da-fA-F]*)/y;
const HEX = /0x[\da-fA-F]+/y;
const DECIMAL = /\d+/y;
const ELSE = /else:/y;
const NAME = /[A-Za-z_][A-Za-z_0-9]*|'[-A-Za-z_0-9.:]*'/y;
const SIGN = /\.\.|!=|!~|<=|>=|&&|\|\||\[=|=\]|[={}:;,.()+*/%<>~[\]?!|-]/y;
const TEXT = /"([^"\n]*)"/y;

const DEEPEST_INCLUDE = 8;

/** BIRD's symbols are no longer than this (SYM_MAX_LEN). */
const LONGEST_SYMBOL = 64;

/** Cuts a configuration into tokens, file by file as BIRD includes them. A generator: BIRD stops at its first refusal. */
export function* lex(text: string, file: string, family: 4 | 6, beside: Includes, depth = 1): Generator<Token, void> {
  let at = 0;
  let line = 1;
  /** Where the line begins, and where the token does. */
  let start = 0;
  let begun = 0;
  const column = (): number | null => (begun < start ? null : begun - start + 1);
  const refuse = (message: string): never => {
    throw new Refused({ file, line, column: column(), message });
  };
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at += found[0].length;
    return found;
  };
  const token = (kind: Token["kind"], written: string, address: Address | null = null): Token => ({
    kind,
    text: written,
    address,
    file,
    line,
    column: column(),
  });
  while (at < text.length) {
    begun = at;
    if (at === 0 || text[at - 1] === "\n") {
      const name = includedName();
      if (name !== null) {
        if (name === "") refuse("Include with empty argument");
        if (depth >= DEEPEST_INCLUDE) refuse("Max include depth reached");
        const found = beside(name, file);
        if (found.length === 0) throw new NotJudged();
        for (const { text: inside, path } of found) yield* lex(inside, path, family, beside, depth + 1);
        continue;
      }
    }
    if (text[at] === "\n") {
      line++;
      start = ++at;
    } else if (text[at] === "#") {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
      begun = at - 1;
    } else if (text.startsWith("/*", at)) {
      at += 2;
      while (!text.startsWith("*/", at)) {
        if (at >= text.length) refuse("Unterminated comment");
        begun = at;
        if (text.startsWith("/*", at)) refuse("Comment nesting not supported");
        if (text[at++] !== "\n") continue;
        line++;
        start = at;
      }
      begun = at;
      at += 2;
    } else if (take(BLANK) === null) {
      yield addressToken() ?? otherToken();
    }
  }
  // There BIRD counts lines anew, and columns as before.
  if (depth === 1) yield { ...token("end", ""), line: 1 };

  /** The name in a line `include "name";`, which is taken up to its last quote and `;`. */
  function includedName(): string | null {
    INCLUDE.lastIndex = at;
    const start = INCLUDE.exec(text);
    if (start === null) return null;
    const from = at + start[0].length;
    const end = text.indexOf("\n", from);
    const rest = text.slice(from, end < 0 ? text.length : end);
    const last = [...rest.matchAll(INCLUDE_END)].at(-1);
    if (last === undefined) return null;
    at = from + last.index + last[0].length;
    return rest.slice(0, rest.indexOf('"'));
  }

  function addressToken(): Token | null {
    const colons = take(COLONS);
    if (colons !== null) {
      const address = parseIPv6(colons[0]);
      if (family === 4) refuse("This is an IPv4 router, therefore IPv6 addresses are not supported");
      return address === null ? refuse(`Invalid IPv6 address ${colons[0]}`) : token("address", colons[0], address);
    }
    const dotted = take(DOTTED);
    if (dotted === null) return null;
    const address = parseIPv4(dotted[0]);
    if (address === null) return refuse(`Invalid IPv4 address ${dotted[0]}`);
    return token(family === 4 ? "address" : "rtrid", dotted[0], address);
  }

  function otherToken(): Token {
    const number = take(HEX) ?? take(DECIMAL);
    if (number !== null) {
      return Number(number[0]) > 0xffffffff ? refuse("Number out of range") : token("number", number[0]);
    }
    if (take(ELSE) !== null) return token("keyword", "else:");
    const name = take(NAME)?.[0] ?? null;
    if (name !== null) {
      const bare = name.startsWith("'") ? name.slice(1, -1) : name;
      if (KEYWORDS.has(bare)) return token("keyword", bare);
      if (ENUM_VALUES.has(bare)) return token("enum", bare);
      return bare.length > LONGEST_SYMBOL ? refuse("Symbol too long") : token("symbol", bare);
    }
    const quoted = take(TEXT);
    if (quoted !== null) return token("text", quoted[1] ?? "");
    const sign = take(SIGN);
    if (sign !== null) return token("sign", sign[0]);
    // the line's end belongs to a string without one
    return refuse(text[at] === '"' && text.includes("\n", at) ? "Unterminated string" : "Unknown character");
  }
}
