import type { Address } from "../../net/address.ts";
import { hostPrefix, parsePrefix, prefixContains } from "../../net/prefix.ts";
import { ICMP, ICMPV6, parseProtocol } from "../../net/protocol.ts";
import { holdsAddress, type LabelledAddresses } from "../labelled-addresses.ts";
import type { CalicoRule, EntityRule, PolicyPort } from "../network-policy.ts";
import { type LabelLookup, matchesSelector, NAMESPACE_LABEL } from "../selector/matches-selector.ts";
import { parseSelector } from "../selector/parse-selector.ts";
import { prefixLabels } from "../selector/prefix-labels.ts";
import type { Selector } from "../selector/selector.ts";

/** What policies look at in the first packet of a connection. */
export interface PolicyPacket {
  readonly src: Address;
  readonly dst: Address;
  /** IP protocol number. */
  readonly protocol: number;
  /** Host order; 0 for protocols without. */
  readonly sport: number;
  readonly dport: number;
  readonly icmp: { readonly type: number; readonly code: number } | null;
}

/** An address of a Service's endpoint with the ports that its EndpointSlices give. */
export interface ServiceEndpoint {
  readonly address: Address;
  readonly ports: readonly { readonly protocol: number; readonly port: number }[];
}

/** Everybody whose addresses rules can ask for. */
export interface AddressBook {
  readonly holders: readonly LabelledAddresses[];
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, readonly ServiceEndpoint[]>;
}

/** Whether the labels, each under a prefix, are what the selector's text asks for. */
export function chooses(text: string, labels: LabelLookup, prefix = ""): boolean {
  const { selector } = parseSelector(text);
  return selector !== null && matchesSelector(selector, (label) => labels(prefix + label));
}

/** What a namespace selector asks of those inside: `all()` is any namespace, and `global()` none. */
export function ofNamespaces(selector: Selector): Selector {
  const inside: Selector = { kind: "has", label: NAMESPACE_LABEL };
  switch (selector.kind) {
    case "all":
      return inside;
    case "global":
      return { kind: "!", operand: inside };
    case "!":
      return { kind: "!", operand: ofNamespaces(selector.operand) };
    case "&&":
    case "||":
      return { ...selector, operands: selector.operands.map(ofNamespaces) };
    default:
      return prefixLabels(selector, "pcns.");
  }
}

/** Whether the holder is one that the side's positive selectors ask for. */
function isAskedFor(side: EntityRule, holder: LabelledAddresses, namespace: string | null): boolean {
  const labels: LabelLookup = (label) => holder.labels.get(label);
  if (side.namespaceSelector !== "") {
    const { selector } = parseSelector(side.namespaceSelector);
    if (selector === null || !matchesSelector(ofNamespaces(selector), labels)) return false;
  } else if (namespace !== null && labels(NAMESPACE_LABEL) !== namespace) return false;
  if (side.selector !== "" && !chooses(side.selector, labels)) return false;
  const accounts = side.serviceAccounts;
  if (accounts === null) return true;
  const account = labels("projectcalico.org/serviceaccount");
  if (accounts.names.length > 0 && (account === undefined || !accounts.names.includes(account))) return false;
  return accounts.selector === "" || chooses(accounts.selector, labels, "pcsa.");
}

function matchesNumber(ports: readonly PolicyPort[], port: number): boolean {
  return ports.some((range) => range.kind === "range" && port >= range.first && port <= range.last);
}

/** Whether a chosen endpoint at the address has the port under one of the names. */
function matchesName(
  ports: readonly PolicyPort[],
  holders: readonly LabelledAddresses[],
  protocol: number,
  port: number,
): boolean {
  const names = ports.flatMap((wanted) => (wanted.kind === "named" ? [wanted.name] : []));
  return holders.some((holder) =>
    holder.namedPorts.some((own) => names.includes(own.name) && own.protocol === protocol && own.port === port),
  );
}

