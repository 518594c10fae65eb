import { append } from "../../model/append.ts";
import {
  type BirdConfiguration,
  type BirdOption,
  type BirdProtocolConfiguration,
  type BirdRoa,
  UNFOLLOWED_BIRD_PROTOCOLS,
} from "../../model/bird/configuration.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { type Address, type Family, ipv4 } from "../../net/address.ts";
import { dumpLines } from "../dump-text.ts";
import { takeAddress, takeNumber } from "./constant.ts";
import { type Cursor, cursorOf, placeOf } from "./cursor.ts";
import { parseExpression } from "./expression.ts";
import type { Includes } from "./included.ts";
import { parseCommonOptions, parseOptions } from "./option.ts";
import { parseFilterBody, parseFunction } from "./statement.ts";
import { type BirdToken, birdTokens } from "./tokens.ts";

export interface BirdConfigurationDump {
  readonly configuration: BirdConfiguration;
  readonly findings: readonly Finding[];
}

/** So deep may files include one another. */
const MOST_INCLUDED = 8;

type Draft = {
  -readonly [Key in keyof BirdConfiguration]: BirdConfiguration[Key] extends readonly (infer T)[]
    ? T[]
    : BirdConfiguration[Key];
};

/**
 * Reads bird.cfg: what confd renders for Calico's BIRD 1.6, and the same language as people write it, BIRD 2 included. Filters and functions
 * become trees. A statement that is broken or unknown is told with line and column, and nothing else is lost.
 *
 * @param beside finds the files that an `include` names
 */
export function readBirdConfiguration(
  text: string,
  file: string,
  origins: OriginTable,
  beside: Includes = () => [],
): BirdConfigurationDump {
  const findings: Finding[] = [];
  const draft: Draft = {
    file,
    syntax: "1.6",
    refused: null,
    routerId: null,
    listen: null,
    tables: [],
    roaTables: [],
    constants: [],
    functions: [],
    filters: [],
    templates: [],
    protocols: [],
    leftOut: [],
    includes: [],
    others: [],
  };
  const reading: Reading = { origins, findings, beside, draft, open: new Set([file]) };
  const tokens = tokensOf(text, file, reading, 0);
  const lines = text.split("\n").length;
  const end: BirdToken = {
    kind: "end",
    text: "",
    address: null,
    prefix: null,
    origin: 0,
    line: lines,
    column: 1,
    file,
  };
  const cursor = cursorOf(tokens, end, findings, draft.leftOut);
  const counts = new Map<string, number>();
  while (cursor.peek().kind !== "end") {
    if (cursor.take(";")) continue;
    const before = cursor.peek();
    const done = parseTop(cursor, draft, counts);
    if (!done) cursor.skipStatement();
    // a brace too many
    if (cursor.peek() === before) {
      if (done) cursor.fail("a statement");
      cursor.next();
    }
  }
  const hasChannels = [...draft.protocols, ...draft.templates].some(({ options }) =>
    options.some(({ kind }) => kind === "channel"),
  );
  return {
    configuration: {
      ...draft,
      syntax: hasChannels || draft.tables.some(({ family }) => family !== null) ? "2" : "1.6",
    },
    findings,
  };
}

interface Reading {
  readonly origins: OriginTable;
  readonly findings: Finding[];
  readonly beside: Includes;
  readonly draft: Draft;
  /** Files that are being read. */
  readonly open: Set<string>;
}

