import {
  BIRD_NUMBERS,
  BIRD_SWITCHES,
  type BirdFilterUse,
  type BirdInterfacePattern,
  type BirdNumber,
  type BirdOption,
  type BirdSwitch,
  PEER_TABLE,
} from "../../model/bird/configuration.ts";
import type { BirdPlace } from "../../model/bird/filter.ts";
import { ipv4 } from "../../net/address.ts";
import { isNumber as isNumberAt, takeAddress, takeNumber, takeText } from "./constant.ts";
import { type Cursor, placeOf } from "./cursor.ts";
import { parseExpression } from "./expression.ts";
import { passwordKey } from "./password-key.ts";
import { parseFilterBody } from "./statement.ts";
import { parseRoute } from "./static-route.ts";

const SWITCHES: ReadonlyMap<string, BirdSwitch> = new Map(BIRD_SWITCHES.map((name) => [name, name]));
const NUMBERS: ReadonlyMap<string, BirdNumber> = new Map([
  ...BIRD_NUMBERS.map((name) => [name, name] as const),
  // its older name
  ["start delay time", "connect delay time"],
]);

/** Words of the longest name. */
const LONGEST = 4;

/** Settings that decide about no route and no session, or that podpath does not look into. */
const OTHERS: ReadonlySet<string> = new Set([
  "authentication",
  "confederation",
  "disable",
  "dynamic",
  "error",
  "extended",
  "graceful",
  "igp",
  "long",
  "mandatory",
  "max",
  "missing",
  "mrtdump",
  "netlink",
  "onlink",
  "path",
  "require",
  "rx",
  "setkey",
  "tx",
  "validate",
  "vrf",
]);

/** Channels of BIRD 2. */
const CHANNELS = /^(?:ipv[46]|vpn[46]|roa[46]|flow[46]|mpls|ipv6-sadr)$/;

const DEBUG_FLAGS = /^(?:states|routes|filters|events|packets|interfaces|channels)$/;

/** The settings between the braces of a protocol, a template or a channel. What is broken or unknown is told and left out. */
export function parseOptions(cursor: Cursor): readonly BirdOption[] | null {
  return optionsBetweenBraces(cursor, parseOption);
}

/** The same of a protocol into whose other settings podpath does not look; and the two tables of a pipe. */
export function parseCommonOptions(cursor: Cursor): readonly BirdOption[] | null {
  return optionsBetweenBraces(cursor, parseCommon);
}

function optionsBetweenBraces(
  cursor: Cursor,
  parse: (cursor: Cursor) => BirdOption | null,
): readonly BirdOption[] | null {
  if (!cursor.expect("{")) return null;
  const options: BirdOption[] = [];
  while (!cursor.take("}")) {
    if (cursor.peek().kind === "end") return cursor.fail("“}”");
    if (cursor.take(";")) continue;
    const option = cursor.nested(() => parse(cursor));
    if (option === null) cursor.skipStatement();
    else options.push(option);
  }
  return options;
}

/** Settings that all protocols have. */
const COMMON: ReadonlySet<string> = new Set("description disabled export import preference router table".split(" "));

function parseCommon(cursor: Cursor): BirdOption | null {
  const token = cursor.peek();
  const place = placeOf(token);
  const { kind, text } = cursor.peek(1);
  // `import limit 9`, `import keep filtered`; `table "PATTERN"` of MRT
  const isOther = text === "limit" || text === "keep" || (token.text === "table" && kind !== "word");
  if (COMMON.has(token.text) && !isOther) return parseOption(cursor);
  if (cursor.at("peer") && cursor.at("table", 1)) {
    skip(cursor, 2);
    const name = cursor.next().text;
    return ends(cursor) ? { kind: "other", name: PEER_TABLE, words: [name], ...place } : null;
  }
  if (!CHANNELS.test(token.text) || token.kind !== "word") return null;
  const channel = cursor.next().text;
  if (!cursor.at("{")) return ends(cursor) ? { kind: "channel", channel, options: [], ...place } : null;
  const options = parseCommonOptions(cursor);
  return options === null ? null : { kind: "channel", channel, options, ...place };
}

