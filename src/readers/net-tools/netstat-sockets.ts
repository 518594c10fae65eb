import { parsePort } from "../../linux/netfilter/option-values.ts";
import type { ListeningSocket } from "../../model/socket.ts";
import { ipv4, parseAddress } from "../../net/address.ts";
import { SCTP, TCP, UDP, UDPLITE } from "../../net/protocol.ts";
import type { DumpFindings } from "../dump-findings.ts";
import { type DumpLine, quote } from "../dump-text.ts";
import type { SocketDump } from "../ss.ts";

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["tcp", TCP],
  ["udp", UDP],
  ["udpl", UDPLITE],
  ["udplite", UDPLITE],
  ["sctp", SCTP],
]);

/** `proto recv-q send-q local foreign [state] [user inode] [pid/program]`. */
const ROW =
  /^\s*((?:tcp|udp|udpl|udplite|sctp)6?)\s+(\d+)\s+(\d+)\s+(\S*:(?:\d{1,5}|[\w.-]+|\*))\s+(\S*:(?:\d{1,5}|[\w.-]+|\*))(?:\s+([A-Z][A-Z_0-9]+))?(?:\s+(.*))?$/;

const RAW = /^\s*raw6?\s+\d+\s+\d+\s/;
const PROGRAM = /(?:^|\s)\d{1,10}\/(\S.{0,60})$/;

/** `Active Internet connections (only servers)`, `Proto Recv-Q …`, in any language. */
const HEADING = /^\s*Proto\s|\([^\d:()]+\)$|\bInternet/;
/** Sockets of the machine itself: from here on nothing is said about packets. */
const UNIX = /\bUNIX\b/i;
const UNIX_ROW = /^\s*unix\s+\d/;

/** netstat cuts addresses that do not fit into its column, unless it is given -W (measured with net-tools 2.10). */
const COLUMN = 23;

/** True for a row of `netstat -lntup`. */
export function isNetstatRow(line: string): boolean {
  return ROW.test(line);
}

/**
 * The sockets of `netstat -lntup`, of net-tools and BusyBox. Lossy: devices that sockets are bound to are not shown, and whether `:::port`
 * takes IPv4 as well is known only where another socket has the same port of IPv4 (then it cannot).
 */
export function netstatSockets(
  lines: readonly DumpLine[],
  findings: DumpFindings,
  originOf: (line: number) => number,
): SocketDump {
  const sockets: ListeningSocket[] = [];
  let complete = true;
  for (const { number, text } of lines) {
    const row = ROW.exec(text);
    if (row === null) {
      if (RAW.test(text) || UNIX_ROW.test(text) || UNIX.test(text) || HEADING.test(text)) continue;
      findings.add("unknown-line", "warning", number, `Not a socket: ${quote(text)}.`, {
        expected: "`proto recv-q send-q local:port foreign:port state`",
      });
      continue;
    }
    const [, name = "", , , local = "", foreign = "", state, rest = ""] = row;
    const protocol = PROTOCOLS.get(name.replace(/6$/, ""));
    const listens = protocol === TCP || protocol === SCTP ? state === "LISTEN" : state !== "ESTABLISHED";
    if (protocol === undefined || !listens) continue;
    findings.once(
      "lossy-dump",
      "info",
      number,
      "netstat does not show the devices that sockets are bound to, nor whether ::: takes IPv4; ss -lntup does.",
    );
    const isIpv6 = name.endsWith("6") || /^(?:.*:){2}|^\[/.test(local) || /^(?:.*:){2}|^\[/.test(foreign);
    const place = placeOf(local, isIpv6);
    if (place === null || (isIpv6 && local.length === COLUMN && local.includes("::"))) {
      complete = false;
      findings.add("unreadable-address", "warning", number, `The local address ${quote(local)} is cut or a name.`, {
        expected: "the output of netstat -lntupW",
        advice: "Whether others listen is unknown until then.",
      });
      continue;
    }
    if (place.port === 0) continue;
    const process = PROGRAM.exec(rest)?.[1]?.trim() ?? null;
    sockets.push({ protocol, ...place, interface: null, process, certainty: "dumped", origin: originOf(number) });
  }
  return { sockets: settled(sockets), findings: findings.list(), complete };
}

type Place = Pick<ListeningSocket, "address" | "family" | "port">;

const LOCALHOST: ReadonlyMap<string, string> = new Map([
  ["localhost", "127.0.0.1"],
  ["ip6-localhost", "::1"],
]);

function placeOf(local: string, isIpv6: boolean): Place | null {
  const colon = local.lastIndexOf(":");
  const written = local.slice(colon + 1);
  const port = written === "*" ? 0 : parsePort(written);
  if (port === null) return null;
  const host = local.slice(0, colon).replace(/^\[|\]$/g, "");
  if (host === "0.0.0.0" || host === "*") return { address: null, family: isIpv6 ? null : 4, port };
  if (host === "::" || host === "") return { address: null, family: null, port };
  const address = parseAddress(LOCALHOST.get(host) ?? host);
  if (address === null) return null;
  const isMapped = address.family === 6 && address.a === 0 && address.b === 0 && address.c === 0xffff;
  const place = isMapped ? ipv4(address.d) : address;
  return { address: place, family: place.family, port };
}

/** Two sockets that listen for all addresses of one port cannot both take IPv4 (without SO_REUSEPORT). */
function settled(sockets: readonly ListeningSocket[]): readonly ListeningSocket[] {
  const keyOf = ({ protocol, port }: ListeningSocket): number => protocol * 65536 + port;
  const taken = new Set(sockets.flatMap((socket) => (socket.family === 4 ? [keyOf(socket)] : [])));
  return sockets.map((socket) =>
    socket.address === null && socket.family === null && taken.has(keyOf(socket)) ? { ...socket, family: 6 } : socket,
  );
}
