import { parseAddress } from "../../net/address.ts";
import { maskLength } from "../../net/prefix.ts";
import type { DumpFindings } from "../dump-findings.ts";
import { type DumpLine, quote } from "../dump-text.ts";
import { unsigned } from "../ip/names.ts";
import { type WrittenAddress, type WrittenInterface, writtenInterface } from "../ip/written-interface.ts";

/** `eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500`, of net-tools from 1.60 in 2012 on. */
const NEW = /^(\S+?): flags=-?\d+<([^>]*)>\s+mtu (\d+)/;
/** `eth0      Link encap:Ethernet  HWaddr 46:A8:…`, of older ones and BusyBox. */
const OLD = /^(\S+)\s+Link encap:(.*?)\s*(?:HWaddr (\S+))?\s*$/;

const INET = /^inet (?:addr:)?\s*(\S+)/;
const INET6 = /^inet6 (?:addr: ?)?([\da-fA-F:.]+)(?:%\S+)?(?:\/(\d{1,3})| +prefixlen (\d{1,3}))/;
const MASK = /(?:netmask |Mask:)(\S+)/;
const BROADCAST = /(?:broadcast |Bcast:)(\S+)/;
const PEER = /(?:destination |P-t-P:)(\S+)/;
const SCOPE = /(?:<(\w+)|Scope:(\w+))/;
/** `UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1`. */
const OLD_FLAGS = /^((?:[A-Z]+ +)*)MTU:(\d+)/;
const ETHER = /^(?:ether|infiniband) (\S+)/;
const STATISTICS =
  /^(?:RX|TX|collisions|Interrupt|Base address|Memory|DMA|loop|unspec|tunnel|ppp|sit|device|inet6? ipx|Media|[\w-]+ {2}txqueuelen)\b/;

/** Link types in the words of ifconfig, and of `ip link`. */
const LINK_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^(?:loop\b|Local Loopback)/, "loopback"],
  [/^(?:ether\b|Ethernet)/, "ether"],
  [/^(?:tunnel\b|IPIP Tunnel)/, "ipip"],
];

/** True for the first line of a device. */
export function isIfconfigHeader(line: string): boolean {
  return NEW.test(line) || (line.includes("Link encap:") && OLD.test(line));
}

/**
 * The devices of `ifconfig -a`, in both forms. Lossy, measured with net-tools 2.10 and BusyBox 1.35: of several IPv4 addresses without
 * labels one is shown; no index, kind, master or peer; devices that are down only with -a; broadcast 0.0.0.0 means none.
 */
export function writtenIfconfigInterfaces(
  lines: readonly DumpLine[],
  findings: DumpFindings,
): readonly WrittenInterface[] {
  const all = new Map<string, WrittenInterface>();
  let current: WrittenInterface | null = null;
  for (const { number, text } of lines) {
    const header = NEW.exec(text);
    const old = header === null ? OLD.exec(text) : null;
    if (header !== null || old !== null) {
      findings.once(
        "lossy-dump",
        "warning",
        number,
        "ifconfig shows one IPv4 address of each device or label, and neither kinds, masters nor peers of devices. Collect ip -d addr instead.",
      );
      const label = (header ?? old)?.[1] ?? "";
      const device = label.replace(/:[^:]*$/, "");
      current = all.get(device) ?? writtenInterface(number, 0, device, null, flagsOf(header?.[2] ?? ""));
      all.set(device, current);
      if (header !== null) current.mtu = unsigned(header[3] ?? "", 0xffffffff);
      readLinkType(old?.[2] ?? "", current);
      if (old?.[3] !== undefined && label === device) current.mac = macOf(old[3]);
      continue;
    }
    if (current === null) {
      findings.add("unknown-line", "warning", number, `Not an interface: ${quote(text)}.`, {
        expected: "`name: flags=…<…>  mtu N` or `name  Link encap:…`",
      });
    } else readPart(text.trim(), number, current, findings);
  }
  return [...all.values()];
}

/** RUNNING is IFF_RUNNING, which is `LOWER_UP` as ip prints it, for devices that are up. */
function flagsOf(words: string): string[] {
  const flags = words.split(/[, ]+/).filter((word) => word !== "");
  return flags.includes("RUNNING") ? [...flags, "LOWER_UP"] : flags;
}

function readLinkType(text: string, written: WrittenInterface): void {
  for (const [pattern, type] of LINK_TYPES) if (pattern.test(text)) written.linkType ??= type;
}

function readPart(text: string, line: number, written: WrittenInterface, findings: DumpFindings): void {
  readLinkType(text, written);
  const ether = ETHER.exec(text);
  if (ether !== null) written.mac ??= macOf(ether[1] ?? "");
  const flags = OLD_FLAGS.exec(text);
  const address = INET6.test(text) ? inet6(text, line) : INET.test(text) ? inet(text, line) : null;
  if (flags !== null) {
    written.mtu ??= unsigned(flags[2] ?? "", 0xffffffff);
    written.flags = [...new Set([...(written.flags ?? []), ...flagsOf(flags[1] ?? "")])];
  } else if (address !== null) written.addresses.push(address);
  else if (ether === null && !STATISTICS.test(text)) {
    findings.add("unknown-line", "warning", line, `Not a line of ifconfig: ${quote(text)}.`);
  }
}

/** Sixteen bytes with dashes are what devices without an address have. */
function macOf(text: string): string | null {
  return /^[\da-f]{2}(?::[\da-f]{2}){5}$/i.test(text) ? text.toLowerCase() : null;
}

function inet(text: string, line: number): WrittenAddress {
  const mask = parseAddress(MASK.exec(text)?.[1] ?? "");
  const broadcast = BROADCAST.exec(text)?.[1] ?? null;
  const local = INET.exec(text)?.[1] ?? "";
  return {
    line,
    local,
    prefixLength: (mask === null ? null : maskLength(mask)) ?? 32,
    peer: PEER.exec(text)?.[1] ?? null,
    broadcast: broadcast === "0.0.0.0" ? null : broadcast,
    scope: local.startsWith("127.") ? "host" : "global",
    flags: new Set(),
  };
}

function inet6(text: string, line: number): WrittenAddress {
  const [, local = "", short, long] = INET6.exec(text) ?? [];
  const scope = SCOPE.exec(text);
  const name = (scope?.[1] ?? scope?.[2] ?? "global").toLowerCase();
  return {
    line,
    local,
    prefixLength: Number(short ?? long ?? 128),
    peer: null,
    broadcast: null,
    scope: name,
    flags: new Set(),
  };
}