/** The tokens of a file, with those of the files it includes in their place (`include` is read by BIRD's lexer). */
function tokensOf(text: string, file: string, reading: Reading, depth: number): readonly BirdToken[] {
  const { origins, findings } = reading;
  const dump = dumpLines(text, file);
  append(findings, dump.findings);
  const number = originFile(origins, file);
  // written out: a copy of a line with more to it would have a shape of its own each, which takes longer to make and to look into
  const lines = dump.lines.map(({ text, number: line }) => ({
    text,
    number: line,
    origin: originAt(origins, number, line),
    file,
  }));
  const { tokens, odd } = birdTokens(lines);
  for (const token of odd.slice(0, 20)) {
    reading.draft.leftOut.push(placeOf(token));
    findings.push({
      code: "bird-syntax",
      severity: "warning",
      message: `“${token.text}” begins nothing that BIRD knows.`,
      file,
      line: token.line,
      column: token.column,
    });
  }
  if (!tokens.some(isInclude)) return tokens;
  const whole: BirdToken[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    const name = tokens[i + 1];
    if (token === undefined) break;
    if (!isInclude(token) || name?.kind !== "string") {
      whole.push(token);
      continue;
    }
    i += tokens[i + 2]?.text === ";" ? 2 : 1;
    const included = reading.beside(name.text, file);
    const isAgain =
      included.some(({ path }) => reading.open.has(path)) || (included.length > 0 && depth >= MOST_INCLUDED);
    reading.draft.includes.push({ ...placeOf(token), name: name.text, found: included.length > 0 && !isAgain });
    if (included.length === 0 || isAgain) {
      findings.push({
        code: "include-missing",
        severity: "info",
        message: isAgain
          ? `“${name.text}” includes itself.`
          : `The file that is included here is not there: “${name.text.slice(0, 100)}”.`,
        file,
        line: token.line,
        column: token.column,
        advice: "Put it beside this file.",
      });
      continue;
    }
    for (const { path, text: inside } of included) {
      reading.open.add(path);
      for (const inner of tokensOf(inside, path, reading, depth + 1)) whole.push(inner);
      reading.open.delete(path);
    }
  }
  return whole;
}

function isInclude(token: BirdToken): boolean {
  return token.kind === "word" && token.text === "include";
}

/** Words that begin statements about logging, the control socket and the like. */
const OTHERS: ReadonlySet<string> = new Set([
  "attribute",
  "debug",
  "eval",
  "graceful",
  "hostname",
  "log",
  "mrtdump",
  "threads",
  "timeformat",
  "watchdog",
]);

/** True when a statement was read. */
function parseTop(cursor: Cursor, draft: Draft, counts: Map<string, number>): boolean {
  const token = cursor.peek();
  const place = placeOf(token);
  if (token.kind !== "word") return cursor.fail("a statement such as protocol, filter or function") !== null;
  switch (token.text) {
    case "router": {
      cursor.next();
      if (!cursor.expect("id")) return false;
      const id = takeAddress(cursor) ?? identifierOf(takeNumber(cursor));
      if (id !== null) {
        draft.routerId = { id, ...place };
        return cursor.expect(";");
      }
      // `router id from "eth0"` is found out when BIRD starts
      if (!cursor.at("from")) return cursor.fail("an address") !== null;
      return parseOther(cursor, draft, ["router", "id"]);
    }
    case "listen": {
      cursor.next();
      if (!cursor.expect("bgp")) return false;
      let address: NonNullable<BirdConfiguration["listen"]>["address"] = null;
      let port: number | null = null;
      while (!cursor.at(";")) {
        if (cursor.take("address")) address = takeAddress(cursor);
        else if (cursor.take("port")) port = takeNumber(cursor);
        else if (!cursor.take("v6only") && !cursor.take("dual")) return cursor.fail("address or port") !== null;
      }
      draft.listen = { address, port, ...place };
      return cursor.expect(";");
    }
    case "define": {
      cursor.next();
      const name = cursor.next();
      if (!cursor.expect("=")) return false;
      const value = parseExpression(cursor);
      if (value === null) return false;
      draft.constants.push({ name: name.text, value, ...place });
      cursor.constants.set(name.text, value);
      return cursor.expect(";");
    }
    case "function": {
      const found = parseFunction(cursor);
      if (found !== null) draft.functions.push(found);
      return found !== null;
    }
    case "filter": {
      cursor.next();
      const name = cursor.peek();
      if (name.kind !== "word") return cursor.fail("the name of the filter") !== null;
      cursor.next();
      const found = parseFilterBody(cursor, name.text);
      if (found !== null) draft.filters.push(found);
      return found !== null;
    }
    case "protocol":
    case "template": {
      const found = parseProtocol(cursor, counts);
      if (found !== null) (token.text === "protocol" ? draft.protocols : draft.templates).push(found);
      return found !== null;
    }
    case "roa":
      return parseRoaTable(cursor, draft);
    case "table":
    case "ipv4":
    case "ipv6":
      return parseTable(cursor, draft);
    default:
      if (!OTHERS.has(token.text)) {
        cursor.report(
          "bird-unknown-statement",
          token,
          `podpath knows no statement “${token.text.slice(0, 40)}”; it is left out.`,
        );
        draft.leftOut.push(place);
      }
      return parseOther(cursor, draft);
  }
}

