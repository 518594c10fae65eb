import type { Finding } from "../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../model/origin.ts";
import type { ListeningSocket } from "../model/socket.ts";
import { type Address, ipv4, parseAddress } from "../net/address.ts";
import { DCCP, SCTP, TCP, UDP, UDPLITE } from "../net/protocol.ts";
import { dumpFindings } from "./dump-findings.ts";
import { dumpLines, quote } from "./dump-text.ts";

export interface SocketDump {
  readonly sockets: readonly ListeningSocket[];
  readonly findings: readonly Finding[];
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

/**
 * Reads `ss -lntup`, with or without its header. Sockets that receive are listening TCP and SCTP ones and bound, unconnected UDP
 * ones (`UNCONN`); connected ones are passed over. `*` is a wildcard of both families; `[::]` takes IPv6 only, except where the
 * dump also writes `:::port`, as ss did before iproute2 4.15, when `*` meant IPv4.
 */
export function readSockets(text: string, file: string, origins: OriginTable): SocketDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const old = /\s:::\S/.test(text);
  const sockets: ListeningSocket[] = [];
  for (const { number, text: line } of lines) {
    if (HEADER.test(line) || OTHER_KINDS.test(line)) continue;
    const match = SOCKET.exec(line);
    if (match === null) {
      findings.add("unknown-line", "warning", number, `Not a socket: ${quote(line)}.`, {
        expected: "`netid state recv-q send-q local:port peer:port`",
      });
      continue;
    }
    const [, netid, state = "", , , local = "", , rest = ""] = match;
    if (state !== "LISTEN" && state !== "UNCONN") continue;
    const protocol = netid === undefined ? (state === "LISTEN" ? TCP : UDP) : PROTOCOLS.get(netid);
    const place = parseLocal(local, old);
    if (protocol === undefined || place === null) {
      const what = protocol === undefined ? `protocol ${quote(netid ?? "")}` : `local address ${quote(local)}`;
      findings.add("unknown-line", "warning", number, `A socket with an unknown ${what}.`, {
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
      origin: originAt(origins, originOfFile, number),
    });
  }
  return { sockets, findings: findings.list() };
}

type Place = Pick<ListeningSocket, "address" | "family" | "port" | "interface">;

/** `address[%interface]:port`. */
function parseLocal(local: string, old: boolean): Place | null {
  const colon = local.lastIndexOf(":");
  const port = local.slice(colon + 1);
  if (colon < 0 || !/^(?:\d{1,5}|\*)$/.test(port) || Number(port === "*" ? 0 : port) > 65535) return null;
  const [, written = "", device = null] = /^([^%]*)(?:%(.+))?$/.exec(local.slice(0, colon)) ?? [];
  // `[fe80::1]%eth0` and `[fe80::1%eth0]` both occur.
  const name = device?.replace(/\]$/, "") ?? null;
  const text = written.replace(/^\[/, "").replace(/\]$/, "");
  const place = { port: port === "*" ? 0 : Number(port), interface: name };
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
