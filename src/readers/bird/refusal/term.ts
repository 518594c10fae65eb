import { type Address, formatAddress, sameAddress } from "../../../net/address.ts";
import { addressBits, maskAddress, netmask } from "../../../net/prefix.ts";
import { DYNAMIC_ATTRIBUTES } from "./keywords.ts";
import { type Parser, symbolName } from "./parser.ts";

const COMPARISONS = ["=", "!=", "<", "<=", ">", ">=", "~", "!~"] as const;
const SUMS = ["+", "-"] as const;
const PRODUCTS = ["*", "/"] as const;
const MEMBERS = ["ip", "len", "first", "last", "last_nonaggregated"] as const;

export const STATIC_ATTRIBUTES: ReadonlySet<string> = new Set([
  "from",
  "gw",
  "net",
  "proto",
  "source",
  "scope",
  "cast",
  "dest",
  "ifname",
  "ifindex",
]);

/** Kinds of extended communities, in `(rt, 1, 2)`. */
const EXTENDED = ["rt", "ro", "generic"] as const;

/** A value of the filter language (filter/config.Y of 1.6.8): `&&` and `||` bind alike, comparisons do not chain. */
export function term(parser: Parser): void {
  parser.nested(() => {
    do comparison(parser);
    while (parser.take("&&") || parser.take("||"));
  });
}

function comparison(parser: Parser): void {
  sum(parser);
  if (!COMPARISONS.some((sign) => parser.take(sign))) return;
  sum(parser);
  if (COMPARISONS.some((sign) => parser.at(sign))) parser.syntaxError();
}

function sum(parser: Parser): void {
  do {
    do unary(parser);
    while (PRODUCTS.some((sign) => parser.take(sign)));
  } while (SUMS.some((sign) => parser.take(sign)));
}

function unary(parser: Parser): void {
  while (parser.take("!"));
  primary(parser);
  while (parser.take(".")) {
    if (parser.take("mask")) argumentsOf(parser, 1);
    else if (!MEMBERS.some((name) => parser.take(name))) parser.syntaxError();
  }
}

/** `( a, b )` with so many terms. */
export function argumentsOf(parser: Parser, count: number): void {
  parser.expect("(");
  for (let i = 0; i < count; i++) {
    if (i > 0) parser.expect(",");
    term(parser);
  }
  parser.expect(")");
}

function primary(parser: Parser): void {
  const token = parser.peek();
  switch (token.kind) {
    case "number":
    case "rtrid":
    case "enum":
    case "text":
      parser.next();
      return;
    case "address":
      parser.next();
      if (parser.at("/")) filterPrefix(parser, token.address);
      return;
    case "symbol":
      parser.next();
      return parser.at("(") ? call(parser, token.text) : variable(parser, token.text);
    case "keyword":
      return keyword(parser, token.text);
    case "sign":
      return signed(parser);
    case "end":
      return parser.syntaxError();
  }
}

function variable(parser: Parser, name: string): void {
  const { kind } = parser.find(name);
  if (kind !== "constant" && kind !== "variable") parser.refuse(`${name}: variable expected.`);
}

function keyword(parser: Parser, word: string): void {
  if (word === "true" || word === "false" || word === "preference") parser.next();
  else if (STATIC_ATTRIBUTES.has(word) || DYNAMIC_ATTRIBUTES.has(word)) parser.next();
  else if (word === "defined" || word === "format") {
    parser.next();
    argumentsOf(parser, 1);
  } else if (word === "prepend" || word === "add" || word === "delete" || word === "filter") {
    parser.next();
    argumentsOf(parser, 2);
  } else if (word === "roa_check") {
    parser.next();
    roaCheck(parser);
  } else parser.syntaxError();
}

function roaCheck(parser: Parser): void {
  parser.expect("(");
  const name = symbolName(parser);
  if (parser.find(name).kind !== "roa") parser.refuse(`${name} is not a ROA table`);
  if (parser.take(",")) {
    term(parser);
    parser.expect(",");
    term(parser);
  }
  parser.expect(")");
}

function signed(parser: Parser): void {
  if (parser.take("(")) return parentheses(parser);
  if (parser.take("[")) return set(parser);
  if (parser.take("[=")) return pathMask(parser);
  // `+empty+`, `-empty-`, `--empty--`, `---empty---`
  for (const sign of SUMS) {
    if (!parser.at(sign)) continue;
    let count = 0;
    while (count < (sign === "+" ? 1 : 3) && parser.take(sign)) count++;
    parser.expect("empty");
    for (; count > 0; count--) parser.expect(sign);
    return;
  }
  parser.syntaxError();
}

