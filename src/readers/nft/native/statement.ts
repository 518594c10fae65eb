import { matchExtension } from "../../../linux/netfilter/matches/table.ts";
import type { Match, Target, TargetCall } from "../../../model/ruleset.ts";
import { TCP } from "../../../net/protocol.ts";
import { isProtocol } from "./key.ts";
import { type Cursor, isMark, peek, take, takeWords } from "./token.ts";
import { parseValue } from "./values.ts";

const ALL = 0xffffffff;

/** A statement that the rule goes on after. */
function statement(call: TargetCall): readonly Match[] {
  return [{ name: "nft", options: { kind: "statement", call } }];
}

function unmodelled(text: string): readonly Match[] {
  return [{ name: "nft", options: { kind: "unmodelled", text } }];
}

/**
 * Takes a statement that does not end the rule: what counts and logs does nothing to a packet, a mark is set, a limit may end
 * the rule. Undefined for others; nothing is taken then.
 */
export function takeStatement(cursor: Cursor): readonly Match[] | undefined {
  const from = cursor.at;
  const found = statementAt(cursor);
  if (found === undefined) cursor.at = from;
  return found;
}

function statementAt(cursor: Cursor): readonly Match[] | undefined {
  switch (peek(cursor)) {
    case "counter":
      cursor.at++;
      if (takeWords(cursor, "packets")) cursor.at += 3;
      else if (takeWords(cursor, "name")) cursor.at++;
      return [];
    case "comment":
      cursor.at += 2;
      return [];
    case "log":
      cursor.at++;
      skipLogOptions(cursor);
      return [];
    case "limit":
      return limit(cursor);
    case "notrack":
      cursor.at++;
      return statement({ name: "NOTRACK", options: {} });
    case "add":
    case "update":
    case "delete":
      return setStatement(cursor);
    case "meta":
      if (takeWords(cursor, "meta", "mark", "set")) return packetMark(cursor);
      return takeWords(cursor, "meta", "priority", "set") && take(cursor) !== null ? [] : undefined;
    case "ct":
      return takeWords(cursor, "ct", "mark", "set") ? connectionMark(cursor) : undefined;
    case "tcp":
      if (!takeWords(cursor, "tcp", "option", "maxseg", "size", "set")) return undefined;
      return segmentSize(cursor);
    default:
      return undefined;
  }
}

const LOG_OPTIONS: ReadonlySet<string> = new Set(["prefix", "level", "flags", "group", "queue-threshold", "snaplen"]);

function skipLogOptions(cursor: Cursor): void {
  while (LOG_OPTIONS.has(peek(cursor))) {
    const option = take(cursor)?.text;
    // `flags tcp sequence,options`, `flags ip options`, `flags all`
    if (option === "flags" && (peek(cursor) === "tcp" || peek(cursor) === "ip")) cursor.at++;
    cursor.at++;
    while (isMark(cursor.tokens[cursor.at], ",")) cursor.at += 2;
  }
}

/** `limit rate [over] 5/second [burst 7 packets]`: nftables' own bucket, which iptables-nft's `-m limit` writes as well. */
function limit(cursor: Cursor): readonly Match[] | undefined {
  const from = cursor.at;
  cursor.at++;
  if (!takeWords(cursor, "rate")) return undefined;
  const isOver = takeWords(cursor, "over");
  const rate = take(cursor)?.text ?? "";
  const isBytes = /bytes/.test(peek(cursor));
  if (isBytes) cursor.at++;
  let burst: string | null = null;
  if (takeWords(cursor, "burst")) {
    burst = take(cursor)?.text ?? "";
    cursor.at++;
  }
  const given = [
    { name: "limit", invert: false, values: [rate] },
    ...(burst === null ? [] : [{ name: "limit-burst", invert: false, values: [burst] }]),
  ];
  const parsed = matchExtension("limit").parse(given, { family: 4, protocol: null });
  if (isOver || isBytes || "problem" in parsed) {
    return unmodelled(
      cursor.tokens
        .slice(from, cursor.at)
        .map(({ text }) => text)
        .join(" "),
    );
  }
  return [{ name: "limit", options: parsed.value }];
}

