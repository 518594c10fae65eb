import { deriveConnectedRoutes } from "../../../src/linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../../src/linux/routing/derive-local-routes.ts";
import type { Finding } from "../../../src/model/finding.ts";
import { type Host, host } from "../../../src/model/host.ts";
import {
  type BridgeDevice,
  type BridgePort,
  bridgePort,
  type Interface,
  type InterfaceAddress,
  type InterfaceKind,
  interfaceAddress,
  networkInterface,
  type VxlanDevice,
  vxlanDevice,
} from "../../../src/model/interface.ts";
import type { IpSet } from "../../../src/model/ip-set.ts";
import type { Link } from "../../../src/model/link.ts";
import type { FdbEntry, Neighbour } from "../../../src/model/neighbour.ts";
import { type Network, network } from "../../../src/model/network.ts";
import { type OriginTable, originTable } from "../../../src/model/origin.ts";
import { defaultPolicyRules, type PolicyRule } from "../../../src/model/policy-rule.ts";
import type { Route } from "../../../src/model/route.ts";
import type { Ruleset } from "../../../src/model/ruleset.ts";
import type { ListeningSocket } from "../../../src/model/socket.ts";
import {
  type Address,
  type Family,
  isLinkLocal,
  isLoopback,
  isUnspecified,
  parseAddress,
} from "../../../src/net/address.ts";
import { parseInterfaceAddress, prefixContains, prefixOf } from "../../../src/net/prefix.ts";
import { ICMP, TCP, UDP, UDPLITE } from "../../../src/net/protocol.ts";
import { readRoutes } from "../../../src/readers/ip/route.ts";
import { readPolicyRules } from "../../../src/readers/ip/rule.ts";
import { readIpSetSave } from "../../../src/readers/ipset/save.ts";
import { readIptablesSave } from "../../../src/readers/iptables/save.ts";

/** An interface as a test writes it; addresses as `10.0.0.1/24`. */
export interface LabInterface {
  readonly name: string;
  readonly kind?: Extract<InterfaceKind, "veth" | "bridge" | "vxlan" | "loopback">;
  readonly mac?: string;
  readonly mtu?: number;
  readonly up?: boolean;
  readonly addresses?: readonly string[];
  readonly master?: string;
  readonly vxlan?: LabVxlan;
  readonly noArp?: boolean;
  /** Settings of a bridge port that differ from those at rest. */
  readonly bridgePort?: Partial<BridgePort>;
  readonly bridge?: Partial<BridgeDevice>;
}

/** A VXLAN device as a test writes it; what is not said is as `ip link add … nolearning` makes it. */
export type LabVxlan = Omit<Partial<VxlanDevice>, "local" | "remote"> & {
  readonly vni: number;
  readonly port: number;
  readonly local?: string;
  readonly remote?: string;
};

/** A ruleset in the words of iptables-save or ip6tables-save. */
export interface LabRuleset {
  /** Default 4. */
  readonly family?: Family;
  readonly backend?: "legacy" | "nft";
  readonly text: string;
}

/** A host as a test writes it: texts are what a person would type. */
export interface LabHost {
  readonly name: string;
  readonly interfaces: readonly LabInterface[];
  /** Arguments of `ip route add`; of `ip -6 route add` where `-6 ` stands first. */
  readonly routes?: readonly string[];
  /** Arguments of `ip rule add`; each needs a `pref`. `-6 ` first for IPv6. */
  readonly rules?: readonly string[];
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly rulesets?: readonly LabRuleset[];
  readonly ipsets?: string;
  /** `tcp/80`, `udp/0.0.0.0:53`, `tcp/[fd00::1]:80`, `tcp/[::]:80` (IPv6 alone); with `%eth0` behind it bound to the device. */
  readonly listen?: readonly string[];
  /** `address interface mac [STATE]`: neighbours, permanent unless it says otherwise; `proxy address interface`: answers for others. */
  readonly neighbours?: readonly string[];
  /** `mac vxlan-interface remote [via]`: forwarding entries of VXLAN devices. */
  readonly fdb?: readonly string[];
  /** `mac port bridge`: forwarding entries of bridges, as `bridge fdb add … master static` makes them. */
  readonly bridgeFdb?: readonly string[];
}

