import type { Finding } from "../../model/finding.ts";
import {
  type Interface,
  type InterfaceAddress,
  interfaceAddress,
  networkInterface,
  type VxlanDevice,
} from "../../model/interface.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { type Address, parseAddress } from "../../net/address.ts";
import { addressBits } from "../../net/prefix.ts";
import { type DumpFindings, dumpFindings } from "../dump-findings.ts";
import { dumpLines, quote } from "../dump-text.ts";
import { isJsonDump, jsonElements } from "../json-fields.ts";
import { isIfconfigHeader, writtenIfconfigInterfaces } from "../net-tools/ifconfig.ts";
import { bridgeDevice, bridgePortOf } from "./bridge-options.ts";
import { writtenJsonInterface } from "./interface-json.ts";
import { interfaceKind } from "./interface-kind.ts";
import { writtenTextInterfaces } from "./interface-text.ts";
import { parseMac } from "./mac.ts";
import { unsigned } from "./names.ts";
import { parseOptionalAddress } from "./parse-address.ts";
import type { WrittenAddress, WrittenInterface } from "./written-interface.ts";

/** The namespace at the other end of a veth or below a macvlan: an id of this namespace, or a name of /run/netns. */
export interface LinkNamespace {
  readonly id: number | null;
  readonly name: string | null;
}

export interface InterfaceDump {
  /** In the order written. */
  readonly interfaces: readonly Interface[];
  /** Names of the interfaces whose kind the dump says (`-d`); the kind of others is derived from their name. */
  readonly detailed: ReadonlySet<string>;
  /** `link-netnsid` or `link-netns`, by interface name. */
  readonly namespaces: ReadonlyMap<string, LinkNamespace>;
  readonly findings: readonly Finding[];
}

/** Output of ifconfig has the first line of a device among its first lines. */
const HEAD = 100;

/** Reads what `ip addr` and `ip link` have in common, text or JSON, and what `ifconfig` shows of it. */
export function readInterfaceDump(text: string, file: string, origins: OriginTable): InterfaceDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const written = new Map<string, WrittenInterface>();
  const entries = isJsonDump(lines)
    ? jsonElements(lines, findings).map((element) => writtenJsonInterface(element, findings))
    : lines.slice(0, HEAD).some((line) => isIfconfigHeader(line.text))
      ? writtenIfconfigInterfaces(lines, findings)
      : writtenTextInterfaces(lines, findings);
  for (const entry of entries) {
    if (entry === null) continue;
    if (written.has(entry.name)) {
      findings.add(
        "duplicate-interface",
        "warning",
        entry.line,
        `Interface ${entry.name} occurs twice; the first one counts.`,
      );
    } else written.set(entry.name, entry);
  }
  const interfaces: Interface[] = [];
  const detailed = new Set<string>();
  const namespaces = new Map<string, LinkNamespace>();
  for (const entry of written.values()) {
    interfaces.push(buildInterface(entry, written, origins, originOfFile, findings));
    if (entry.detailed) detailed.add(entry.name);
    if (entry.netnsId !== null || entry.netnsName !== null) {
      namespaces.set(entry.name, { id: entry.netnsId, name: entry.netnsName });
    }
  }
  return { interfaces, detailed, namespaces, findings: findings.list() };
}

function buildInterface(
  entry: WrittenInterface,
  all: ReadonlyMap<string, WrittenInterface>,
  origins: OriginTable,
  file: number,
  findings: DumpFindings,
): Interface {
  if (entry.flags === null) {
    findings.once(
      "no-link-facts",
      "info",
      entry.line,
      "`ip -o addr` does not tell flags and MTU; interfaces are taken to be up.",
    );
  } else if (entry.mtu === null) {
    findings.add("unknown-line", "warning", entry.line, `Interface ${entry.name} has no MTU here; 1500 is used.`);
  }
  const byIndex = /^if(\d{1,10})$/.exec(entry.peer ?? "");
  const lower = entry.peer === null || entry.peer === "NONE" || byIndex !== null ? null : entry.peer;
  const peer = lower === null ? undefined : all.get(lower);
  const kind = interfaceKind(entry, peer !== undefined && peer.peer === entry.name);
  const flags = entry.flags ?? ["UP", "LOWER_UP"];
  return networkInterface({
    name: entry.name,
    index: entry.index,
    kind,
    ...(kind === "other" && entry.kind !== null ? { otherKind: entry.kind } : {}),
    mac: kind === "loopback" || entry.mac === null ? null : parseMac(entry.mac),
    ...(entry.mtu === null ? {} : { mtu: entry.mtu }),
    // The one name that every machine knows (/etc/iproute2/group).
    group: entry.group === "default" ? "0" : entry.group,
    up: flags.includes("UP"),
    carrier: flags.includes("LOWER_UP") && !flags.includes("NO-CARRIER"),
    addresses: entry.addresses.flatMap((address) => {
      const built = buildAddress(address, findings);
      return built === null ? [] : [{ ...built, origin: originAt(origins, file, address.line) }];
    }),
    master: entry.master,
    peerIndex: byIndex === null ? (peer?.index ?? 0) : Number(byIndex[1]),
    lower,
    noArp: kind !== "loopback" && flags.includes("NOARP"),
    vxlan: kind === "vxlan" && entry.kind !== null ? vxlanOptions(entry) : null,
    bridge: kind === "bridge" && entry.kind !== null ? bridgeDevice(entry.options) : null,
    bridgePort: entry.portOptions === null ? null : bridgePortOf(entry.portOptions),
    vlanId: kind === "vlan" && entry.kind !== null ? unsigned(entry.options.get("id") ?? "", 4095) : null,
    ipip:
      kind === "ipip" && entry.kind !== null
        ? { local: optional(entry, "local"), remote: optional(entry, "remote") }
        : null,
    origin: originAt(origins, file, entry.line),
  });
}

