import { type Address, formatAddress, sameAddress } from "../../../net/address.ts";
import { addressBits, maskAddress, netmask } from "../../../net/prefix.ts";
import { DYNAMIC_ATTRIBUTES } from "./keywords.ts";
import { NotJudged } from "./lexer.ts";
import { calculated, fitsInSet, type Made, made } from "./made.ts";
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
export function term(parser: Parser): Made {
  let value = made("unknown");
  parser.nested(() => {
    value = comparison(parser);
    while (parser.take("&&") || parser.take("||")) {
      comparison(parser);
      value = made("bool");
    }
  });
  return value;
}

function comparison(parser: Parser): Made {
  const value = sum(parser);
  if (!COMPARISONS.some((sign) => parser.take(sign))) return value;
  sum(parser);
  if (COMPARISONS.some((sign) => parser.at(sign))) parser.syntaxError();
  return made("bool");
}

function sum(parser: Parser): Made {
  let value = product(parser);
  for (;;) {
    const sign = SUMS.find((one) => parser.take(one));
    if (sign === undefined) return value;
    value = calculated(sign, value, product(parser));
  }
}

function product(parser: Parser): Made {
  let value = unary(parser);
  for (;;) {
    const sign = PRODUCTS.find((one) => parser.take(one));
    if (sign === undefined) return value;
    value = calculated(sign, value, unary(parser));
  }
}

function unary(parser: Parser): Made {
  let isNegated = false;
  while (parser.take("!")) isNegated = true;
  let value = primary(parser);
  while (parser.take(".")) {
    if (parser.take("mask")) {
      argumentsOf(parser, 1);
      continue;
    }
    const name = MEMBERS.find((one) => parser.take(one));
    if (name === undefined) return parser.syntaxError();
    value = value.type === "unknown" ? value : made(name === "ip" ? "ip" : "int");
  }
  return isNegated ? made("bool") : value;
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

function primary(parser: Parser): Made {
  const token = parser.peek();
  switch (token.kind) {
    case "number":
      parser.next();
      return made("int", Number(token.text));
    case "rtrid":
      parser.next();
      return made("quad");
    case "enum":
      parser.next();
      return made("enum");
    case "text":
      parser.next();
      return made("string");
    case "address":
      parser.next();
      if (!parser.at("/")) return made("ip");
      filterPrefix(parser, token.address);
      return made("prefix");
    case "symbol":
      parser.next();
      if (!parser.at("(")) return variable(parser, token.text);
      call(parser, token.text);
      return made("unknown");
    case "keyword":
      return keyword(parser, token.text);
    case "sign":
      return signed(parser);
    case "end":
      return parser.syntaxError();
  }
}

function variable(parser: Parser, name: string): Made {
  const found = parser.find(name);
  if (found.kind === "constant") return found.made;
  return found.kind === "variable" ? made("unknown") : parser.refuse(`${name}: variable expected.`);
}

function keyword(parser: Parser, word: string): Made {
  if (word === "true" || word === "false") {
    parser.next();
    return made("bool");
  }
  if (word === "preference" || STATIC_ATTRIBUTES.has(word) || DYNAMIC_ATTRIBUTES.has(word)) parser.next();
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
  return made("unknown");
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

function signed(parser: Parser): Made {
  if (parser.take("(")) return parentheses(parser);
  if (parser.take("[")) {
    set(parser);
    return made("set");
  }
  if (parser.take("[=")) {
    pathMask(parser);
    return made("mask");
  }
  // `+empty+`, `-empty-`, `--empty--`, `---empty---`
  for (const sign of SUMS) {
    if (!parser.at(sign)) continue;
    let count = 0;
    while (count < (sign === "+" ? 1 : 3) && parser.take(sign)) count++;
    parser.expect("empty");
    for (; count > 0; count--) parser.expect(sign);
    return made("list");
  }
  return parser.syntaxError();
}

/** Behind `(`: a value, a pair, a large community, or an extended one. */
function parentheses(parser: Parser): Made {
  const isExtended = extendedKind(parser);
  if (isExtended) parser.expect(",");
  const value = term(parser);
  let parts = 1;
  for (; parts < (isExtended ? 2 : 3) && (isExtended || parser.at(",")); parts++) {
    parser.expect(",");
    term(parser);
  }
  parser.expect(")");
  if (isExtended) return made("ec");
  return parts === 1 ? value : made(parts === 2 ? "pair" : "lc");
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
    const found = parser.find(token.text);
    if (found.kind !== "constant") return parser.refuse(`${token.text}: constant expected`);
    if (found.made.type === "unknown") throw new NotJudged();
    if (!fitsInSet(found.made)) parser.refuse(`${token.text}: set-incompatible type`);
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
