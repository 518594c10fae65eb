import { isLinkLocal, isUnspecified } from "../../../net/address.ts";
import { command } from "./command.ts";
import { NotJudged } from "./lexer.ts";
import { address, number, option, prefix, type ReadOption } from "./option-pattern.ts";
import { type Parser, type Settled, symbolName } from "./parser.ts";
import { OPTIONS } from "./protocol-options.ts";

/** What has been told to a protocol so far; zero and absent are the same to BIRD. */
interface Draft {
  readonly type: string;
  readonly numbers: Map<string, number>;
  table: string;
}

/** What is known of the protocols so far. */
export interface ToldProtocols {
  /** By type, how many had no name. */
  readonly counts: Map<string, number>;
  /** By table, the kernel protocol that it has. */
  readonly syncers: Map<string, string>;
  /** What BIRD says at the end of a table that is to have two. */
  clash: string | null;
  /** Nothing has said yet which identifier the daemon has. */
  isAnonymous: boolean;
}

/** Protocols of BIRD 1.6 whose settings are not judged. */
const OTHERS: ReadonlySet<string> = new Set(["babel", "bfd", "mrt", "ospf", "pipe", "radv", "rip"]);

/** `protocol bgp name from template { … }`, or a template. */
export function protocolDefinition(parser: Parser, told: ToldProtocols): void {
  const { counts } = told;
  const isTemplate = parser.next().text === "template";
  const { kind, text: type } = parser.peek();
  const options = kind === "keyword" ? OPTIONS.get(type) : undefined;
  if (options === undefined) {
    // babel and radv are words of bird6 alone
    if (kind !== "text" && OTHERS.has(type)) throw new NotJudged();
    return parser.syntaxError();
  }
  parser.next();
  if (type === "device") {
    if (counts.has("a device")) parser.refuse("Kernel device protocol already defined");
    counts.set("a device", 1);
  }
  const draft: Draft = { type, numbers: new Map(), table: "master" };
  const name = heading(parser, draft, counts);
  parser.expect("{");
  while (!parser.take("}")) {
    if (type === "bgp" && parser.at("neighbor")) neighbor(parser, draft);
    else if (type === "bgp" && parser.at("local")) local(parser, draft);
    else if (type === "static" && parser.at("route")) route(parser);
    else if (type === "device" && parser.at("primary")) primary(parser);
    else if (!parser.take(";")) keep(draft, option(parser, options));
  }
  if (isTemplate) return;
  if (type === "bgp") checkBgp(parser, draft);
  if (type !== "kernel") return;
  const first = told.syncers.get(draft.table);
  if (first === undefined) told.syncers.set(draft.table, name);
  else told.clash ??= `Kernel syncer (${first}) already attached to table ${draft.table}`;
}

/** A name, a name and what it is copied from, or neither; without a name BIRD counts. */
function heading(parser: Parser, draft: Draft, counts: Map<string, number>): string {
  const settled: Settled = draft;
  const isNamed = parser.peek().kind === "symbol";
  const name = isNamed ? symbolName(parser) : nextName(parser, draft.type, counts);
  const template = parser.take("from") ? parser.find(symbolName(parser)) : null;
  if (template !== null && template.kind !== "protocol") parser.refuse("Template or protocol name expected");
  parser.define(name, { kind: "protocol", settled });
  if (template?.kind !== "protocol") return name;
  if (template.settled.type !== draft.type) parser.refuse("Can't copy configuration from a different protocol type");
  for (const [key, value] of template.settled.numbers) draft.numbers.set(key, value);
  draft.table = template.settled.table;
  return name;
}

function nextName(parser: Parser, type: string, counts: Map<string, number>): string {
  for (;;) {
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    if (parser.find(`${type}${count}`).kind === "void") return `${type}${count}`;
  }
}

/** Remembers what is checked at the end of the protocol. */
function keep(draft: Draft, { words, values }: ReadOption): void {
  const { numbers } = draft;
  const [first] = values;
  const value = typeof first === "number" ? first : 1;
  switch (words[0]) {
    case "table":
      if (typeof first === "string") draft.table = first;
      return;
    case "interface":
    case "secondary":
    case "deterministic":
      numbers.set(words[0], value);
      return;
    case "rr":
    case "rs":
      if (words[1] === "client") numbers.set(`${words[0]} client`, 1);
      return;
    case "multihop":
      numbers.set("multihop", values.length === 0 ? 64 : value);
      return;
    case "direct":
      numbers.set("multihop", 0);
      return;
    case "gateway":
      numbers.set("gateway", words[1] === "direct" ? 1 : 2);
      return;
    case "enable":
      if (words[1] === "as4") numbers.set("no as4", Number(value === 0));
      return;
    case "capabilities":
      numbers.set("no capabilities", Number(value === 0));
      return;
    case "bfd":
      numbers.set("bfd", words[1] === "graceful" ? 1 : value);
      return;
    case "check":
      numbers.set("check link", value);
      return;
    case "source":
      numbers.set("source address", 1);
      return;
    default:
  }
}