function parseOption(cursor: Cursor): BirdOption | null {
  const token = cursor.peek();
  if (token.kind !== "word") return cursor.fail("a setting");
  const place = placeOf(token);
  const special = SPECIAL.get(token.text);
  if (special !== undefined) {
    const option = special(cursor, place);
    if (option !== undefined) return option;
  }
  if (CHANNELS.test(token.text)) return parseChannel(cursor, place);
  for (let words = LONGEST; words > 0; words--) {
    const name = wordsAt(cursor, words);
    const isSwitch = SWITCHES.get(name);
    const isNumber = NUMBERS.get(name);
    if (isSwitch === undefined && isNumber === undefined) continue;
    const hasNumber = isNumberAt(cursor, words);
    if (isNumber !== undefined && (hasNumber || isSwitch === undefined)) {
      skip(cursor, words);
      const value = numberAt(cursor);
      return value === null || !ends(cursor) ? null : { kind: "number", name: isNumber, value, ...place };
    }
    if (isSwitch === undefined) continue;
    skip(cursor, words);
    return parseSwitch(cursor, isSwitch, place);
  }
  if (OTHERS.has(token.text)) return parseOther(cursor, place);
  cursor.report(
    "bird-unknown-statement",
    token,
    `podpath knows no setting “${token.text.slice(0, 40)}”; it is left out.`,
  );
  return parseOther(cursor, place);
}

function parseSwitch(cursor: Cursor, name: BirdSwitch, place: BirdPlace): BirdOption | null {
  if (cursor.at(";") || cursor.at("}")) return ends(cursor) ? { kind: "switch", name, on: true, ...place } : null;
  const number = takeNumber(cursor);
  // `path metric 1`: any number but 0 is on (`bool` of conf/confbase.Y)
  if (number !== null) return ends(cursor) ? { kind: "switch", name, on: number !== 0, ...place } : null;
  const value = cursor.next();
  if (value.text === "aware") return ends(cursor) ? { kind: "other", name, words: ["aware"], ...place } : null;
  if (/^(?:on|yes|true|always|graceful|both)$/.test(value.text)) {
    if (name === "merge paths" && cursor.take("limit")) {
      const limit = numberAt(cursor);
      return limit !== null && ends(cursor)
        ? { kind: "number", name: "merge paths limit", value: limit, ...place }
        : null;
    }
    while (cursor.peek().kind === "word" || cursor.peek().kind === "number") cursor.next();
    return ends(cursor) ? { kind: "switch", name, on: true, ...place } : null;
  }
  if (/^(?:off|no|false)$/.test(value.text)) return ends(cursor) ? { kind: "switch", name, on: false, ...place } : null;
  if (cursor.at("{") || value.text === "{") return cursor.fail("on or off");
  return cursor.fail("on or off");
}

/** `ipv4 { … }`, and `ipv4;` for all defaults. */
function parseChannel(cursor: Cursor, place: BirdPlace): BirdOption | null {
  let channel = cursor.next().text;
  if (cursor.peek().kind === "word") channel += ` ${cursor.next().text}`;
  if (!cursor.at("{")) return ends(cursor) ? { kind: "channel", channel, options: [], ...place } : null;
  const options = parseOptions(cursor);
  cursor.take(";");
  return options === null ? null : { kind: "channel", channel, options, ...place };
}

/** Everything up to the `;`, as words. */
function parseOther(cursor: Cursor, place: BirdPlace): BirdOption {
  const words: string[] = [];
  while (!cursor.at(";") && !cursor.at("{") && !cursor.at("}") && cursor.peek().kind !== "end")
    words.push(cursor.next().text);
  cursor.skipStatement();
  return { kind: "other", name: words[0] ?? "", words, ...place };
}