/** Behind `(`: a value, a pair, a large community, or an extended one. */
function parentheses(parser: Parser): void {
  const isExtended = extendedKind(parser);
  if (isExtended) parser.expect(",");
  term(parser);
  for (let i = 1; i < (isExtended ? 2 : 3) && (isExtended || parser.at(",")); i++) {
    parser.expect(",");
    term(parser);
  }
  parser.expect(")");
}

function extendedKind(parser: Parser): boolean {
  if (parser.take("unknown")) {
    if (parser.peek().kind !== "number") parser.syntaxError();
    parser.next();
    return true;
  }
  return EXTENDED.some((kind) => parser.take(kind));
}

/** Behind `[`. */
function set(parser: Parser): void {
  const first = parser.peek();
  let isOfPrefixes = false;
  if (first.kind === "address") {
    parser.next();
    isOfPrefixes = parser.at("/");
    if (isOfPrefixes) prefixPattern(parser, first.address);
    else if (parser.take("..")) setAtom(parser);
  } else setItem(parser);
  while (parser.take(",")) {
    if (!isOfPrefixes) setItem(parser);
    else if (parser.peek().kind !== "address") parser.syntaxError();
    else prefixPattern(parser, parser.next().address);
  }
  parser.expect("]");
}

/** `10.0.0.0/8{16,24}`, `+`, `-`. */
function prefixPattern(parser: Parser, address: Address | null): void {
  filterPrefix(parser, address);
  if (parser.take("+") || parser.take("-") || !parser.take("{")) return;
  const low = numeral(parser);
  parser.expect(",");
  const high = numeral(parser);
  const longest = addressBits(address?.family ?? 4);
  parser.expect("}");
  if (low > high || high > longest) parser.refuse(`Invalid prefix pattern range: {${low}, ${high}}.`);
}

function numeral(parser: Parser): number {
  return parser.peek().kind === "number" ? Number(parser.next().text) : parser.syntaxError();
}

/** `/N` behind an address of the filter language: bits behind the length are refused. */
function filterPrefix(parser: Parser, address: Address | null): void {
  parser.expect("/");
  const length = numeral(parser);
  if (address === null || !isPrefix(address, length)) {
    parser.refuse(`Invalid network prefix: ${address === null ? "" : formatAddress(address)}/${length}.`);
  }
}

/** True where no bit is set behind the length. */
export function isPrefix(address: Address, length: number): boolean {
  const { family } = address;
  return length <= addressBits(family) && sameAddress(maskAddress(address, netmask(family, length)), address);
}

export function setItem(parser: Parser): void {
  if (parser.take("(")) return tupleItem(parser);
  setAtom(parser);
  if (parser.take("..")) setAtom(parser);
}

function setAtom(parser: Parser): void {
  const token = parser.peek();
  if (token.kind === "symbol") {
    parser.next();
    if (parser.find(token.text).kind !== "constant") parser.refuse(`${token.text}: constant expected`);
    return;
  }
  if (token.kind === "number" || token.kind === "rtrid" || token.kind === "address" || token.kind === "enum") {
    parser.next();
    return;
  }
  parser.expect("(");
  term(parser);
  parser.expect(")");
}

/** Behind `(` in a set: a value, or a pattern of communities such as `(1..5, *)`, which may be the start of a range. */
function tupleItem(parser: Parser): void {
  const isExtended = extendedKind(parser);
  let parts = isExtended ? 1 : 0;
  if (isExtended) parser.expect(",");
  do {
    parts++;
    if (parser.take("*")) continue;
    term(parser);
    if (parser.take("..")) term(parser);
  } while (parts < 3 && parser.take(","));
  parser.expect(")");
  if (!parser.take("..")) return;
  parser.expect("(");
  for (let i = 0; i < parts; i++) {
    if (i > 0) parser.expect(",");
    term(parser);
  }
  parser.expect(")");
}

/** Behind `[=`. */
function pathMask(parser: Parser): void {
  while (!parser.take("=]")) {
    const token = parser.peek();
    if (parser.take("*") || parser.take("?")) continue;
    if (token.kind === "number") {
      parser.next();
      if (parser.take("..")) numeral(parser);
    } else if (token.kind === "symbol") {
      parser.next();
      variable(parser, token.text);
    } else if (parser.at("(")) argumentsOf(parser, 1);
    else parser.syntaxError();
  }
}

/** `f( a, b )` behind the name of the function. */
export function call(parser: Parser, name: string): void {
  parser.expect("(");
  let given = 0;
  while (given === 0 ? !parser.at(")") : parser.take(",")) {
    term(parser);
    given++;
  }
  parser.expect(")");
  const found = parser.find(name);
  if (found.kind !== "function") return parser.refuse("You can't call something which is not a function. Really.");
  if (found.parameters !== given) parser.refuse(`Wrong number of arguments for function ${name}.`);
}
