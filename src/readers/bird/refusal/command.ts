import { DYNAMIC_ATTRIBUTES } from "./keywords.ts";
import { type Parser, symbolName } from "./parser.ts";
import { argumentsOf, call, STATIC_ATTRIBUTES, setItem, term } from "./term.ts";

const TYPES = [
  "int",
  "bool",
  "ip",
  "prefix",
  "pair",
  "quad",
  "ec",
  "lc",
  "string",
  "bgpmask",
  "bgppath",
  "clist",
  "eclist",
  "lclist",
] as const;

/** Types of which there are sets. */
const OF_SETS: ReadonlySet<string> = new Set(["int", "pair", "quad", "ec", "lc", "ip", "prefix"]);

/** What may be set of a route's own attributes. */
const WRITABLE: ReadonlySet<string> = new Set(["from", "gw", "scope", "dest", "ifname"]);

const ENDINGS = ["quitbird", "accept", "reject", "error", "print", "printn"] as const;

function isType(parser: Parser): boolean {
  return TYPES.some((type) => parser.at(type));
}

/** `int x`, `prefix set nets`. */
function declaration(parser: Parser): void {
  if (!isType(parser)) parser.syntaxError();
  const type = parser.next().text;
  if (parser.take("set")) {
    if (!OF_SETS.has(type)) parser.refuse("You can't create sets of this type.");
    // `int set set x` is a set of sets, which there is not
    if (parser.take("set")) parser.refuse("You can't create sets of this type.");
  }
  parser.define(symbolName(parser), { kind: "variable" });
}

/** `function f(int a; bool b)`, and its body. */
export function functionDefinition(parser: Parser): void {
  parser.expect("function");
  const name = symbolName(parser);
  // it is known inside itself; how many arguments it takes, only behind
  parser.define(name, { kind: "function", parameters: 0 });
  parser.push();
  parser.expect("(");
  let parameters = 0;
  while (parameters === 0 ? !parser.at(")") : parser.take(";")) {
    declaration(parser);
    parameters++;
  }
  parser.expect(")");
  body(parser);
  parser.pop();
  parser.redefine(name, { kind: "function", parameters });
}

export function filterDefinition(parser: Parser): void {
  parser.expect("filter");
  parser.define(symbolName(parser), { kind: "filter" });
  parser.push();
  body(parser);
  parser.pop();
}

/** Declarations, and the commands in braces. */
export function body(parser: Parser): void {
  while (isType(parser)) {
    declaration(parser);
    parser.expect(";");
  }
  parser.expect("{");
  while (!parser.take("}")) command(parser);
}

export function command(parser: Parser): void {
  parser.nested(() => {
    const token = parser.peek();
    if (token.kind === "symbol") return named(parser, parser.next().text);
    if (token.kind !== "keyword") parser.syntaxError();
    const word = token.text;
    if (parser.take("if")) return condition(parser);
    if (parser.take("case")) return switchOf(parser);
    if (parser.take("return")) {
      term(parser);
      parser.expect(";");
      return;
    }
    if (parser.take("unset")) return unset(parser);
    if (ENDINGS.some((ending) => parser.take(ending))) return printed(parser);
    if (word === "preference") {
      parser.next();
      return assignment(parser);
    }
    if (STATIC_ATTRIBUTES.has(word)) {
      parser.next();
      assignment(parser);
      if (!WRITABLE.has(word)) parser.refuse("This static attribute is read-only.");
      return;
    }
    if (!DYNAMIC_ATTRIBUTES.has(word)) parser.syntaxError();
    parser.next();
    if (parser.take(".")) return change(parser);
    assignment(parser);
  });
}

function assignment(parser: Parser): void {
  parser.expect("=");
  term(parser);
  parser.expect(";");
}

/** `x = 1;`, `f(1);` */
function named(parser: Parser, name: string): void {
  if (parser.at("(")) {
    call(parser, name);
    parser.expect(";");
    return;
  }
  assignment(parser);
  if (parser.find(name).kind !== "variable") parser.refuse("You may set only variables.");
}

function condition(parser: Parser): void {
  term(parser);
  parser.expect("then");
  block(parser);
  if (parser.take("else")) block(parser);
}

function block(parser: Parser): void {
  if (!parser.take("{")) return command(parser);
  while (!parser.take("}")) command(parser);
}

/** Values behind `accept`, `print` and the like; a comma may stand last. */
function printed(parser: Parser): void {
  while (!parser.at(";")) {
    term(parser);
    if (!parser.take(",")) break;
  }
  parser.expect(";");
}

function unset(parser: Parser): void {
  parser.expect("(");
  const { kind, text } = parser.peek();
  if (kind !== "keyword" || !DYNAMIC_ATTRIBUTES.has(text)) parser.syntaxError();
  parser.next();
  parser.expect(")");
  parser.expect(";");
}

/** `bgp_community.add((1, 2));` behind the point. */
function change(parser: Parser): void {
  if (!parser.take("empty")) {
    if (!["prepend", "add", "delete", "filter"].some((name) => parser.take(name))) parser.syntaxError();
    argumentsOf(parser, 1);
  }
  parser.expect(";");
}

function switchOf(parser: Parser): void {
  term(parser);
  parser.expect("{");
  while (!parser.take("}")) {
    if (!parser.take("else:")) {
      do setItem(parser);
      while (parser.take(","));
      parser.expect(":");
    }
    while (startsCommand(parser)) command(parser);
  }
}

/** A branch begins with a value, everything else is a command. */
function startsCommand(parser: Parser): boolean {
  const { kind, text } = parser.peek();
  return kind === "symbol" || (kind === "keyword" && text !== "else:");
}