type Special = (cursor: Cursor, place: BirdPlace) => BirdOption | null | undefined;

/** Settings with a grammar of their own, by their first word. `undefined`: it is none of those after all. */
const SPECIAL: ReadonlyMap<string, Special> = new Map<string, Special>([
  ["neighbor", parseNeighbor],
  ["local", parseLocal],
  ["source", parseSource],
  ["import", parseImportOrExport],
  ["export", parseImportOrExport],
  ["receive", parseImportOrExport],
  ["multihop", parseMultihop],
  ["password", parsePassword],
  ["passwords", parsePassword],
  ["rr", parseClusterId],
  ["router", parseRouterId],
  ["next", (cursor, place) => words(cursor, 2, "next hop", (how) => ({ kind: "next hop", how, ...place }))],
  [
    "gateway",
    (cursor, place) =>
      words(cursor, 1, "gateway", (how) =>
        how === "recursive" || how === "direct" ? { kind: "gateway", how, ...place } : null,
      ),
  ],
  [
    "add",
    (cursor, place) => words(cursor, 2, "add paths", (how) => ({ kind: "add paths", how: how || "on", ...place })),
  ],
  ["error", parseErrorWait],
  ["description", parseDescription],
  ["debug", parseDebug],
  ["interface", parseInterface],
  ["route", parseStaticRoute],
  ["table", parseTable],
  ["allow", parseAllow],
]);

function wordsAt(cursor: Cursor, count: number): string {
  const found: string[] = [];
  for (let i = 0; i < count; i++) {
    const token = cursor.peek(i);
    if (token.kind !== "word") return "";
    found.push(token.text);
  }
  return found.join(" ");
}

function skip(cursor: Cursor, count: number): void {
  for (let i = 0; i < count; i++) cursor.next();
}

/** The `;` at the end; the last setting before `}` may lack it. */
function ends(cursor: Cursor): boolean {
  return cursor.at("}") || cursor.expect(";");
}

/** A number, with the unit that BIRD 2 allows; seconds where it is a time. */
function numberAt(cursor: Cursor): number | null {
  const value = takeNumber(cursor);
  if (value === null) return cursor.fail("a number");
  if (cursor.take("s")) return value;
  if (cursor.take("ms")) return value / 1000;
  if (cursor.take("us")) return value / 1_000_000;
  return value;
}

/** Words behind a name of so many words, up to the `;`. */
function words(
  cursor: Cursor,
  count: number,
  name: string,
  make: (rest: string) => BirdOption | null,
): BirdOption | null | undefined {
  if (wordsAt(cursor, count) !== name) return undefined;
  skip(cursor, count);
  const rest: string[] = [];
  while (cursor.peek().kind === "word" || cursor.peek().kind === "address" || cursor.peek().kind === "number")
    rest.push(cursor.next().text);
  if (!ends(cursor)) return null;
  return make(rest.join(" ")) ?? cursor.fail(`a value of ${name}`);
}

/** `router id A`, of one protocol. */
function parseRouterId(cursor: Cursor, place: BirdPlace): BirdOption | null {
  cursor.next();
  if (!cursor.expect("id")) return null;
  const written = takeAddress(cursor) ?? takeNumber(cursor);
  if (written === null) return cursor.fail("an address or a number");
  const id = typeof written === "number" ? ipv4(written) : written;
  return ends(cursor) ? { kind: "router id", id, ...place } : null;
}