/** The default of the kernel (drivers/net/vxlan/vxlan_core.c, vxlan_port), not IANA's 4789. */
const VXLAN_PORT = 8472;

const INHERITED_TOS = 1;

function vxlanOptions(entry: WrittenInterface): VxlanDevice {
  const { options } = entry;
  const ttl = options.get("ttl") ?? "auto";
  const tos = options.get("tos") ?? "0";
  // JSON shows `tos inherit` as the 1 that the kernel keeps.
  const tosValue = /^0x[0-9a-f]{1,2}$/i.test(tos) ? Number(tos) : (unsigned(tos, 255) ?? 0);
  const df = options.get("df");
  const [low = 0, high = 0] = (options.get("srcport") ?? "").split(" ").map((port) => unsigned(port, 65535) ?? 0);
  return {
    vni: options.has("external") ? -1 : (unsigned(options.get("id") ?? "", 0xffffff) ?? 0),
    port: unsigned(options.get("dstport") ?? "", 65535) ?? VXLAN_PORT,
    local: optional(entry, "local"),
    device: options.get("dev") ?? null,
    remote: optional(entry, "remote") ?? optional(entry, "group"),
    learning: !options.has("nolearning"),
    ttl: ttl === "inherit" ? "inherit" : (unsigned(ttl, 255) ?? 0),
    tos: tos === "inherit" || tosValue === INHERITED_TOS ? "inherit" : tosValue,
    df: df === "set" || df === "inherit" ? df : "unset",
    // The end of the range is not used (udp_flow_src_port).
    sourcePorts: low > 0 && high > low ? { first: low, last: high - 1 } : null,
  };
}

function optional(entry: WrittenInterface, name: string): Address | null {
  return parseOptionalAddress(entry.options.get(name) ?? null);
}

const SCOPES: ReadonlyMap<string, InterfaceAddress["scope"]> = new Map([
  ["global", "global"],
  ["site", "site"],
  ["link", "link"],
  ["host", "host"],
]);

function buildAddress(written: WrittenAddress, findings: DumpFindings): InterfaceAddress | null {
  const address = parseAddress(written.local);
  const peer = written.peer === null ? null : parseAddress(written.peer);
  if (
    address === null ||
    (peer === null && written.peer !== null) ||
    written.prefixLength > addressBits(address.family)
  ) {
    findings.add(
      "unreadable-address",
      "error",
      written.line,
      `${quote(`${written.local}/${written.prefixLength}`)} is no address.`,
      {
        expected: "address/length",
      },
    );
    return null;
  }
  const scope = SCOPES.get(written.scope ?? "global");
  if (scope === undefined) {
    findings.add(
      "unmodelled-option",
      "warning",
      written.line,
      `Scope ${quote(written.scope ?? "")} is read as \`global\`.`,
    );
  }
  const { flags } = written;
  return interfaceAddress({
    address,
    prefixLength: written.prefixLength,
    scope: scope ?? "global",
    peer,
    broadcast: parseOptionalAddress(written.broadcast),
    secondary: flags.has("secondary") || flags.has("temporary"),
    dad: flags.has("dadfailed") ? "dadfailed" : flags.has("tentative") ? "tentative" : null,
    deprecated: flags.has("deprecated"),
    noPrefixRoute: flags.has("noprefixroute"),
  });
}