export interface Lab {
  readonly hosts: readonly LabHost[];
  /** `host:interface` pairs. */
  readonly links: readonly (readonly [string, string])[];
  readonly segments?: readonly { readonly name: string; readonly members: readonly string[] }[];
  /** Neighbours on links know each other from the start. */
  readonly staticNeighbours?: boolean;
  /** What is learnt below IP (neighbours, forwarding entries) lasts only until the next fresh packet. */
  readonly forget?: boolean;
  /** Programs answer a datagram from the address that was asked even where the kernel refuses that: a mapped sender's. */
  readonly insists?: boolean;
}

/**
 * Settings that keep namespaces of different machines alike, and ICMP error limits off, so that a test need not count
 * (kernel.md R1-R3). `icmp_ratelimit` stays: 0 would empty the bucket that errors of routes are paid from.
 */
export const PLAIN_SYSCTLS: Readonly<Record<string, string>> = {
  "net.ipv4.icmp_ratemask": "0",
  "net.ipv4.icmp_msgs_per_sec": "1000000",
  "net.ipv4.icmp_msgs_burst": "1000000",
  "net.ipv4.conf.all.rp_filter": "0",
  "net.ipv4.conf.default.rp_filter": "0",
  "net.ipv4.conf.all.accept_local": "0",
  "net.ipv4.conf.default.accept_local": "0",
  "net.ipv4.conf.all.route_localnet": "0",
  "net.ipv4.conf.default.route_localnet": "0",
  "net.ipv4.conf.all.send_redirects": "1",
  "net.ipv4.conf.default.send_redirects": "1",
  "net.ipv4.conf.all.arp_ignore": "0",
  "net.ipv4.conf.default.arp_ignore": "0",
};

/**
 * The same for IPv6, which the kernel limits by type alone: an empty mask limits nothing. Link-local addresses are those
 * a lab gives; nothing else comes up by itself.
 */
const PLAIN_SYSCTLS6: Readonly<Record<string, string>> = {
  "net.ipv6.icmp.ratemask": "",
  "net.ipv6.conf.all.forwarding": "0",
  "net.ipv6.conf.default.addr_gen_mode": "1",
  "net.ipv6.conf.all.accept_redirects": "0",
  "net.ipv6.conf.default.accept_redirects": "0",
};

/** Whether any interface of the lab has an IPv6 address: else IPv6 is off in its namespaces. */
function speaksIpv6({ hosts }: Lab): boolean {
  return hosts.some(({ interfaces }) =>
    interfaces.some(({ addresses }) => addresses?.some((text) => text.includes(":")) === true),
  );
}

/** Fails where a reader did not understand what a test wrote; that a rule has no effect is no misunderstanding. */
function sure(findings: readonly Finding[], what: string): void {
  const [first] = findings.filter(({ severity, code }) => severity !== "info" && code !== "bare-rule");
  if (first !== undefined) throw new Error(`${what}: ${first.message}`);
}

/** The address that a test wrote. */
export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`not an address: ${text}`);
  return parsed;
}

function split(place: string): { readonly host: string; readonly interface: string } {
  const at = place.lastIndexOf(":");
  return { host: place.slice(0, at), interface: place.slice(at + 1) };
}

/** MAC addresses as the oracle numbers them, so that both sides mean the same machines. */
function macOf(hostNumber: number, index: number): string {
  const hex = (value: number): string => value.toString(16).padStart(2, "0");
  return `02:00:${hex(hostNumber >> 8)}:${hex(hostNumber & 255)}:00:${hex(index & 255)}`;
}

function labAddress(text: string, earlier: readonly InterfaceAddress[], loopback: boolean): InterfaceAddress {
  // `own peer other/length`, as `ip addr add` takes it
  const [first = "", other = null] = text.split(" peer ");
  const parsed = parseInterfaceAddress(other ?? first);
  const own = other === null ? parsed?.address : parseAddress(first);
  if (parsed === null || own === null || own === undefined) throw new Error(`not an interface address: ${text}`);
  const { length } = parsed;
  const subnet = prefixOf(own, length);
  const secondary = earlier.some(
    (other) => other.prefixLength === length && prefixContains(subnet, other.address) && own.family === 4,
  );
  return interfaceAddress({
    address: own,
    prefixLength: length,
    peer: other === null ? null : parsed.address,
    scope: scopeOf(own, loopback),
    secondary,
  });
}

/** ipv6_link_dev_addr(): a new IPv6 address stands before those of its scope, link-local ones behind the others. */
function addAddress(addresses: InterfaceAddress[], added: InterfaceAddress): void {
  const isBehind = ({ address: other }: InterfaceAddress): boolean =>
    other.family === 6 && added.address.family === 6 && (isLinkLocal(other) || !isLinkLocal(added.address));
  const at = addresses.findIndex(isBehind);
  if (at < 0) addresses.push(added);
  else addresses.splice(at, 0, added);
}

