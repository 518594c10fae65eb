import type { Includes } from "../included.ts";
import { filterDefinition, functionDefinition } from "./command.ts";
import { type BirdRefusal, lex, NotJudged, Refused } from "./lexer.ts";
import { address, FLAGS, identifier, interfacePatterns, listOf, number, prefix, text } from "./option-pattern.ts";
import { type Parser, parserOf, symbolName } from "./parser.ts";
import { protocolDefinition, type ToldProtocols } from "./protocol.ts";
import { term } from "./term.ts";

/** What BIRD 1.6 says of a configuration. */
export type BirdJudgement =
  | { readonly kind: "taken" }
  | { readonly kind: "refused"; readonly refusal: BirdRefusal }
  /** Something stands there that only BIRD can judge: OSPF, a file that is not there. */
  | { readonly kind: "not judged" };

/**
 * Judges a configuration as `bird -p` of BIRD 1.6.8 does (bird6 for family 6): at the first thing it does not take it stops, with its own
 * message, at the line that it would name. Held against the real one with thousands of broken configurations.
 */
export function judgeBird(text: string, file: string, family: 4 | 6, beside: Includes = () => []): BirdJudgement {
  const parser = parserOf(lex(text, file, family, beside), file);
  const told: ToldProtocols = { counts: new Map(), syncers: new Map(), clash: null, isAnonymous: true };
  parser.define("master", { kind: "table", isSorted: false });
  try {
    let hasProtocol = false;
    while (parser.peek().kind !== "end") {
      if (parser.at("protocol")) hasProtocol = true;
      statement(parser, told);
    }
    const noIdentifier = family === 6 && told.isAnonymous ? NO_IDENTIFIER : null;
    const message = hasProtocol ? (told.clash ?? noIdentifier) : NO_PROTOCOL;
    return message === null
      ? { kind: "taken" }
      : { kind: "refused", refusal: { file, line: 1, column: parser.peek().column, message } };
  } catch (problem) {
    if (problem instanceof Refused) return { kind: "refused", refusal: problem.refusal };
    if (problem instanceof NotJudged) return { kind: "not judged" };
    throw problem;
  }
}

/** Said behind the end of the file, where BIRD counts lines anew. */
export const NO_PROTOCOL = "No protocol is specified in the config file";

/** A bird6 takes no IPv4 address of the host for one. */
const NO_IDENTIFIER = "Router ID must be configured manually on IPv6 routers";

const LOGGED = ["debug", "trace", "info", "remote", "warning", "error", "auth", "fatal", "bug"] as const;

function statement(parser: Parser, told: ToldProtocols): void {
  if (parser.take(";")) return;
  const { kind, text } = parser.peek();
  if (kind !== "keyword") return parser.syntaxError();
  switch (text) {
    case "protocol":
    case "template":
      return protocolDefinition(parser, told);
    case "filter":
      return filterDefinition(parser);
    case "function":
      return functionDefinition(parser);
    case "define":
      return constant(parser);
    case "router":
      told.isAnonymous = routerId(parser) ?? told.isAnonymous;
      return;
    case "listen":
      return listen(parser);
    case "table":
      return table(parser);
    case "roa":
      return roaTable(parser);
    case "log":
      return log(parser);
    case "debug":
      return debug(parser);
    case "timeformat":
      return timeFormat(parser);
    case "graceful":
      parser.next();
      parser.expect("restart");
      parser.expect("wait");
      number(parser);
      parser.expect(";");
      return;
    case "eval":
      parser.next();
      term(parser);
      // a `;` is a statement by itself
      return;
    case "mrtdump":
      return mrtDump(parser);
    case "watchdog":
      parser.next();
      if (!parser.take("warning")) parser.expect("timeout");
      return delay(parser);
    default:
      return parser.syntaxError();
  }
}