/** `add @set { ip saddr }` adds and goes on; with a limit of its own it may end the rule. */
function setStatement(cursor: Cursor): readonly Match[] | undefined {
  const from = cursor.at;
  if (!peek(cursor, 1).startsWith("@") || !isMark(cursor.tokens[cursor.at + 2], "{")) return undefined;
  cursor.at += 3;
  while (cursor.at < cursor.tokens.length && !isMark(cursor.tokens[cursor.at], "}")) cursor.at++;
  cursor.at++;
  const words = cursor.tokens.slice(from, cursor.at).map(({ text }) => text);
  return words.some((word) => word === "limit" || word === "ct" || word === "quota") ? unmodelled(words.join(" ")) : [];
}

/** `0x1`, `meta mark | 0x1`, `meta mark & 0xff`, `meta mark ^ 0x1`, `ct mark`. */
function packetMark(cursor: Cursor): readonly Match[] | undefined {
  if (takeWords(cursor, "ct", "mark")) {
    const call = { mode: "restore", nfMask: ALL, ctMask: ALL, shift: null } as const;
    return [...hasConnection(), ...statement({ name: "CONNMARK", options: call })];
  }
  if (!takeWords(cursor, "meta", "mark") && !takeWords(cursor, "mark")) {
    const value = parseValue(take(cursor)?.text ?? "", "number");
    return value === null ? undefined : statement({ name: "MARK", options: { value, mask: ALL } });
  }
  const operator = take(cursor)?.text;
  const value = parseValue(take(cursor)?.text ?? "", "number");
  if (value === null) return undefined;
  switch (operator) {
    case "|":
    case "or":
      return statement({ name: "MARK", options: { value, mask: value } });
    case "&":
    case "and":
      return statement({ name: "MARK", options: { value: 0, mask: ~value >>> 0 } });
    case "^":
    case "xor":
      return statement({ name: "MARK", options: { value, mask: 0 } });
    default:
      return undefined;
  }
}

/** `ct mark` has no value without an entry, which ends the rule (nft_ct_get_eval()). */
function hasConnection(): readonly Match[] {
  const range = { kind: "number", first: 0, last: ALL } as const;
  const lookup = { keys: [{ kind: "number", of: "ct mark" }], elements: [[range]], invert: false } as const;
  return [{ name: "nft", options: { kind: "lookup", lookup } }];
}

function connectionMark(cursor: Cursor): readonly Match[] | undefined {
  if (takeWords(cursor, "meta", "mark") || takeWords(cursor, "mark")) {
    return statement({ name: "CONNMARK", options: { mode: "save", nfMask: ALL, ctMask: ALL, shift: null } });
  }
  const value = parseValue(take(cursor)?.text ?? "", "number");
  if (value === null) return undefined;
  return statement({ name: "CONNMARK", options: { mode: "set", mark: { value, mask: ALL }, shift: null } });
}

/** `rt mtu`, or bytes: nft lowers the option as TCPMSS does, and adds none (net/netfilter/nft_exthdr.c). */
function segmentSize(cursor: Cursor): readonly Match[] | undefined {
  const isPath = takeWords(cursor, "rt", "mtu");
  const given = isPath ? null : parseValue(take(cursor)?.text ?? "", "number");
  if (!isPath && given === null) return undefined;
  const options = { mss: given ?? "pmtu" } as const;
  return [isProtocol(TCP), ...statement({ name: "TCPMSS", options })];
}

/** Takes `queue …`; undefined where it is something else. */
export function takeQueue(cursor: Cursor): Target | undefined {
  if (!takeWords(cursor, "queue")) return undefined;
  const flags = new Set<string>();
  let first = 0;
  let last = 0;
  while (cursor.at < cursor.tokens.length) {
    const word = take(cursor)?.text ?? "";
    const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(word) ?? [];
    if (from !== undefined) {
      first = Number(from);
      last = Number(to ?? from);
    } else if (word === "bypass" || word === "fanout") flags.add(word);
    else if (word !== "flags" && word !== "num" && word !== "to" && word !== ",") {
      cursor.at--;
      break;
    }
  }
  const options = { first, last, bypass: flags.has("bypass"), cpuFanout: flags.has("fanout") };
  return { kind: "extension", call: { name: "NFQUEUE", options } };
}