/** What iproute2 gives (ip/ipaddress.c default_scope), and the kernel to IPv6 addresses (ipv6_addr_scope). */
function scopeOf(own: Address, loopback: boolean): InterfaceAddress["scope"] {
  if (own.family === 6) return isLinkLocal(own) ? "link" : isLoopback(own) ? "host" : "global";
  return loopback && own.a >>> 24 === 127 ? "host" : "global";
}

const LOOPBACK_ADDRESSES: readonly InterfaceAddress[] = [
  interfaceAddress({ address: address("127.0.0.1"), prefixLength: 8, scope: "host" }),
  interfaceAddress({ address: address("::1"), prefixLength: 128, scope: "host" }),
];

/** What the kernel gives a device; a bridge follows the smallest of its ports. */
function ownMtu(item: LabInterface, all: readonly LabInterface[]): number {
  if (item.name === "lo") return 65536;
  if (item.vxlan !== undefined) return 1450;
  if (item.kind !== "bridge") return 1500;
  const ports = all.filter(({ master }) => master === item.name);
  return Math.min(1500, ...ports.map((port) => port.mtu ?? ownMtu(port, all)));
}

function labInterfaces({ interfaces }: LabHost, hostNumber: number, six: boolean): ReadonlyMap<string, Interface> {
  const atRest = LOOPBACK_ADDRESSES.slice(0, six ? 2 : 1);
  const made = new Map<string, Interface>([["lo", networkInterface({ name: "lo", index: 1, addresses: atRest })]]);
  interfaces.forEach((item, position) => {
    const isLoopback = item.name === "lo";
    const addresses: InterfaceAddress[] = isLoopback ? [...atRest] : [];
    for (const text of item.addresses ?? []) addAddress(addresses, labAddress(text, addresses, isLoopback));
    const vxlan: VxlanDevice | null =
      item.vxlan === undefined
        ? null
        : vxlanDevice({
            learning: false,
            ...item.vxlan,
            local: item.vxlan.local === undefined ? null : address(item.vxlan.local),
            remote: item.vxlan.remote === undefined ? null : address(item.vxlan.remote),
          });
    made.set(
      item.name,
      networkInterface({
        name: item.name,
        index: isLoopback ? 1 : position + 2,
        kind: isLoopback ? "loopback" : (item.kind ?? "veth"),
        mac: isLoopback ? null : (item.mac ?? macOf(hostNumber, position + 2)),
        mtu: item.mtu ?? ownMtu(item, interfaces),
        up: item.up ?? true,
        addresses,
        master: item.master ?? null,
        vxlan,
        noArp: item.noArp ?? false,
        bridge:
          item.kind === "bridge"
            ? { vlanFiltering: false, nfCallIptables: false, nfCallIp6tables: false, ...item.bridge }
            : null,
        bridgePort: item.bridgePort === undefined ? null : bridgePort(item.bridgePort),
      }),
    );
  });
  return made;
}

/** Gives next hops that name only a gateway the device the kernel would find for them. */
function withDevices(route: Route, interfaces: ReadonlyMap<string, Interface>): Route {
  return {
    ...route,
    nextHops: route.nextHops.map((hop) => {
      const { gateway } = hop;
      const live = (name: string | null): typeof hop => {
        const found = name === null ? undefined : interfaces.get(name);
        return { ...hop, interface: name, linkdown: found?.up === true && !found.carrier };
      };
      if (hop.interface !== null || gateway === null) return live(hop.interface);
      const device = [...interfaces.values()].find(({ addresses }) =>
        addresses.some((item) => prefixContains(prefixOf(item.address, item.prefixLength), gateway)),
      );
      if (device === undefined) throw new Error("a gateway on no link");
      return live(device.name);
    }),
  };
}

/** The texts of one family, without the `-6 ` that says so. */
function ofFamily(texts: readonly string[] | undefined, family: Family): readonly string[] {
  return (texts ?? [])
    .filter((text) => text.startsWith("-6 ") === (family === 6))
    .map((text) => text.replace(/^-6 /, ""));
}