function table(parser: Parser): void {
  parser.next();
  const name = symbolName(parser);
  const isSorted = parser.take("sorted");
  // the one that is always there may be named
  if (name === "master" && parser.find(name).kind === "table") parser.redefine(name, { kind: "table", isSorted });
  else parser.define(name, { kind: "table", isSorted });
}

function constant(parser: Parser): void {
  parser.expect("define");
  const name = symbolName(parser);
  parser.expect("=");
  const value = term(parser);
  parser.expect(";");
  if (value.type === "error") parser.refuse("Runtime error");
  parser.define(name, { kind: "constant", made: value });
}

/** True: it names none. Null: BIRD looks for one when it starts, and has none where it does not. */
function routerId(parser: Parser): boolean | null {
  parser.expect("router");
  parser.expect("id");
  let isNone: boolean | null = null;
  if (parser.take("from")) interfacePatterns(parser);
  else isNone = identifier(parser);
  parser.expect(";");
  return isNone;
}

function listen(parser: Parser): void {
  parser.expect("listen");
  parser.expect("bgp");
  while (!parser.take(";")) {
    if (parser.take("address")) address(parser);
    else if (parser.take("port")) {
      const port = number(parser);
      if (port < 1 || port > 65535) parser.refuse("Invalid port number");
    } else if (!parser.take("v6only") && !parser.take("dual")) parser.syntaxError();
  }
}

function roaTable(parser: Parser): void {
  parser.expect("roa");
  parser.expect("table");
  parser.define(symbolName(parser), { kind: "roa" });
  if (!parser.take("{")) return;
  while (!parser.take("}")) {
    parser.expect("roa");
    prefix(parser);
    parser.expect("max");
    numeral(parser);
    parser.expect("as");
    numeral(parser);
    parser.expect(";");
  }
}

function numeral(parser: Parser): void {
  if (parser.peek().kind !== "number") parser.syntaxError();
  parser.next();
}

function log(parser: Parser): void {
  parser.expect("log");
  if (parser.take("syslog")) {
    if (parser.take("name")) text(parser);
  } else if (!parser.take("stderr")) text(parser);
  if (parser.take("{")) listOf(parser, LOGGED);
  else parser.expect("all");
  parser.expect(";");
}

function debug(parser: Parser): void {
  parser.expect("debug");
  if (parser.take("protocols")) {
    if (parser.take("{")) listOf(parser, FLAGS);
    else if (!parser.take("all")) parser.expect("off");
  } else if (parser.take("commands")) number(parser);
  else {
    parser.expect("latency");
    if (parser.take("limit")) return delay(parser);
    const { kind } = parser.peek();
    const isNumber = kind === "number" || kind === "symbol" || parser.at("(");
    if (isNumber) number(parser);
    else ["on", "yes", "off", "no"].some((word) => parser.take(word));
    parser.expect(";");
  }
}

/** `5 s;`, `20 ms;`, `100 us;`. */
function delay(parser: Parser): void {
  number(parser);
  if (!["s", "ms", "us"].some((unit) => parser.take(unit))) parser.syntaxError();
  parser.expect(";");
}

function mrtDump(parser: Parser): void {
  parser.expect("mrtdump");
  if (parser.take("protocols")) {
    if (parser.take("{")) listOf(parser, ["states", "messages"]);
    else if (!parser.take("all")) parser.expect("off");
  } else text(parser);
  parser.expect(";");
}

function timeFormat(parser: Parser): void {
  parser.expect("timeformat");
  if (!["route", "protocol", "base", "log"].some((word) => parser.take(word))) parser.syntaxError();
  if (parser.take("iso")) {
    if (!parser.take("short")) parser.expect("long");
  } else {
    quoted(parser);
    if (!parser.at(";")) {
      number(parser);
      quoted(parser);
    }
  }
  parser.expect(";");
}

function quoted(parser: Parser): void {
  if (parser.peek().kind !== "text") parser.syntaxError();
  parser.next();
}
