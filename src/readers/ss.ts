import { parsePort } from "../linux/netfilter/option-values.ts";
import type { Finding } from "../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../model/origin.ts";
import type { ListeningSocket } from "../model/socket.ts";
import { type Address, ipv4, parseAddress } from "../net/address.ts";
import { DCCP, SCTP, TCP, UDP, UDPLITE } from "../net/protocol.ts";
import { dumpFindings } from "./dump-findings.ts";
import { type DumpLine, dumpLines, quote } from "./dump-text.ts";
import { isNetstatRow, netstatSockets } from "./net-tools/netstat-sockets.ts";

export interface SocketDump {
  readonly sockets: readonly ListeningSocket[];
  readonly findings: readonly Finding[];
  /** False when a socket of the dump could not be read: others may listen. */
  readonly complete: boolean;
}

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["tcp", TCP],
  ["mptcp", TCP],
  ["udp", UDP],
  ["udplite", UDPLITE],
  ["sctp", SCTP],
  ["dccp", DCCP],
]);

/** Netids of sockets that receive no TCP, UDP or SCTP packet. */
const OTHER_KINDS = /^(?:raw|icmp6?|p_raw|p_dgr|u_str|u_dgr|u_seq|nl|v_str|v_dgr|tipc\w*|xdp|ti_\w+|\?\?\?)\s/;

const HEADER = /^\s*(?:Netid|State)\s/;

/** `[netid] STATE recv-q send-q local peer rest`. */
const SOCKET = /^\s*(?:(\w+)\s+)?(LISTEN|UNCONN|[A-Z][A-Z0-9-]+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)(.*)$/;

/** What `-e`, `-i`, `-m`, `-o` and a narrow terminal put onto lines of their own. */
const DETAILS =
  /^\s*(?:users:\(|ino:|sk:|uid:|cgroup:|v6only:|skmem:|timer:|fwmark:|class_id:|dev:|<->|\s(?:cubic|reno|bbr|dctcp|ts|sack|ecn|wscale|rto|rtt|mss|cwnd|bytes_|segs_|send|lastsnd|lastrcv|lastack|pacing_rate|delivery_rate|app_limited|rcv_|snd_|minrtt|tcp-ulp-|locality|inet-sockopt))/;

/** A table of netstat has rows among its first lines. */
const HEAD = 100;

/**
 * Reads `ss -lntup`, with or without its header, `-n` or `-e`, and what `netstat -lntup` prints of the same sockets. Sockets that receive
 * are listening TCP and SCTP ones and bound, unconnected UDP ones (`UNCONN`); connected ones are passed over. `*` is a wildcard of both
 * families; `[::]` takes IPv6 only, except where the dump also writes `:::port`, as ss did before iproute2 4.15, when `*` meant IPv4.
 */
export function readSockets(text: string, file: string, origins: OriginTable): SocketDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const originOf = (line: number): number => originAt(origins, originOfFile, line);
  if (lines.slice(0, HEAD).some((line) => isNetstatRow(line.text))) return netstatSockets(lines, findings, originOf);
  const old = /\s:::\S/.test(text);
  const sockets: ListeningSocket[] = [];
  let complete = true;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    if (line === undefined || HEADER.test(line.text) || OTHER_KINDS.test(line.text)) continue;
    const last = sockets.at(-1);
    if (DETAILS.test(line.text)) {
      const process = processNames(line.text);
      if (last !== undefined && process !== null)
        sockets[sockets.length - 1] = { ...last, process: last.process ?? process };
      continue;
    }
    const joined = SOCKET.test(line.text) ? null : joinedWithNext(line, lines[i + 1]);
    const match = SOCKET.exec(joined ?? line.text);
    if (joined !== null) {
      i++;
      findings.add("wrapped-line", "info", line.number, "This socket was broken into two lines; they were joined.");
    }
    if (match === null) {
      complete &&= !/[:*]/.test(line.text);
      findings.add("unknown-line", "warning", line.number, `Not a socket: ${quote(line.text)}.`, {
        expected: "`netid state recv-q send-q local:port peer:port`",
      });
      continue;
    }
    const [, netid, state = "", , , local = "", , rest = ""] = match;
    if (state !== "LISTEN" && state !== "UNCONN") continue;
    const protocol = netid === undefined ? (state === "LISTEN" ? TCP : UDP) : PROTOCOLS.get(netid);
    const place = parseLocal(local, old);
    if (protocol === undefined || place === null) {
      complete = false;
      const what = protocol === undefined ? `protocol ${quote(netid ?? "")}` : `local address ${quote(local)}`;
      findings.add("unknown-line", "warning", line.number, `A socket with an unknown ${what}.`, {
        expected: "numeric output (`ss -n`)",
      });
      continue;
    }
    // A connected or not yet bound socket has no port to receive at.
    if (place.port === 0) continue;
    sockets.push({
      protocol,
      ...place,
      process: processNames(rest),
      certainty: "dumped",
      origin: originOf(line.number),
    });
  }
  return { sockets, findings: findings.list(), complete };
}

/** A socket whose line a terminal broke; null when the two lines make none together. */
function joinedWithNext(line: DumpLine, next: DumpLine | undefined): string | null {
  if (next === undefined || next.number > line.number + 1 || SOCKET.test(next.text) || HEADER.test(next.text))
    return null;
  for (const text of [`${line.text} ${next.text}`, `${line.text}${next.text.trimStart()}`]) {
    const local = SOCKET.exec(text)?.[5];
    if (local !== undefined && parseLocal(local, false) !== null) return text;
  }
  return null;
}

type Place = Pick<ListeningSocket, "address" | "family" | "port" | "interface">;

/** `address[%interface]:port`. */
function parseLocal(local: string, old: boolean): Place | null {
  const colon = local.lastIndexOf(":");
  const port = local.slice(colon + 1);
  const number = port === "*" ? 0 : parsePort(port);
  if (colon < 0 || number === null) return null;
  const [, written = "", device = null] = /^([^%]*)(?:%(.+))?$/.exec(local.slice(0, colon)) ?? [];
  // `[fe80::1]%eth0` and `[fe80::1%eth0]` both occur.
  const name = device?.replace(/\]$/, "") ?? null;
  const text = written.replace(/^\[/, "").replace(/\]$/, "");
  const place = { port: number, interface: name };
  if (text === "*") return { ...place, address: null, family: old ? 4 : null };
  if (text === "0.0.0.0") return { ...place, address: null, family: 4 };
  if (text === "::" || text === "") return { ...place, address: null, family: old ? null : 6 };
  const address = parseAddress(text);
  if (address === null) return null;
  const mapped = mappedAddress(address);
  return { ...place, address: mapped, family: mapped.family };
}

/** A socket bound to ::ffff:a.b.c.d receives IPv4 (RFC 4291 section 2.5.5.2). */
function mappedAddress(address: Address): Address {
  return address.family === 6 && address.a === 0 && address.b === 0 && address.c === 0xffff ? ipv4(address.d) : address;
}

/** The names in `users:(("nginx",pid=7,fd=6),("nginx",pid=8,fd=6))`, each once. */
function processNames(text: string): string | null {
  const names = new Set<string>();
  for (const match of text.matchAll(/\("([^"]*)",pid=/g)) names.add(match[1] ?? "");
  return names.size === 0 ? null : [...names].join(",");
}