/** An identifier that is written as a number. */
function identifierOf(number: number | null): Address | null {
  return number === null ? null : ipv4(number);
}

function parseOther(cursor: Cursor, draft: Draft, behind: readonly string[] = []): boolean {
  const place = placeOf(cursor.peek());
  const words = [...behind];
  while (!cursor.at(";") && !cursor.at("{") && !cursor.at("}") && cursor.peek().kind !== "end")
    words.push(cursor.next().text);
  draft.others.push({ words, ...place });
  cursor.skipStatement();
  return true;
}

/** `roa table T { roa 10.0.0.0/8 max 24 as 64512; }`. */
function parseRoaTable(cursor: Cursor, draft: Draft): boolean {
  const place = placeOf(cursor.next());
  if (!cursor.expect("table")) return false;
  const { kind, text: name } = cursor.peek();
  if (kind !== "word") return cursor.fail("the name of the table") !== null;
  cursor.next();
  const roas: BirdRoa[] = [];
  draft.roaTables.push({ name, roas, ...place });
  if (!cursor.take("{")) return cursor.take(";") || true;
  while (!cursor.take("}")) {
    if (!cursor.expect("roa")) return false;
    const { prefix } = cursor.peek();
    if (prefix === null) return cursor.fail("a prefix") !== null;
    cursor.next();
    if (!cursor.expect("max")) return false;
    const longest = takeNumber(cursor);
    if (longest === null) return cursor.fail("a length") !== null;
    if (!cursor.expect("as")) return false;
    const as = takeNumber(cursor);
    if (as === null) return cursor.fail("a number of an AS") !== null;
    if (!cursor.expect(";")) return false;
    roas.push({ prefix, longest, as });
  }
  return true;
}

/** `table T;`, `ipv4 table T;`. */
function parseTable(cursor: Cursor, draft: Draft): boolean {
  const place = placeOf(cursor.peek());
  const first = cursor.next().text;
  const family: Family | null = first === "ipv4" ? 4 : first === "ipv6" ? 6 : null;
  if (first !== "table" && !cursor.expect("table")) return false;
  const name = cursor.peek();
  if (name.kind !== "word") return cursor.fail("the name of the table") !== null;
  cursor.next();
  draft.tables.push({ name: name.text, family, ...place });
  cursor.skipStatement();
  return true;
}

/** `protocol TYPE [NAME] [from TEMPLATE] { … }`; without a name BIRD counts those of a type. */
function parseProtocol(cursor: Cursor, counts: Map<string, number>): BirdProtocolConfiguration | null {
  const place = placeOf(cursor.next());
  const type = cursor.peek();
  if (type.kind !== "word") return cursor.fail("the type of the protocol, such as bgp");
  cursor.next();
  // `protocol ospf v3`, BIRD 2
  if (type.text === "ospf" && !cursor.take("v2")) cursor.take("v3");
  const named = cursor.peek();
  let name = "";
  if (named.kind === "word" && named.text !== "from") {
    name = named.text;
    cursor.next();
  } else {
    const count = (counts.get(type.text) ?? 0) + 1;
    counts.set(type.text, count);
    name = `${type.text}${count}`;
  }
  let from: string | null = null;
  if (cursor.take("from")) {
    const template = cursor.peek();
    if (template.kind !== "word") return cursor.fail("the name of a template");
    from = template.text;
    cursor.next();
  }
  const parse = UNFOLLOWED_BIRD_PROTOCOLS.has(type.text) ? parseCommonOptions : parseOptions;
  const options: readonly BirdOption[] | null = cursor.at("{")
    ? parse(cursor)
    : cursor.take(";")
      ? []
      : cursor.fail("“{”");
  return options === null ? null : { type: type.text, name, from, options, ...place };
}