/** `neighbor A [port P] as N`, `neighbor fe80::1 % "eth0" as N`, `neighbor range P`. */
function parseNeighbor(cursor: Cursor, place: BirdPlace): BirdOption | null {
  if (cursor.at("range", 1)) return parseOther(cursor, place);
  cursor.next();
  const address = takeAddress(cursor);
  let device: string | null = null;
  let port: number | null = null;
  let as: number | "internal" | "external" | null = null;
  while (!cursor.at(";") && !cursor.at("}")) {
    if (cursor.take("%")) device = cursor.next().text;
    else if (cursor.take("port")) port = numberAt(cursor);
    else if (cursor.take("as")) as = numberAt(cursor);
    else if (cursor.take("internal")) as = "internal";
    else if (cursor.take("external")) as = "external";
    else return cursor.fail("port, as, internal or external");
  }
  return ends(cursor) ? { kind: "neighbor", address, interface: device, port, as, ...place } : null;
}

/** `local as N`, `local A [port P] as N`. */
function parseLocal(cursor: Cursor, place: BirdPlace): BirdOption | null {
  if (cursor.at("role", 1)) return parseOther(cursor, place);
  cursor.next();
  const address = takeAddress(cursor);
  let port: number | null = null;
  let as: number | null = null;
  while (!cursor.at(";") && !cursor.at("}")) {
    if (cursor.take("port")) port = numberAt(cursor);
    else if (cursor.take("as")) as = numberAt(cursor);
    else return cursor.fail("port or as");
  }
  return ends(cursor) ? { kind: "local", address, port, as, ...place } : null;
}

function parseSource(cursor: Cursor, place: BirdPlace): BirdOption | null {
  cursor.next();
  if (!cursor.expect("address")) return null;
  const address = takeAddress(cursor);
  if (address === null) return cursor.fail("an address");
  return ends(cursor) ? { kind: "source address", address, ...place } : null;
}

/** `import all|none|filter X|filter {…}|where …`, `import limit N action A`; `import keep filtered` is a switch. */
function parseImportOrExport(cursor: Cursor, place: BirdPlace): BirdOption | null | undefined {
  const kind = cursor.peek().text;
  if (cursor.at("keep", 1) || cursor.at("table", 1)) return undefined;
  cursor.next();
  if (cursor.take("limit")) {
    const off = cursor.take("off");
    const count = off ? null : numberAt(cursor);
    const action = cursor.take("action") ? cursor.next().text : null;
    return (count === null && !off) || !ends(cursor) ? null : { kind: "limit", what: kind, count, action, ...place };
  }
  if (kind === "receive") return cursor.fail("“limit”");
  const use = parseFilterUse(cursor);
  return use === null ? null : { kind: kind === "import" ? "import" : "export", use, ...place };
}

function parseFilterUse(cursor: Cursor): BirdFilterUse | null {
  if (cursor.take("all")) return ends(cursor) ? { kind: "all" } : null;
  if (cursor.take("none")) return ends(cursor) ? { kind: "none" } : null;
  if (cursor.take("where")) {
    const condition = parseExpression(cursor);
    return condition === null || !ends(cursor) ? null : { kind: "where", condition };
  }
  cursor.take("filter");
  const name = cursor.peek();
  if (name.kind === "word" && !/^(?:int|bool|ip|prefix|pair|string|clist|bgppath)$/.test(name.text)) {
    cursor.next();
    return ends(cursor) ? { kind: "named", name: name.text } : null;
  }
  const filter = parseFilterBody(cursor, null);
  cursor.take(";");
  return filter === null ? null : { kind: "inline", filter };
}

function parseMultihop(cursor: Cursor, place: BirdPlace): BirdOption | null {
  cursor.next();
  const hops = isNumberAt(cursor, 0) ? numberAt(cursor) : null;
  return ends(cursor) ? { kind: "multihop", hops, ...place } : null;
}

/** What stands there goes into no value and no message, but for whether it is the same as another. */
function parsePassword(cursor: Cursor, place: BirdPlace): BirdOption {
  cursor.next();
  const written = takeText(cursor);
  cursor.skipStatement();
  return { kind: "password", key: written === null ? null : passwordKey(written), ...place };
}

