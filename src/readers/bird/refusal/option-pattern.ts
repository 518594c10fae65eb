import { type Address, isUnspecified } from "../../../net/address.ts";
import { body } from "./command.ts";
import { NotJudged } from "./lexer.ts";
import type { Made } from "./made.ts";
import { type Parser, symbolName } from "./parser.ts";
import { isPrefix, term } from "./term.ts";

/** A value of a setting as the checks at its end see it: a number, the name of a table, or null for what is not looked at. */
type Given = number | string | null;

/**
 * A setting of a protocol: `graceful restart time N`. Capitals are values: N a number, B yes or no or nothing, A an address, T a text, Q one in quotes, M a mask
 * of debugging, D one of dumps, F a filter, L a limit, R a table, I an identifier, P patterns of interfaces.
 */
export interface OptionPattern {
  readonly words: readonly string[];
  /** What is refused of its values, behind the `;`, or behind the last value where that `isEarly`. */
  readonly check: (values: readonly Given[]) => string | null;
  readonly isEarly: boolean;
}

export function pattern(text: string, check: OptionPattern["check"] = () => null, isEarly = false): OptionPattern {
  return { words: text.split(" "), check, isEarly };
}

/** `N` from low to high, else this is said. */
export function within(text: string, low: number, high: number, message: string, isEarly = false): OptionPattern {
  const check = ([value]: readonly Given[]): string | null =>
    typeof value !== "number" || (value >= low && value <= high) ? null : message;
  return pattern(text, check, isEarly);
}

/** A setting that was read: its words, and the numbers in it. */
export interface ReadOption {
  readonly words: readonly string[];
  readonly values: readonly Given[];
}

/** Reads one of the settings with its `;`. */
export function option(parser: Parser, patterns: readonly OptionPattern[]): ReadOption {
  let live = patterns;
  const values: Given[] = [];
  for (let i = 0; ; i++) {
    if (parser.at(";")) {
      const silent = live.find(({ words }) => words[i] === "B" && words.length === i + 1);
      const whole = live.find(({ words }) => words.length === i) ?? silent;
      if (whole === undefined) return parser.syntaxError();
      if (whole === silent) values.push(1);
      parser.next();
      const refused = whole.check(values);
      return refused === null ? { words: whole.words, values } : parser.refuse(refused);
    }
    const { kind, text } = parser.peek();
    const isWord = kind === "keyword" || kind === "sign";
    const literal = isWord ? live.filter(({ words }) => words[i] === text) : [];
    if (literal.length > 0) {
      parser.next();
      live = literal;
      continue;
    }
    const value = [...VALUES].find(
      ([letter, { starts }]) => live.some(({ words }) => words[i] === letter) && starts(parser),
    );
    if (value === undefined) return parser.syntaxError();
    live = live.filter(({ words }) => words[i] === value[0]);
    values.push(value[1].read(parser));
    const whole = live.find(({ words, isEarly }) => isEarly && words.length === i + 1);
    const refused = whole?.check(values) ?? null;
    if (refused !== null) parser.refuse(refused);
  }
}

interface ValueKind {
  readonly starts: (parser: Parser) => boolean;
  readonly read: (parser: Parser) => Given;
}

function isKind(...kinds: readonly string[]): (parser: Parser) => boolean {
  return (parser) => kinds.includes(parser.peek().kind);
}

function isNumber(parser: Parser): boolean {
  return isKind("number", "symbol")(parser) || parser.at("(");
}

const YES = ["on", "yes"] as const;
const NO = ["off", "no"] as const;

const VALUES: ReadonlyMap<string, ValueKind> = new Map<string, ValueKind>([
  ["N", { starts: isNumber, read: number }],
  [
    "B",
    {
      starts: (parser) => isNumber(parser) || [...YES, ...NO].some((word) => parser.at(word)),
      read: (parser) => {
        if (YES.some((word) => parser.take(word))) return 1;
        return NO.some((word) => parser.take(word)) ? 0 : number(parser);
      },
    },
  ],
  ["A", { starts: isKind("address", "symbol"), read: (parser) => (address(parser) === null ? 0 : null) }],
  [
    "T",
    {
      starts: isKind("text", "symbol"),
      read: (parser) => {
        text(parser);
        return null;
      },
    },
  ],
  ["Q", { starts: isKind("text"), read: (parser) => (parser.next().kind === "end" ? 0 : null) }],
  [
    "M",
    {
      starts: (parser) => ["all", "off", "{"].some((word) => parser.at(word)),
      read: (parser) => {
        if (parser.take("{")) listOf(parser, FLAGS);
        else parser.next();
        return null;
      },
    },
  ],
  [
    "D",
    {
      starts: (parser) => ["all", "off", "{"].some((word) => parser.at(word)),
      read: (parser) => {
        if (parser.take("{")) listOf(parser, ["states", "messages"]);
        else parser.next();
        return null;
      },
    },
  ],
  [
    "F",
    {
      starts: (parser) => ["filter", "where", "all", "none"].some((word) => parser.at(word)),
      read: (parser) => {
        filterUse(parser);
        return null;
      },
    },
  ],
  [
    "L",
    {
      starts: (parser) => isNumber(parser) || parser.at("off"),
      read: (parser) => {
        if (parser.take("off")) return null;
        const limit = number(parser);
        if (parser.take("action") && !["warn", "block", "restart", "disable"].some((word) => parser.take(word))) {
          parser.syntaxError();
        }
        return limit;
      },
    },
  ],
  [
    "R",
    {
      starts: isKind("symbol"),
      read: (parser) => {
        const name = symbolName(parser);
        return parser.find(name).kind === "table" ? name : parser.refuse("Table name expected");
      },
    },
  ],
  [
    "I",
    {
      starts: (parser) => isKind("number", "rtrid", "address", "symbol")(parser) || parser.at("("),
      read: (parser) => {
        identifier(parser);
        return null;
      },
    },
  ],
  [
    "P",
    {
      starts: (parser) => isKind("text", "address", "symbol")(parser) || parser.at("-"),
      read: (parser) => {
        interfacePatterns(parser);
        return null;
      },
    },
  ],
]);

