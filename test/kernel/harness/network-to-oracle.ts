import type { Host } from "../../../src/model/host.ts";
import type { Interface } from "../../../src/model/interface.ts";
import type { FdbEntry } from "../../../src/model/neighbour.ts";
import type { Network } from "../../../src/model/network.ts";
import type { PolicyRule } from "../../../src/model/policy-rule.ts";
import { type Route, TABLE_MAIN } from "../../../src/model/route.ts";
import type { ListeningSocket } from "../../../src/model/socket.ts";
import { type Family, formatAddress } from "../../../src/net/address.ts";
import { TCP } from "../../../src/net/protocol.ts";
import { printRoute } from "../../../src/readers/ip/print-route.ts";
import { ruleWords } from "../../../src/readers/ip/print-rule.ts";
import { printIpSet } from "../../../src/readers/ipset/print-save.ts";
import { printRuleset } from "../../../src/readers/iptables/print.ts";

/** What a Network does not say about its rebuilding. */
export interface BuildOptions {
  /** Hosts whose kernel answers nothing by itself. */
  readonly mute?: readonly string[];
  /** Fresh packets find nothing that was learnt below IP. */
  readonly forget?: boolean;
  /** Neighbours that do not answer are never given up but by a flush. */
  readonly patient?: boolean;
  /** Programs answer a datagram from the address that was asked even where the kernel refuses that. */
  readonly insists?: boolean;
}

/**
 * The oracle's `build` request for a Network. What the kernel makes by itself (lo, local and connected routes, the
 * policy rules of a fresh namespace) is left to it, so that podpath's own derivation of them is judged too.
 */
export function toBuildRequest(network: Network, options: BuildOptions = {}): object {
  const links: (readonly string[])[] = [];
  const segments: object[] = [];
  for (const link of network.links) {
    const members = link.members.map((member) => `${member.host}:${member.interface}`);
    if (members.length === 2) links.push(members);
    else segments.push({ name: link.name, members });
  }
  return {
    staticNeighbours: false,
    mute: options.mute ?? [],
    forget: options.forget ?? false,
    patient: options.patient ?? false,
    insists: options.insists ?? false,
    hosts: [...network.hosts.values()].map(hostRequest),
    links,
    segments,
  };
}

/** `ip` prints `expires 9sec`, and takes `expires 9`; a table that is not named is another one for it by the type. */
function asArguments(item: Route): string {
  const table = item.table === TABLE_MAIN ? " table main" : "";
  const printed = printRoute(item).replaceAll(" linkdown", "");
  return printed
    .replaceAll("\n", " ")
    .replace(/(expires \d+)sec/, "$1")
    .replace(/(?=\s+nexthop |$)/, table);
}

function hostRequest(host: Host): object {
  const loopback = host.interfaces.get("lo");
  const extra =
    loopback === undefined ? [] : addressTexts(loopback).filter((text) => text !== "127.0.0.1/8" && text !== "::1/128");
  return {
    name: host.name,
    sysctls: Object.fromEntries(host.sysctls),
    interfaces: [...host.interfaces.values()].filter(({ name }) => name !== "lo").map(interfaceRequest),
    // In the commands, because neighbours and addresses of lo must stand before the routes that need them.
    commands: [
      ...[...host.interfaces.values()].flatMap(portCommands),
      ...extra.map((text) => `ip addr add ${text} dev lo`),
      ...host.neighbours.map((item) =>
        item.proxy
          ? `ip neigh add proxy ${formatAddress(item.address)} dev ${item.interface}`
          : `ip neigh replace ${formatAddress(item.address)} lladdr ${item.mac ?? ""} dev ${item.interface} nud ${item.state.toLowerCase()}`,
      ),
      ...host.policyRules
        .filter((rule) => !isDefaultRule(rule))
        .map((rule) => `ip ${familyOption(rule)}rule add ${ruleWords(rule).join(" ")} pref ${rule.priority}`),
      ...host.routes
        .filter(({ protocol }) => protocol !== "kernel")
        .map((route) => `ip ${familyOption(route)}route add ${asArguments(route)}`),
      ...host.fdb.flatMap(fdbCommand),
    ],
    listen: host.sockets
      .filter(({ raw }) => raw !== true)
      .map((socket) => `${socket.protocol === TCP ? "tcp" : "udp"}/${placeOf(socket)}`),
    ipsets: [...host.ipSets.values()].map((set) => `${printIpSet(set)}\n`).join(""),
    rulesets: host.rulesets.map((ruleset) => ({
      family: ruleset.family,
      backend: ruleset.backend,
      text: printRuleset(ruleset),
    })),
  };
}