function parseClusterId(cursor: Cursor, place: BirdPlace): BirdOption | null | undefined {
  if (wordsAt(cursor, 3) !== "rr cluster id") return undefined;
  skip(cursor, 3);
  const id = takeAddress(cursor) ?? takeNumber(cursor);
  if (id === null) return cursor.fail("an address or a number");
  return ends(cursor) ? { kind: "rr cluster id", id, ...place } : null;
}

function parseErrorWait(cursor: Cursor, place: BirdPlace): BirdOption | null | undefined {
  if (wordsAt(cursor, 3) !== "error wait time") return undefined;
  skip(cursor, 3);
  const low = numberAt(cursor);
  if (low === null || !cursor.expect(",")) return null;
  const high = numberAt(cursor);
  return high === null || !ends(cursor) ? null : { kind: "error wait time", low, high, ...place };
}

function parseDescription(cursor: Cursor, place: BirdPlace): BirdOption | null {
  cursor.next();
  const text = takeText(cursor);
  if (text === null) return cursor.fail("a text in quotes");
  return ends(cursor) ? { kind: "description", text, ...place } : null;
}

/** `debug all`, `debug off`, `debug { states, routes }`. */
function parseDebug(cursor: Cursor, place: BirdPlace): BirdOption | null {
  cursor.next();
  const what: string[] = [];
  if (cursor.take("{")) {
    while (!cursor.take("}")) {
      if (what.length > 0 && !cursor.expect(",")) return null;
      const flag = cursor.peek();
      if (!DEBUG_FLAGS.test(flag.text)) return cursor.fail("states, routes, filters, events, packets or interfaces");
      what.push(cursor.next().text);
    }
  } else what.push(cursor.next().text);
  return ends(cursor) ? { kind: "debug", what, ...place } : null;
}

/** `interface -"cali*", "eth0" 10.0.0.0/8;`, with settings of its own in braces for some protocols. */
function parseInterface(cursor: Cursor, place: BirdPlace): BirdOption | null {
  cursor.next();
  const patterns: BirdInterfacePattern[] = [];
  do {
    const negated = cursor.take("-");
    const token = cursor.peek();
    if (token.kind !== "string" && token.kind !== "prefix") return cursor.fail("the pattern of an interface in quotes");
    cursor.next();
    const after = cursor.peek();
    const prefix = token.prefix ?? after.prefix;
    if (token.kind === "string" && after.kind === "prefix") cursor.next();
    patterns.push({ pattern: token.kind === "string" ? token.text : "*", negated, prefix });
  } while (cursor.take(","));
  if (cursor.at("{")) cursor.skipStatement();
  else if (!ends(cursor)) return null;
  return { kind: "interface", patterns, ...place };
}

function parseStaticRoute(cursor: Cursor, place: BirdPlace): BirdOption | null | undefined {
  // The older name of the limit of imports.
  if (cursor.at("limit", 1)) return parseImportOrExport(cursor, place);
  return cursor.at("refresh", 1) ? undefined : parseRoute(cursor, place);
}

function parseTable(cursor: Cursor, place: BirdPlace): BirdOption | null {
  cursor.next();
  const token = cursor.peek();
  if (token.kind !== "word") return cursor.fail("the name of a table");
  cursor.next();
  return ends(cursor) ? { kind: "table", name: token.text, ...place } : null;
}

/** `allow local as [N]`: without a number, any number of times: BIRD's -1. */
function parseAllow(cursor: Cursor, place: BirdPlace): BirdOption | null | undefined {
  if (wordsAt(cursor, 3) !== "allow local as" && !/^allow (?:local|as)/.test(wordsAt(cursor, 2))) {
    return parseOther(cursor, place);
  }
  if (wordsAt(cursor, 3) !== "allow local as" || isNumberAt(cursor, 3)) return undefined;
  skip(cursor, 3);
  return ends(cursor) ? { kind: "number", name: "allow local as", value: -1, ...place } : null;
}