function labRoutes(
  spec: LabHost,
  interfaces: ReadonlyMap<string, Interface>,
  sysctls: ReadonlyMap<string, string>,
  origins: OriginTable,
): readonly Route[] {
  const written = ([4, 6] as const).flatMap((family) => {
    const text = ofFamily(spec.routes, family).join("\n");
    if (text === "") return [];
    const { routes, findings } = readRoutes(text, `${spec.name}/routes`, origins, { typed: true, family });
    sure(findings, `routes of ${spec.name}`);
    return routes;
  });
  const forwards6 = (device: string): boolean =>
    (sysctls.get(`net.ipv6.conf.${device}.forwarding`) ?? sysctls.get("net.ipv6.conf.all.forwarding")) === "1";
  return [
    ...deriveLocalRoutes(interfaces.values(), forwards6),
    ...deriveConnectedRoutes(interfaces.values()),
    ...written.map((route) => withDevices(route, interfaces)),
  ];
}

function labPolicyRules(spec: LabHost, family: Family, origins: OriginTable): readonly PolicyRule[] {
  const own = ofFamily(spec.rules, family);
  if (own.length === 0) return defaultPolicyRules(family);
  const lines = own.map((text) => {
    const found = /\bpref (\d+)/.exec(text);
    if (found === null) throw new Error(`a rule needs a pref: ${text}`);
    const rest = text.replace(/\s*\bpref \d+/, "");
    return `${found[1] ?? ""}:\t${/\bfrom /.test(rest) ? rest : `from all ${rest}`}`;
  });
  const { rules, findings } = readPolicyRules(lines.join("\n"), `${spec.name}/rules`, origins, family);
  sure(findings, `rules of ${spec.name}`);
  return [...defaultPolicyRules(family), ...rules].sort((x, y) => x.priority - y.priority);
}

/** Reads a ruleset written in a test. */
export function rulesetOf(ruleset: LabRuleset, origins: OriginTable): readonly Ruleset[] {
  const { rulesets, findings } = readIptablesSave(
    { text: ruleset.text, file: "rules", family: ruleset.family ?? 4, backend: ruleset.backend ?? "legacy" },
    origins,
  );
  sure(findings, ruleset.text);
  return rulesets;
}

/** Reads sets written in a test. */
export function ipSetsOf(text: string, origins: OriginTable): ReadonlyMap<string, IpSet> {
  if (text === "") return new Map();
  const { sets, findings } = readIpSetSave(text, "ipsets", origins);
  sure(findings, "ipsets");
  return sets;
}

function labNeighbours(
  lab: Lab,
  spec: LabHost,
  all: ReadonlyMap<string, ReadonlyMap<string, Interface>>,
): readonly Neighbour[] {
  const entry = (target: Address, device: string, mac: string): Neighbour => ({
    address: target,
    interface: device,
    mac,
    state: "PERMANENT",
    router: false,
    proxy: false,
    origin: 0,
  });
  const written = (spec.neighbours ?? []).map((text): Neighbour => {
    const [target = "", device = "", mac = "", state = "PERMANENT"] = text.replace(/^proxy /, "").split(" ");
    const known = NEIGHBOUR_STATES.find((name) => name === state) ?? "PERMANENT";
    return { ...entry(address(target), device, mac), state: known, proxy: text.startsWith("proxy ") };
  });
  if (lab.staticNeighbours !== true) return written;
  for (const members of groups(lab)) {
    for (const own of members) {
      if (own.host !== spec.name) continue;
      for (const other of members) {
        if (other === own) continue;
        const device = all.get(other.host)?.get(other.interface);
        for (const item of device?.addresses ?? []) written.push(entry(item.address, own.interface, device?.mac ?? ""));
      }
    }
  }
  return written;
}

const NEIGHBOUR_STATES = ["PERMANENT", "REACHABLE", "STALE", "DELAY", "PROBE"] as const;

function groups(lab: Lab): readonly (readonly { readonly host: string; readonly interface: string }[])[] {
  return [...lab.links, ...(lab.segments ?? []).map(({ members }) => members)].map((members) => members.map(split));
}