/** As the oracle reads it: `[address:]port[%interface]`. */
function placeOf({ address, family, port, interface: device }: ListeningSocket): string {
  const wildcard = family === null ? "" : family === 6 ? "[::]:" : "0.0.0.0:";
  const text =
    address === null ? wildcard : `${family === 6 ? `[${formatAddress(address)}]` : formatAddress(address)}:`;
  return `${text}${port}${device === null ? "" : `%${device}`}`;
}

function familyOption({ family }: { readonly family: Family }): string {
  return family === 6 ? "-6 " : "";
}

function fdbCommand(entry: FdbEntry): readonly string[] {
  const { mac, interface: device, destination, via = null, master, permanent } = entry;
  if (destination !== null) {
    const over = via === null ? "" : ` via ${via}`;
    return [`bridge fdb append ${mac} dev ${device} dst ${formatAddress(destination)}${over}`];
  }
  // Entries of a bridge's own addresses are made by the kernel.
  return permanent || master === null ? [] : [`bridge fdb replace ${mac} dev ${device} master static`];
}

function flag(value: boolean): string {
  return value ? "on" : "off";
}

/** Settings of a bridge port as `ip link set … type bridge_slave` takes them. Its state is the kernel's own affair. */
function portCommands(device: Interface): readonly string[] {
  const port = device.bridgePort;
  if (port === null) return [];
  const settings = [
    `hairpin ${flag(port.hairpin)}`,
    `isolated ${flag(port.isolated)}`,
    `learning ${flag(port.learning)}`,
    `flood ${flag(port.flood)}`,
    `mcast_flood ${flag(port.multicastFlood)}`,
    `bcast_flood ${flag(port.broadcastFlood)}`,
    `locked ${flag(port.locked)}`,
  ];
  return [`ip link set dev ${device.name} type bridge_slave ${settings.join(" ")}`];
}

function addressTexts(device: Interface): readonly string[] {
  const ofFamily = (family: Family): readonly string[] =>
    device.addresses
      .filter(({ address }) => address.family === family)
      .map(({ address, peer, prefixLength }) => {
        const own = formatAddress(address);
        return `${peer === null ? own : `${own} peer ${formatAddress(peer)}`}/${prefixLength}`;
      });
  // The newest IPv6 address stands first: given in reverse, they come to stand as they do here.
  return [...ofFamily(4), ...ofFamily(6).toReversed()];
}

function interfaceRequest(device: Interface): object {
  const { vxlan } = device;
  return {
    name: device.name,
    kind: device.kind,
    mac: device.mac,
    mtu: device.mtu,
    up: device.up,
    addresses: addressTexts(device),
    ...(device.master === null ? {} : { master: device.master }),
    ...(device.noArp ? { arp: false } : {}),
    ...(device.bridge === null ? {} : { bridge: { nf_call_iptables: device.bridge.nfCallIptables ? 1 : 0 } }),
    ...(vxlan === null
      ? {}
      : {
          vxlan: {
            id: vxlan.vni,
            port: vxlan.port,
            learning: vxlan.learning,
            ...(vxlan.local === null ? {} : { local: formatAddress(vxlan.local) }),
            ...(vxlan.remote === null ? {} : { remote: formatAddress(vxlan.remote) }),
            ...(vxlan.device === null ? {} : { dev: vxlan.device }),
            ...(vxlan.ttl === 0 ? {} : { ttl: vxlan.ttl }),
            ...(vxlan.tos === 0 ? {} : { tos: vxlan.tos === "inherit" ? "inherit" : `0x${vxlan.tos.toString(16)}` }),
            ...(vxlan.df === "unset" ? {} : { df: vxlan.df }),
            ...(vxlan.sourcePorts === null
              ? {}
              : { srcport: `${vxlan.sourcePorts.first} ${vxlan.sourcePorts.last + 1}` }),
          },
        }),
  };
}

function isDefaultRule(rule: PolicyRule): boolean {
  return rule.priority === 0 || rule.priority === 32766 || rule.priority === 32767;
}