export const FLAGS = ["states", "routes", "filters", "interfaces", "events", "packets"] as const;

/** `a, b }` behind the brace. */
export function listOf(parser: Parser, words: readonly string[]): void {
  do if (!words.some((word) => parser.take(word))) parser.syntaxError();
  while (parser.take(","));
  parser.expect("}");
}

/** A number, a constant that is one, or a value in parentheses. */
export function number(parser: Parser): number {
  const { kind, text: written } = parser.peek();
  if (kind === "number") return Number(parser.next().text);
  if (kind === "symbol") {
    parser.next();
    const found = constantAt(parser, written);
    return found?.type === "int" ? known(found) : parser.refuse("Number expected");
  }
  parser.expect("(");
  const value = term(parser);
  parser.expect(")");
  if (value.type === "unknown") throw new NotJudged();
  return value.type === "int"
    ? known(value)
    : parser.refuse(value.type === "error" ? "Runtime error" : "Integer expression expected");
}

/** What a name stands for; null: it is no constant. */
function constantAt(parser: Parser, name: string): Made | null {
  const found = parser.find(name);
  if (found.kind !== "constant") return null;
  if (found.made.type === "unknown") throw new NotJudged();
  return found.made;
}

function known({ value }: Made): number {
  if (value === null) throw new NotJudged();
  return value;
}

/** An address; null for the constant that is one. */
export function address(parser: Parser): Address | null {
  const { kind, text: written, address: literal } = parser.peek();
  if (kind === "address") {
    parser.next();
    return literal;
  }
  if (kind !== "symbol") return parser.syntaxError();
  parser.next();
  return constantAt(parser, written)?.type === "ip" ? null : parser.refuse("IP address expected");
}

/** A text in quotes, or a constant that is one. */
export function text(parser: Parser): void {
  const { kind, text: written } = parser.peek();
  if (kind !== "text" && kind !== "symbol") parser.syntaxError();
  parser.next();
  if (kind === "symbol" && constantAt(parser, written)?.type !== "string") parser.refuse("String expected");
}

/** An identifier: a number, four of them, or a constant that is one (idval of nest/config.Y). True: it is 0, and none. */
export function identifier(parser: Parser): boolean {
  const { kind, text: written, address: literal } = parser.peek();
  if (kind === "symbol") {
    parser.next();
    const found = constantAt(parser, written);
    if (found?.type === "int") return known(found) === 0;
    if (found?.type === "quad" || found?.type === "ip") return false;
    return parser.refuse("Number or IPv4 address constant expected");
  }
  if (kind === "number" || parser.at("(")) return number(parser) === 0;
  if (kind !== "rtrid" && kind !== "address") return parser.syntaxError();
  parser.next();
  if (literal?.family === 6) {
    parser.refuse("Router IDs must be entered as hexadecimal numbers or IPv4 addresses in IPv6 version");
  }
  return literal !== null && isUnspecified(literal);
}

/** `10.0.0.0/8`, and `10.0.0.0:255.0.0.0`. */
export function prefix(parser: Parser): void {
  const network = address(parser);
  if (parser.take(":")) {
    address(parser);
    return;
  }
  parser.expect("/");
  const length = number(parser);
  const longest = network?.family === 6 ? 128 : 32;
  if (length > longest) parser.refuse(`Invalid prefix length ${length}`);
  if (network !== null && !isPrefix(network, length)) parser.refuse("Invalid prefix");
}

function filterUse(parser: Parser): void {
  if (parser.take("all") || parser.take("none")) return;
  if (parser.take("where")) {
    term(parser);
    return;
  }
  parser.expect("filter");
  const { kind, text } = parser.peek();
  if (kind !== "symbol") return body(parser);
  parser.next();
  if (parser.find(text).kind !== "filter") parser.refuse("No such filter.");
}

export function interfacePatterns(parser: Parser): void {
  do {
    parser.take("-");
    const isText = parser.peek().kind === "text";
    if (isText) parser.next();
    const { kind } = parser.peek();
    if (kind !== "address" && kind !== "symbol") {
      if (!isText) parser.syntaxError();
      continue;
    }
    const network = address(parser);
    if (!parser.take("/")) continue;
    const length = number(parser);
    if (network !== null && !isPrefix(network, length)) parser.refuse("Invalid prefix");
  } while (parser.take(","));
}