/** Lists of networks of one family make a rule one of that family, whether they ask or exclude. */
function isOfOtherFamily(nets: readonly string[], family: 4 | 6): boolean {
  return nets.length > 0 && nets.every((net) => parsePrefix(net)?.address.family !== family);
}

function isInside(address: Address, nets: readonly string[]): boolean {
  return nets.some((net) => {
    const prefix = parsePrefix(net);
    return prefix !== null && prefixContains(prefix, address);
  });
}

function matchesSide(
  side: EntityRule,
  isSource: boolean,
  packet: PolicyPacket,
  namespace: string | null,
  world: AddressBook,
): boolean {
  const address = isSource ? packet.src : packet.dst;
  const port = isSource ? packet.sport : packet.dport;
  if (isOfOtherFamily(side.nets, address.family) || isOfOtherFamily(side.notNets, address.family)) return false;
  if (side.nets.length > 0 && !isInside(address, side.nets)) return false;
  if (isInside(address, side.notNets)) return false;

  const at = world.holders.filter((holder) => holdsAddress(holder, address));
  const limitsNamespace = namespace !== null && side.notSelector !== "";
  const accounts = side.serviceAccounts;
  const limitsAccounts = accounts !== null && (accounts.names.length > 0 || accounts.selector !== "");
  const positive = side.selector !== "" || side.namespaceSelector !== "" || limitsAccounts || limitsNamespace;
  const asked = positive ? at.filter((holder) => isAskedFor(side, holder, namespace)) : at;
  const excluded = (holder: LabelledAddresses): boolean =>
    side.notSelector !== "" && chooses(side.notSelector, (label) => holder.labels.get(label));
  const chosen = positive ? asked.filter((holder) => !excluded(holder)) : asked;
  const named = positive ? chosen : world.holders.filter((holder) => holdsAddress(holder, address));
  const byName = matchesName(side.ports, named, packet.protocol, port);
  if (positive && chosen.length === 0) return false;
  if (!positive && at.some(excluded)) return false;
  if (side.ports.length > 0 && !matchesNumber(side.ports, port) && !byName) return false;
  if (matchesNumber(side.notPorts, port) || matchesName(side.notPorts, named, packet.protocol, port)) return false;

  if (side.services === null) return true;
  const endpoints = world.services.get(`${side.services.namespace}/${side.services.name}`) ?? [];
  return endpoints.some(
    (endpoint) =>
      prefixContains(hostPrefix(endpoint.address), address) &&
      (isSource || endpoint.ports.some((own) => own.protocol === packet.protocol && own.port === port)),
  );
}

function matchesIcmp(wanted: NonNullable<CalicoRule["icmp"]>, packet: PolicyPacket): boolean {
  if (packet.icmp === null || packet.icmp.type !== wanted.type) return false;
  return wanted.code === null || wanted.code === packet.icmp.code;
}

/** Whether the packet is one that the rule speaks of. */
export function matchesRule(
  rule: CalicoRule,
  packet: PolicyPacket,
  namespace: string | null,
  world: AddressBook,
): boolean {
  const { family } = packet.src;
  const spoken = rule.protocol === null ? null : parseProtocol(rule.protocol.toLowerCase());
  const implied = spoken === ICMP ? 4 : spoken === ICMPV6 ? 6 : null;
  if ((rule.ipVersion ?? implied ?? family) !== family) return false;
  if (rule.protocol !== null && spoken !== packet.protocol) return false;
  if (rule.notProtocol !== null && parseProtocol(rule.notProtocol.toLowerCase()) === packet.protocol) return false;
  if (rule.icmp !== null && !matchesIcmp(rule.icmp, packet)) return false;
  if (rule.notICMP !== null && matchesIcmp(rule.notICMP, packet)) return false;
  return (
    matchesSide(rule.source, true, packet, namespace, world) &&
    matchesSide(rule.destination, false, packet, namespace, world)
  );
}
