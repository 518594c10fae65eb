import type { Family } from "../../../net/address.ts";
import { hasPorts, parseProtocol, TCP } from "../../../net/protocol.ts";
import { statementWords } from "../statement-words.ts";
import { type Key, keyAt } from "./keys.ts";
import { listed, type NativeSet } from "./native-table.ts";
import { joined, type Piece } from "./piece.ts";

/** One of nft's rules in terms of iptables: one of the alternatives holds for a packet that the rule matches, or none. */
export interface NativeReading {
  readonly alternatives: readonly Piece[];
  /** Tests as iptables writes them, the same for all alternatives. */
  readonly words: readonly string[];
  /** What a matching packet meets, in this order: `-j MARK --set-xmark 0x1/0xffffffff`, `-j ACCEPT`. */
  readonly targets: readonly string[];
  /** A test counts, or asks for what a target changes: it must not be asked again for the next target. */
  readonly isAskedOnce: boolean;
  readonly counters: { readonly packets: number; readonly bytes: number } | null;
  /** Statements that podpath does not model, from the first of them on; null where all are. */
  readonly unread: string | null;
}

/** More rules than that for one of nft's are not made: it counts as not modelled. */
const MOST = 2_000;

const VALUE = /^ (?:(==|!=) )?(\{[^}]*\}|@[^\s]+|"[^"]*"|[^\s{]+)(?= |$)/;
const VMAP = /^ vmap (\{[^}]*\}|@[^\s]+)(?= |$)/;
/** Statements that decide about no packet. */
const NOTHING: readonly RegExp[] = [
  /^counter(?: name "?[\w.-]+"?)?(?= |$)(?! packets)/,
  /^comment "(?:[^"\\]|\\.)*"(?= |$)/,
  /^meta (?:nftrace|priority) set \S+(?= |$)/,
  /^continue(?= |$)/,
];
const LOG =
  /^log(?: (?:prefix "(?:[^"\\]|\\.)*"|level \w+|flags (?:all|skuid|ether|tcp sequence,options|tcp options|tcp sequence|ip options)|group \d+|snaplen \d+|queue-threshold \d+))*(?= |$)/;
const LOG_PREFIX = /prefix ("(?:[^"\\]|\\.)*")/;

/** What `icmpx` and a bare reject answer with (nft's src/datatype.c icmpx_code_tbl). */
const REJECTS: Readonly<Record<string, { readonly [F in Family]: string }>> = {
  "port-unreachable": { 4: "icmp-port-unreachable", 6: "icmp6-port-unreachable" },
  "no-route": { 4: "icmp-net-unreachable", 6: "icmp6-no-route" },
  "host-unreachable": { 4: "icmp-host-unreachable", 6: "icmp6-addr-unreachable" },
  "admin-prohibited": { 4: "icmp-admin-prohibited", 6: "icmp6-adm-prohibited" },
};

/** Tests with a count or a clock of their own: written into two rules they would count twice. */
const STATEFUL = /-m (?:limit|statistic|quota|hashlimit|connlimit)\b/;
const CHANGES = /^-j (?:MARK|CONNMARK|CT|TRACE|TCPMSS)\b/;

interface Draft {
  alternatives: readonly Piece[];
  readonly words: string[];
  readonly targets: string[];
  log: string | null;
  counters: NativeReading["counters"];
  /** The rule holds for packets of the other family only. */
  isOther: boolean;
}

/** Reads a rule for packets of a family; null where it is none of theirs. */
export function readNativeRule(
  text: string,
  family: Family,
  sets: ReadonlyMap<string, NativeSet>,
): NativeReading | null {
  const draft: Draft = { alternatives: [{}], words: [], targets: [], log: null, counters: null, isOther: false };
  const translates = /\b[ds]nat (ip6?) to /.exec(text)?.[1];
  if (translates !== undefined && (translates === "ip") !== (family === 4)) return null;
  let rest = normal(text);
  while (rest !== "" && !rest.startsWith("#")) {
    const length = step(rest, draft, family, sets);
    if (length === 0) break;
    rest = rest.slice(length).trimStart();
  }
  if (draft.isOther) return null;
  const { alternatives, words, targets, log, counters } = draft;
  const end = rest === "" || targets.length > 0 ? null : endOf(rest);
  const all = end !== null ? [end] : targets.length === 0 && log !== null ? [log] : targets;
  const isUnclear = alternatives.some(
    (piece) => piece.needsPorts === true && !(piece.protocol !== undefined && hasPorts(piece.protocol)),
  );
  const isAskedOnce = words.some((one) => STATEFUL.test(one)) || asksForMark(draft);
  const unread = rest === "" ? (isUnclear ? text : null) : rest;
  return { alternatives, words, targets: all, isAskedOnce, counters, unread };
}

