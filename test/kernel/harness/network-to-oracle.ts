import type { Host } from "../../../src/model/host.ts";
import type { Interface } from "../../../src/model/interface.ts";
import type { Network } from "../../../src/model/network.ts";
import type { PolicyRule } from "../../../src/model/policy-rule.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { formatProtocol, TCP } from "../../../src/net/protocol.ts";
import { printRoute } from "../../../src/readers/ip/print-route.ts";
import { printIpSet } from "../../../src/readers/ipset/print-save.ts";
import { printRuleset } from "../../../src/readers/iptables/print.ts";

/** What a Network does not say about its rebuilding. */
export interface BuildOptions {
  /** Hosts whose kernel answers nothing by itself. */
  readonly mute?: readonly string[];
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
    hosts: [...network.hosts.values()].map(hostRequest),
    links,
    segments,
  };
}

function hostRequest(host: Host): object {
  const loopback = host.interfaces.get("lo");
  const extra = loopback === undefined ? [] : addressTexts(loopback).filter((text) => text !== "127.0.0.1/8");
  return {
    name: host.name,
    sysctls: Object.fromEntries(host.sysctls),
    interfaces: [...host.interfaces.values()].filter(({ name }) => name !== "lo").map(interfaceRequest),
    // In the commands, because neighbours and addresses of lo must stand before the routes that need them.
    commands: [
      ...extra.map((text) => `ip addr add ${text} dev lo`),
      ...host.neighbours.map(
        (item) =>
          `ip neigh replace ${formatAddress(item.address)} lladdr ${item.mac ?? ""} dev ${item.interface} nud permanent`,
      ),
      ...host.policyRules.filter((rule) => !isDefaultRule(rule)).map((rule) => `ip rule add ${printPolicyRule(rule)}`),
      ...host.routes
        .filter(({ protocol }) => protocol !== "kernel")
        .map((route) => `ip route add ${printRoute(route).replaceAll("\n", " ")}`),
      ...host.fdb.map(
        (entry) =>
          `bridge fdb append ${entry.mac} dev ${entry.interface} dst ${entry.destination === null ? "" : formatAddress(entry.destination)}`,
      ),
    ],
    listen: host.sockets.map((socket) => `${socket.protocol === TCP ? "tcp" : "udp"}/${socket.port}`),
    ipsets: [...host.ipSets.values()].map((set) => `${printIpSet(set)}\n`).join(""),
    rulesets: host.rulesets.map((ruleset) => ({
      family: ruleset.family,
      backend: ruleset.backend,
      text: printRuleset(ruleset),
    })),
  };
}

function addressTexts(device: Interface): readonly string[] {
  return device.addresses.map((item) => `${formatAddress(item.address)}/${item.prefixLength}`);
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
    ...(vxlan === null
      ? {}
      : {
          vxlan: {
            id: vxlan.vni,
            port: vxlan.port,
            learning: vxlan.learning,
            ...(vxlan.local === null ? {} : { local: formatAddress(vxlan.local) }),
            ...(vxlan.device === null ? {} : { dev: vxlan.device }),
          },
        }),
  };
}

function isDefaultRule(rule: PolicyRule): boolean {
  return rule.priority === 0 || rule.priority === 32766 || rule.priority === 32767;
}

function range({ first, last }: { readonly first: number; readonly last: number }): string {
  return first === last ? String(first) : `${first}-${last}`;
}

/** The arguments of `ip rule add`. */
export function printPolicyRule(rule: PolicyRule): string {
  const words: string[] = rule.not ? ["not"] : [];
  words.push("from", rule.from === null ? "all" : formatPrefix(rule.from));
  if (rule.to !== null) words.push("to", formatPrefix(rule.to));
  if (rule.inInterface !== null) words.push("iif", rule.inInterface);
  if (rule.outInterface !== null) words.push("oif", rule.outInterface);
  if (rule.mark !== null) words.push("fwmark", `${rule.mark.value}/${rule.mark.mask}`);
  if (rule.tos !== 0) words.push("tos", `0x${rule.tos.toString(16)}`);
  if (rule.protocol !== null) words.push("ipproto", formatProtocol(rule.protocol));
  if (rule.sport !== null) words.push("sport", range(rule.sport));
  if (rule.dport !== null) words.push("dport", range(rule.dport));
  if (rule.uidRange !== null) words.push("uidrange", `${rule.uidRange.first}-${rule.uidRange.last}`);
  words.push("pref", String(rule.priority));
  if (rule.suppressPrefixLength !== null) words.push("suppress_prefixlength", String(rule.suppressPrefixLength));
  switch (rule.action.kind) {
    case "lookup":
      words.push("table", String(rule.action.table));
      break;
    case "goto":
      words.push("goto", String(rule.action.priority));
      break;
    case "unmodelled":
      throw new Error(`a rule that podpath does not model: ${rule.action.text}`);
    default:
      words.push(rule.action.kind);
  }
  return words.join(" ");
}