function neighbor(parser: Parser, { numbers }: Draft): void {
  parser.expect("neighbor");
  const { kind } = parser.peek();
  const isNamed = kind === "address" || kind === "symbol";
  const remote = isNamed ? address(parser) : null;
  const isScoped = isNamed && parser.take("%");
  if (isScoped) symbolName(parser);
  for (;;) {
    if (parser.take("port")) {
      const port = number(parser);
      if (port < 1 || port > 65535) parser.refuse("Invalid port number");
    } else if (parser.take("as")) numbers.set("remote as", number(parser));
    else break;
  }
  parser.expect(";");
  if (!isNamed) return;
  if (numbers.get("neighbor") === 1) parser.refuse("Only one neighbor per BGP instance is allowed");
  const isLocal = remote !== null && isLinkLocal(remote);
  if (remote !== null && isLocal !== isScoped) {
    parser.refuse("Link-local address and interface scope must be used together");
  }
  // the unspecified address is none
  numbers.set("neighbor", remote !== null && isUnspecified(remote) ? 0 : 1);
  if (isLocal) numbers.set("link-local", 1);
}

function local(parser: Parser, { numbers }: Draft): void {
  parser.expect("local");
  const { kind } = parser.peek();
  if (kind === "address" || kind === "symbol") {
    address(parser);
    numbers.set("source address", 1);
  }
  parser.expect("as");
  numbers.set("local as", number(parser));
  parser.expect(";");
}

/** The check of a BGP protocol at its closing brace (proto/bgp/bgp.c, bgp_check_config). */
function checkBgp(parser: Parser, { numbers, table }: Draft): void {
  const of = (name: string): number => numbers.get(name) ?? 0;
  const isInternal = of("local as") === of("remote as");
  const hops = numbers.get("multihop") ?? (isInternal ? 64 : 0);
  const gateway = of("gateway") === 0 ? (hops > 0 ? 2 : 1) : of("gateway");
  if (of("local as") === 0) parser.refuse("Local AS number must be set");
  if (of("neighbor") === 0) parser.refuse("Neighbor must be configured");
  if (of("remote as") === 0) parser.refuse("Remote AS number must be set");
  if ((of("no as4") === 1 || of("no capabilities") === 1) && of("remote as") > 0xffff) {
    parser.refuse("Neighbor AS number out of range (AS4 not available)");
  }
  if (!isInternal && of("rr client") === 1) parser.refuse("Only internal neighbor can be RR client");
  if (isInternal && of("rs client") === 1) parser.refuse("Only external neighbor can be RS client");
  if (hops > 0 && gateway === 1) parser.refuse("Multihop BGP cannot use direct gateway mode");
  if (hops > 0 && of("link-local") === 1) parser.refuse("Multihop BGP cannot be used with link-local addresses");
  if (hops > 0 && numbers.has("interface")) parser.refuse("Multihop BGP cannot be bound to interface");
  if (hops > 0 && of("check link") > 0) parser.refuse("Multihop BGP cannot depend on link state");
  if (hops > 0 && of("bfd") > 0 && of("source address") === 0) {
    parser.refuse("Multihop BGP with BFD requires specified source address");
  }
  const found = parser.find(table);
  const isSorted = found.kind === "table" && found.isSorted;
  if (gateway === 2 && isSorted) parser.refuse("BGP in recursive mode prohibits sorted table");
  if (of("deterministic") === 1 && isSorted) parser.refuse("BGP with deterministic MED prohibits sorted table");
  if (of("secondary") === 1 && !isSorted) parser.refuse("BGP with secondary option requires sorted table");
}

/** `route P via A`, `blackhole`, …, with attributes in braces (proto/static/config.Y). */
function route(parser: Parser): void {
  parser.expect("route");
  prefix(parser);
  if (parser.take("via")) {
    if (parser.peek().kind === "text") parser.next();
    else gateway(parser);
  } else if (parser.take("multipath")) {
    parser.expect("via");
    gateway(parser);
    for (;;) {
      if (parser.take("weight")) weight(parser);
      else if (parser.take("bfd")) flag(parser);
      else if (parser.take("via")) gateway(parser);
      else break;
    }
  } else if (parser.take("recursive")) address(parser);
  else if (!["drop", "reject", "blackhole", "unreachable", "prohibit"].some((word) => parser.take(word))) {
    parser.syntaxError();
  }
  if (parser.take("{")) while (!parser.take("}")) command(parser);
  parser.expect(";");
}

function gateway(parser: Parser): void {
  address(parser);
  if (parser.take("%")) symbolName(parser);
}

function weight(parser: Parser): void {
  const value = number(parser);
  if (value < 1 || value > 256) parser.refuse("Weight must be in range 1-256");
}

function flag(parser: Parser): void {
  if (["on", "yes", "off", "no"].some((word) => parser.take(word))) return;
  const { kind } = parser.peek();
  if (kind === "number" || kind === "symbol" || parser.at("(")) number(parser);
}

/** `primary "eth0" 10.0.0.0/8;` of the device protocol. */
function primary(parser: Parser): void {
  parser.expect("primary");
  if (parser.peek().kind === "text") parser.next();
  const before = address(parser);
  if (parser.take("/")) number(parser);
  else if (before === null && parser.at("%")) parser.syntaxError();
  parser.expect(";");
}