const END = / (accept|drop|return|(?:jump|goto) \S+)$/;

/** What a rule does whose tests are not all modelled; null where it does something else before that. */
function endOf(rest: string): string | null {
  const verdict = END.exec(rest)?.[1];
  return verdict === undefined || / set /.test(rest) ? null : verdictWords(verdict);
}

/** Without its handle, and spelled in one of the ways that nft has for the same. */
function normal(text: string): string {
  const names = (flags: string): string => flags.replace(/\s*\|\s*/g, ",");
  return text
    .replace(/\s+# handle \d+$/, "")
    .trim()
    .replace(/\b([ds]nat) ip6? to /, "$1 to ")
    .replace(
      /\btcp flags & \(?([a-z]+(?: ?\| ?[a-z]+)*)\)? (==|!=) \(?([a-z]+(?: ?\| ?[a-z]+)*|0x0)\)?(?= |$)/,
      (_, mask: string, sign: string, set: string) =>
        `tcp flags ${sign === "!=" ? "!= " : ""}${names(set)} / ${names(mask)}`,
    );
}

function asksForMark({ alternatives, words }: Draft): boolean {
  return (
    words.some((one) => /-m (?:conn)?mark\b/.test(one)) ||
    alternatives.some(({ matches = [] }) => matches.some(({ name }) => name === "mark"))
  );
}

/** Reads one statement; how long it was, 0 where it is not modelled. */
function step(text: string, draft: Draft, family: Family, sets: ReadonlyMap<string, NativeSet>): number {
  const isOver = draft.targets.some((one) => !CHANGES.test(one));
  if (isOver) return nothingAt(text);
  const compared = readComparison(text, draft, family, sets);
  if (compared !== null) return compared;
  const log = LOG.exec(text)?.[0];
  if (log !== undefined) {
    const prefix = LOG_PREFIX.exec(log)?.[1];
    draft.log = `-j LOG${prefix === undefined ? "" : ` --log-prefix ${prefix}`}`;
    return log.length;
  }
  return nothingAt(text) || rejection(text, draft, family) || readWords(text, draft, family);
}

function nothingAt(text: string): number {
  for (const pattern of NOTHING) {
    const found = pattern.exec(text);
    if (found !== null) return found[0].length;
  }
  return 0;
}

function rejection(text: string, draft: Draft, family: Family): number {
  const found = /^reject(?: with (?:icmpx (?:type )?([\w-]+)|(tcp reset)|(icmp|icmpv6) (?:type )?[\w-]+))?(?= |$)/.exec(
    text,
  );
  if (found === null) return 0;
  const [all, code = "port-unreachable", tcp, own] = found;
  if (own !== undefined) {
    draft.isOther ||= (own === "icmp") !== (family === 4);
    // statementWords knows the names
    return 0;
  }
  if (tcp !== undefined) {
    return narrow(draft, [{ protocol: TCP }]) && put(draft, "-j REJECT --reject-with tcp-reset") ? all.length : 0;
  }
  const type = REJECTS[code]?.[family];
  return type !== undefined && put(draft, `-j REJECT --reject-with ${type}`) ? all.length : 0;
}

function put(draft: Draft, target: string): boolean {
  draft.targets.push(target);
  return true;
}

/** The alternatives that hold with one of the pieces each; false where podpath cannot say them. */
function narrow(draft: Draft, pieces: readonly Piece[]): boolean {
  if (draft.alternatives.length * pieces.length > MOST) return false;
  const both = draft.alternatives.flatMap((one) => pieces.flatMap((other) => joined(one, other) ?? []));
  const clear = both.flatMap((piece) => (piece === "unclear" ? [] : [piece]));
  if (clear.length < both.length) return false;
  draft.alternatives = clear;
  return true;
}

/** `ip saddr @blocked`, `tcp dport { 22, 80 }`, `ip saddr . tcp dport vmap { … }`; null for what is none. */
function readComparison(
  text: string,
  draft: Draft,
  family: Family,
  sets: ReadonlyMap<string, NativeSet>,
): number | null {
  const keys: Key[] = [];
  let at = 0;
  for (;;) {
    const found = keyAt(text.slice(at), family);
    if (found === null) return keys.length === 0 ? null : 0;
    keys.push(found.key);
    at += found.length;
    if (!text.startsWith(" . ", at)) break;
    at += 3;
  }
  // what was done before is done whether or not this holds
  if (draft.targets.length > 0) return 0;
  if (keys.some((key) => key.family !== null && key.family !== family)) {
    draft.isOther = true;
    return 0;
  }
  const vmap = VMAP.exec(text.slice(at));
  const value = vmap === null ? VALUE.exec(text.slice(at)) : null;
  const written = vmap?.[1] ?? value?.[2] ?? "";
  const elements = elementsOf(written, sets);
  if (elements === null) return 0;
  const pieces =
    vmap !== null ? verdicts(keys, elements) : value?.[1] === "!=" ? noneOf(keys, elements) : someOf(keys, elements);
  if (pieces === null || !narrow(draft, pieces)) return 0;
  return at + (vmap ?? value ?? [""])[0].length;
}

/** Members of a set, whether it stands there or is named; null for one that changes by itself, or that nobody told. */
function elementsOf(written: string, sets: ReadonlyMap<string, NativeSet>): readonly string[] | null {
  if (written.startsWith("{")) return listed(written.slice(1, -1));
  if (!written.startsWith("@")) return written === "" ? null : [written];
  const set = sets.get(written.slice(1));
  return set === undefined || set.isDynamic
    ? null
    : set.elements.map((one) => one.replace(/ (?:counter|comment|expires|timeout) .*$/, ""));
}

/** The parts of `10.0.0.1 . 22`. */
function parts(element: string): readonly string[] {
  return element.split(" . ").map((part) => part.trim());
}

function someOf(keys: readonly Key[], elements: readonly string[]): readonly Piece[] | null {
  const [only] = keys;
  if (only !== undefined && keys.length === 1) return only.among(elements);
  const pieces = elements.map((element) => concatenation(keys, parts(element)));
  return pieces.includes(null) ? null : pieces.flatMap((some) => some ?? []);
}

function noneOf([only, ...more]: readonly Key[], elements: readonly string[]): readonly Piece[] | null {
  const piece = only === undefined || more.length > 0 ? null : only.notAmong(elements);
  return piece === null ? null : [piece];
}

function concatenation(keys: readonly Key[], values: readonly string[]): readonly Piece[] | null {
  if (values.length !== keys.length) return null;
  let found: readonly Piece[] = [{}];
  for (const [index, key] of keys.entries()) {
    const own = key.among([values[index] ?? ""]);
    if (own === null) return null;
    const both = found.flatMap((one) => own.map((other) => joined(one, other)));
    if (both.includes("unclear")) return null;
    found = both.flatMap((piece) => (piece === null || piece === "unclear" ? [] : [piece]));
  }
  return found;
}

function verdicts(keys: readonly Key[], elements: readonly string[]): readonly Piece[] | null {
  const pieces: Piece[] = [];
  for (const element of elements) {
    const found = /^(.*?) : (accept|drop|return|continue|(?:jump|goto) \S+)$/.exec(element);
    const some = found === null ? null : concatenation(keys, parts(found[1] ?? ""));
    if (found === null || some === null) return null;
    const [, , verdict = ""] = found;
    if (verdict !== "continue") pieces.push(...some.map((piece) => ({ ...piece, verdict: verdictWords(verdict) })));
  }
  return pieces;
}

function verdictWords(verdict: string): string {
  const [how = "", chain] = verdict.split(" ");
  if (chain === undefined) return `-j ${how.toUpperCase()}`;
  return `${how === "jump" ? "-j" : "-g"} ${chain}`;
}

/** What podpath knows as iptables' own tests and targets. */
function readWords(text: string, draft: Draft, family: Family): number {
  const found = statementWords(text, family);
  if (found === null) return 0;
  const { protocol, matches, targets, counters, length } = found;
  // what was done before is done whether or not this holds
  if ((protocol !== null || matches.length > 0) && draft.targets.length > 0) return 0;
  if (protocol !== null) {
    const number = parseProtocol(protocol.replace(/^-p /, ""));
    if (number === null || !narrow(draft, [{ protocol: number }])) return 0;
  }
  draft.words.push(...matches);
  draft.targets.push(...targets);
  draft.counters = counters ?? draft.counters;
  return length;
}
