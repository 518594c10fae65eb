import { sameAddress } from "../net/address.ts";
import { formatPrefix, prefixOf } from "../net/prefix.ts";
import type { FindingCode } from "./codes/finding-codes.ts";
import type { Finding } from "./finding.ts";
import { type Host, knowledgeOf } from "./host.ts";
import type { Interface } from "./interface.ts";
import { type Network, network } from "./network.ts";
import { type Origin, sourceOf } from "./origin.ts";
import type { Route } from "./route.ts";
import type { Rule, Ruleset } from "./ruleset.ts";

/** A Network and what contradicts itself in it. */
export interface BuiltNetwork {
  readonly network: Network;
  readonly findings: readonly Finding[];
}

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
/** Smallest MTU an IPv4 device takes (net/ipv4/devinet.c). */
const LEAST_MTU = 68;

/**
 * Puts a Network together and checks that its parts refer to each other: every link end, next hop, master and jump
 * names something that exists, numbers are in range, prefixes have no host bits. Nothing is left out: an item that is
 * wrong stays, and behaves as the kernel would behave with it.
 */
export function buildNetwork(fields: Parameters<typeof network>[0]): BuiltNetwork {
  const built = network(fields);
  const findings: Finding[] = [];
  const complain = (origin: Origin, code: FindingCode, message: string, expected: string): void => {
    const source = sourceOf(built.origins, origin);
    findings.push({
      code,
      severity: "error",
      message,
      expected,
      ...(source?.file === undefined ? {} : { file: source.file }),
      ...(source?.line === undefined ? {} : { line: source.line }),
    });
  };
  for (const [name, host] of built.hosts) {
    if (name !== host.name) complain(host.origin, "host-name", `host ${host.name} is filed under ${name}`, host.name);
    for (const device of host.interfaces.values()) checkInterface(host, device, complain);
    for (const route of host.routes) checkRoute(host, route, complain);
    for (const ruleset of host.rulesets) checkRuleset(host, ruleset, complain);
  }
  checkLinks(built, complain);
  return { network: built, findings };
}

type Complain = (origin: Origin, code: FindingCode, message: string, expected: string) => void;

function checkInterface(host: Host, device: Interface, complain: Complain): void {
  const say = (code: FindingCode, what: string, expected: string): void =>
    complain(device.origin, code, `${host.name} ${device.name}: ${what}`, expected);
  if (device.mac !== null && !MAC.test(device.mac)) {
    say("mac-address", `MAC address ${device.mac}`, "six lower-case hexadecimal bytes with colons");
  }
  if (!Number.isInteger(device.mtu) || device.mtu < LEAST_MTU) say("mtu", `MTU ${device.mtu}`, `at least ${LEAST_MTU}`);
  if (device.master !== null && !host.interfaces.has(device.master)) {
    say("missing-master", `master ${device.master} does not exist`, "an interface of the same host");
  }
  for (const item of device.addresses) {
    const bits = item.address.family === 4 ? 32 : 128;
    if (item.prefixLength < 0 || item.prefixLength > bits) {
      say("prefix-length", `prefix length ${item.prefixLength}`, `0 to ${bits}`);
    }
  }
}

function checkRoute(host: Host, route: Route, complain: Complain): void {
  const text = `${host.name}: route to ${formatPrefix(route.destination)}`;
  const { address, length } = route.destination;
  if (address.family !== route.family) complain(route.origin, "route-family", text, `IPv${route.family}`);
  if (!sameAddress(prefixOf(address, length).address, address)) {
    complain(route.origin, "host-bits", `${text} has host bits`, formatPrefix(prefixOf(address, length)));
  }
  const interfacesKnown = knowledgeOf(host, "interfaces") === "known";
  for (const hop of route.nextHops) {
    if (interfacesKnown && hop.interface !== null && !host.interfaces.has(hop.interface)) {
      complain(
        route.origin,
        "missing-interface",
        `${text} leaves by ${hop.interface}`,
        "an interface of the same host",
      );
    }
    if (hop.weight < 1) complain(route.origin, "next-hop-weight", `${text}: weight ${hop.weight}`, "at least 1");
  }
}

function checkRuleset(host: Host, ruleset: Ruleset, complain: Complain): void {
  for (const table of ruleset.tables.values()) {
    for (const chain of table.chains.values()) {
      for (const rule of chain.rules) {
        const missing = missingJump(rule, table.chains);
        if (missing === null) continue;
        const text = `${host.name}: ${table.name} ${chain.name} jumps to ${missing}`;
        complain(rule.origin, "missing-chain", text, "a chain of the same table");
      }
    }
  }
}

function missingJump(rule: Rule, chains: ReadonlyMap<string, unknown>): string | null {
  const { target } = rule;
  if (target === null || (target.kind !== "jump" && target.kind !== "goto")) return null;
  return chains.has(target.chain) ? null : target.chain;
}

function checkLinks(built: Network, complain: Complain): void {
  const taken = new Set<string>();
  for (const link of built.links) {
    for (const member of link.members) {
      const end = `${member.host}:${member.interface}`;
      if (built.hosts.get(member.host)?.interfaces.has(member.interface) !== true) {
        complain(link.origin, "missing-interface", `link ${link.name}: there is no ${end}`, "an interface of a host");
      }
      if (taken.has(end)) complain(link.origin, "two-links", `${end} is on two links`, "one link for each interface");
      taken.add(end);
    }
  }
}
