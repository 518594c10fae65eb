import type { Includes } from "../included.ts";
import { filterDefinition, functionDefinition } from "./command.ts";
import { type BirdRefusal, lex, NotJudged, Refused } from "./lexer.ts";
import { address, FLAGS, interfacePatterns, listOf, number, prefix } from "./option-pattern.ts";
import { type Parser, parserOf, symbolName } from "./parser.ts";
import { protocolDefinition } from "./protocol.ts";
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
  const counts = new Map<string, number>();
  parser.define("master", { kind: "table" });
  try {
    let hasProtocol = false;
    while (parser.peek().kind !== "end") {
      if (parser.at("protocol")) hasProtocol = true;
      statement(parser, counts);
    }
    return hasProtocol ? { kind: "taken" } : { kind: "refused", refusal: { file, line: 1, message: NO_PROTOCOL } };
  } catch (problem) {
    if (problem instanceof Refused) return { kind: "refused", refusal: problem.refusal };
    if (problem instanceof NotJudged) return { kind: "not judged" };
    throw problem;
  }
}

/** Said behind the end of the file, where BIRD counts lines anew. */
export const NO_PROTOCOL = "No protocol is specified in the config file";

const LOGGED = ["debug", "trace", "info", "remote", "warning", "error", "auth", "fatal", "bug"] as const;

function statement(parser: Parser, counts: Map<string, number>): void {
  if (parser.take(";")) return;
  const { kind, text } = parser.peek();
  if (kind !== "keyword") return parser.syntaxError();
  switch (text) {
    case "protocol":
    case "template":
      return protocolDefinition(parser, counts);
    case "filter":
      return filterDefinition(parser);
    case "function":
      return functionDefinition(parser);
    case "define":
      return constant(parser);
    case "router":
      return routerId(parser);
    case "listen":
      return listen(parser);
    case "table":
      parser.next();
      parser.define(symbolName(parser), { kind: "table" });
      parser.take("sorted");
      return;
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

function constant(parser: Parser): void {
  parser.expect("define");
  const name = symbolName(parser);
  parser.expect("=");
  const { kind, text } = parser.peek();
  term(parser);
  parser.expect(";");
  const type = kind === "number" ? "int" : kind === "address" ? "ip" : "other";
  parser.define(name, { kind: "constant", type, value: kind === "number" ? Number(text) : null });
}

function routerId(parser: Parser): void {
  parser.expect("router");
  parser.expect("id");
  const { kind } = parser.peek();
  if (parser.take("from")) interfacePatterns(parser);
  else if (kind === "number" || kind === "rtrid") parser.next();
  else if (kind === "address") {
    const { address: written } = parser.next();
    if (written?.family === 6) {
      parser.refuse("Router IDs must be entered as hexadecimal numbers or IPv4 addresses in IPv6 version");
    }
  } else parser.syntaxError();
  parser.expect(";");
}

function listen(parser: Parser): void {
  parser.expect("listen");
  parser.expect("bgp");
  while (!parser.take(";")) {
    if (parser.take("address")) address(parser);
    else if (parser.take("port")) {
      const port = number(parser);
      if (port !== null && (port < 1 || port > 65535)) parser.refuse("Invalid port number");
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
    if (parser.take("name")) textOf(parser);
  } else if (!parser.take("stderr")) textOf(parser);
  if (parser.take("{")) listOf(parser, LOGGED);
  else parser.expect("all");
  parser.expect(";");
}

function textOf(parser: Parser): void {
  if (parser.peek().kind !== "text") parser.syntaxError();
  parser.next();
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
  } else textOf(parser);
  parser.expect(";");
}

function timeFormat(parser: Parser): void {
  parser.expect("timeformat");
  if (!["route", "protocol", "base", "log"].some((word) => parser.take(word))) parser.syntaxError();
  if (parser.take("iso")) {
    if (!parser.take("short")) parser.expect("long");
  } else {
    textOf(parser);
    if (!parser.at(";")) {
      number(parser);
      textOf(parser);
    }
  }
  parser.expect(";");
}