function labFdb(spec: LabHost, interfaces: ReadonlyMap<string, Interface>): readonly FdbEntry[] {
  const entry = (fields: Partial<FdbEntry> & Pick<FdbEntry, "mac" | "interface">): FdbEntry => ({
    destination: null,
    vlan: null,
    master: null,
    permanent: true,
    origin: 0,
    ...fields,
  });
  const remote = (spec.fdb ?? []).map((text) => {
    const [mac = "", device = "", destination = "", via = null] = text.split(" ");
    return entry({ mac, interface: device, destination: address(destination), via });
  });
  const behind = (spec.bridgeFdb ?? []).map((text) => {
    const [mac = "", port = "", master = ""] = text.split(" ");
    return entry({ mac, interface: port, master, permanent: false });
  });
  // What the kernel makes by itself, so that the forwarding database is known to be dumped.
  const own = [...interfaces.values()].flatMap(({ name, mac, kind, master }) => {
    const bridge = kind === "bridge" ? name : master;
    return bridge === null || mac === null ? [] : [entry({ mac, interface: name, master: bridge })];
  });
  return [...own, ...remote, ...behind];
}

function labSockets(spec: LabHost): readonly ListeningSocket[] {
  const wildcard = {
    address: null,
    family: null,
    interface: null,
    process: null,
    certainty: "dumped",
    origin: 0,
  } as const;
  return [
    // The oracle's own: they tell it what was delivered, and hear ICMP errors like any raw socket.
    ...[ICMP, TCP, UDP, UDPLITE].map((protocol) => ({ ...wildcard, protocol, port: 0, raw: true })),
    ...(spec.listen ?? []).map((text) => {
      const [, protocol, address = "", port, device = null] = /^(\w+)\/(?:(.*):)?(\d+)(?:%(.*))?$/.exec(text) ?? [];
      const bound = parseAddress(address.replace(/^\[|\]$/g, ""));
      return {
        ...wildcard,
        protocol: protocol === "tcp" ? TCP : UDP,
        address: bound === null || isUnspecified(bound) ? null : bound,
        family: bound?.family ?? null,
        port: Number(port),
        interface: device,
      };
    }),
  ];
}

type Interfaces = ReadonlyMap<string, ReadonlyMap<string, Interface>>;

/** A veth has carrier while both its ends are up, a bridge while one of its ports has. */
function withCarrier(lab: Lab, all: Interfaces): Interfaces {
  const down = new Set<string>();
  for (const members of lab.links.map((link) => link.map(split))) {
    const ends = members.map(({ host: name, interface: device }) => all.get(name)?.get(device));
    if (ends.every((end) => end?.up === true)) continue;
    for (const { host: name, interface: device } of members) down.add(`${name} ${device}`);
  }
  return new Map(
    [...all].map(([name, devices]) => {
      const live = (device: Interface): boolean => device.up && !down.has(`${name} ${device.name}`);
      const carrier = (device: Interface): boolean => {
        if (device.kind !== "bridge") return live(device);
        const state = (port: Interface): string => port.bridgePort?.state ?? "forwarding";
        return [...devices.values()].some(
          (port) => port.master === device.name && live(port) && state(port) === "forwarding",
        );
      };
      return [name, new Map([...devices].map(([key, device]) => [key, { ...device, carrier: carrier(device) }]))];
    }),
  );
}

/** The model of what a test describes. The oracle builds its namespaces from this same Network. */
export function networkOf(lab: Lab): Network {
  const origins = originTable();
  const six = speaksIpv6(lab);
  const interfaces = withCarrier(
    lab,
    new Map(lab.hosts.map((spec, position) => [spec.name, labInterfaces(spec, position + 1, six)])),
  );
  const hosts = new Map<string, Host>();
  for (const spec of lab.hosts) {
    const own = interfaces.get(spec.name) ?? new Map<string, Interface>();
    const sysctls = new Map(Object.entries({ ...PLAIN_SYSCTLS, ...(six ? PLAIN_SYSCTLS6 : {}), ...spec.sysctls }));
    hosts.set(
      spec.name,
      host({
        name: spec.name,
        kind: "host",
        interfaces: own,
        routes: labRoutes(spec, own, sysctls, origins),
        policyRules: [...labPolicyRules(spec, 4, origins), ...labPolicyRules(spec, 6, origins)],
        sysctls,
        rulesets: (spec.rulesets ?? []).flatMap((ruleset) => rulesetOf(ruleset, origins)),
        ipSets: ipSetsOf(spec.ipsets ?? "", origins),
        neighbours: labNeighbours(lab, spec, interfaces),
        fdb: labFdb(spec, own),
        sockets: labSockets(spec),
      }),
    );
  }
  const links: Link[] = groups(lab).map((members, position) => ({
    name: lab.segments?.[position - lab.links.length]?.name ?? `link${position}`,
    members,
    closed: true,
    mtu: null,
    origin: 0,
  }));
  return network({ hosts, links, origins });
}
