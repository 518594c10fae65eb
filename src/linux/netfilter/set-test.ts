import type { IpSet } from "../../model/ip-set.ts";
import { formatAddress } from "../../net/address.ts";
import type { Packet } from "../../net/packet.ts";
import { formatProtocol, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE } from "../../net/protocol.ts";
import { isFree, valueIn } from "../free-value.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import {
  type Dimension,
  decidingPorts,
  findMember,
  NO_NAME,
  refusesAddress,
  type SetIndex,
  type SetQuery,
  setDimensions,
  setIndexOf,
} from "./set-index.ts";
import { unknownOutcome } from "./unknown-outcome.ts";
import { FORWARD, type Hook, INPUT, PREROUTING } from "./verdict.ts";

/** Which side of the packet each dimension reads: `src`, `dst` in the order of the rule. */
export type SetSides = readonly ("src" | "dst")[];

/** The query in hand; look-ups do not nest. */
const query: SetQuery = { addresses: [], protocol: 0, port: 0, name: 0, mark: 0 };

/**
 * ip_set_test() (net/netfilter/ipset/ip_set_core.c): whether the packet is in the set; with `returnNomatch`, whether a
 * `nomatch` member holds it instead. A set with fewer sides given than it has dimensions, or of the other family, holds
 * nothing. Sets that are not there, incomplete, or of a type podpath does not know ask the chooser.
 */
export function setHolds(
  runtime: HostRuntime,
  name: string,
  sides: SetSides,
  returnNomatch: boolean,
  skb: Skb,
  hook: Hook,
): boolean {
  const set = runtime.host.ipSets.get(name);
  if (set === undefined) return unknownMembership(runtime, name, null, sides, returnNomatch, skb);
  if (set.type === "list:set") return listHolds(runtime, set, sides, returnNomatch, skb, hook);
  const index = setIndexOf(set);
  if (index === null) return unknownMembership(runtime, name, null, sides, returnNomatch, skb);
  if (sides.length < index.dimensions.length) return false;
  if (index.family !== null && index.family !== skb.packet.src.family) return false;
  if (!fillQuery(index, sides, skb, hook)) return false;
  const held = queryHolds(runtime, index, returnNomatch);
  // A missing member can add a match, and in sets of nets also take one away.
  if (set.complete || (held && !index.hasNets)) return held;
  return unknownMembership(runtime, name, index.dimensions, sides, returnNomatch, skb);
}

/** list_set_ktest(): the first member set that holds the packet decides. */
function listHolds(
  runtime: HostRuntime,
  list: IpSet,
  sides: SetSides,
  returnNomatch: boolean,
  skb: Skb,
  hook: Hook,
): boolean {
  const now = runtime.services.now();
  for (const member of list.members) {
    const [element] = member.elements;
    if (element?.kind !== "set" || (member.timeout !== null && member.timeout > 0 && now > member.timeout)) continue;
    // The kernel takes no list:set into a list:set.
    if (runtime.host.ipSets.get(element.name)?.type === "list:set") continue;
    if (setHolds(runtime, element.name, sides, returnNomatch, skb, hook)) return true;
  }
  return list.complete ? false : unknownMembership(runtime, list.name, null, sides, returnNomatch, skb);
}

function queryHolds(runtime: HostRuntime, index: SetIndex, returnNomatch: boolean): boolean {
  const { services } = runtime;
  const now = services.now();
  if (isFree(query.port)) {
    const ports = decidingPorts(index, query, now);
    const wanted = returnNomatch && index.hasNets ? ports.nomatch : ports.match;
    return valueIn(services.freeValues, services.choose, query.port, wanted);
  }
  const member = findMember(index, query, now);
  if (member < 0) return false;
  if (!index.hasNets) return true;
  return (index.set.members[member]?.nomatch === true) === returnNomatch;
}

/** Reads the packet's side of every dimension; false when it has none (the kernel's -EINVAL), so that it is in no set. */
function fillQuery(index: SetIndex, sides: SetSides, skb: Skb, hook: Hook): boolean {
  const { packet } = skb;
  const { dimensions } = index;
  const bitmapPort = index.set.type === "bitmap:port";
  let address = 0;
  query.protocol = 0;
  query.port = 0;
  query.name = 0;
  query.mark = 0;
  for (let at = 0; at < dimensions.length; at++) {
    const source = sides[at] === "src";
    switch (dimensions[at]) {
      case "ip":
      case "net": {
        const value = source ? packet.src : packet.dst;
        if (refusesAddress(index, value)) return false;
        query.addresses[address++] = value;
        break;
      }
      case "port":
        if (!hasSetPort(packet, bitmapPort)) return false;
        query.protocol = bitmapPort ? 0 : packet.protocol;
        query.port = setPort(packet, source);
        break;
      case "mac": {
        // Only packets that arrived have an Ethernet header when the hooks run.
        const mac = hook === PREROUTING || hook === INPUT || hook === FORWARD ? macOf(skb, source) : "";
        if (mac === "") return false;
        query.name = index.names.get(mac) ?? NO_NAME;
        break;
      }
      case "iface": {
        const device = source ? skb.input : skb.output;
        if (device === null) return false;
        query.name = index.names.get(device.name) ?? NO_NAME;
        break;
      }
      case "mark":
        query.mark = (skb.mark & index.markMask) | 0;
        break;
    }
  }
  return true;
}

function macOf(skb: Skb, source: boolean): string {
  const mac = source ? skb.sourceMac : skb.destinationMac;
  return mac === "00:00:00:00:00:00" ? "" : mac;
}

/**
 * Whether ip_set_get_ip4_port()/ip_set_get_ip6_port() find a port (net/netfilter/ipset/ip_set_getport.c): not in
 * further fragments, except in IPv4 for protocols without ports. bitmap:port knows TCP and UDP only.
 */
function hasSetPort(packet: Packet, bitmapPort: boolean): boolean {
  const { protocol } = packet;
  if (protocol <= 0) return false;
  if (bitmapPort && protocol !== TCP && protocol !== UDP) return false;
  if (packet.fragmentOffset === 0) return true;
  if (packet.src.family === 6) return false;
  return !(protocol === TCP || protocol === SCTP || protocol === UDP || protocol === UDPLITE || protocol === ICMP);
}

/** get_port(): ICMP's port is `type << 8 | code`; protocols without ports have 0, DCCP too. */
function setPort(packet: Packet, source: boolean): number {
  switch (packet.protocol) {
    case TCP:
    case SCTP:
    case UDP:
    case UDPLITE:
      return source ? packet.sport : packet.dport;
    case ICMP:
    case ICMPV6:
      return (packet.icmpType << 8) | packet.icmpCode;
    default:
      return 0;
  }
}

function unknownMembership(
  runtime: HostRuntime,
  name: string,
  dimensions: readonly Dimension[] | null,
  sides: SetSides,
  returnNomatch: boolean,
  skb: Skb,
): boolean {
  const fields = packetFields(skb, dimensions, sides);
  return unknownOutcome(runtime, {
    item: returnNomatch ? `nomatch of set ${name}` : `set ${name}`,
    fields: `${sides.join(",")} ${fields}`,
    question: `does a ${returnNomatch ? "nomatch member of" : ""} set ${name} hold ${fields}?`.replace("  ", " "),
    no: "it does not",
    yes: "it does",
    command: "ipset save",
  });
}

/** The values the set may look at: those of its dimensions, or all that the sides name when its type is not known. */
function packetFields(skb: Skb, dimensions: readonly Dimension[] | null, sides: SetSides): string {
  const { packet } = skb;
  const words: string[] = [];
  const add = (word: string): void => {
    if (!words.includes(word)) words.push(word);
  };
  sides.forEach((side, at) => {
    const source = side === "src";
    const dimension = dimensions?.[at];
    if (dimensions !== null && dimension === undefined) return;
    if (dimension === undefined || dimension === "ip" || dimension === "net") {
      add(`${side} ${formatAddress(source ? packet.src : packet.dst)}`);
    }
    if (dimension === undefined || dimension === "port") {
      add(`${formatProtocol(packet.protocol)} ${side} port ${setPort(packet, source)}`);
    }
    if (dimension === "mac") add(`${side} mac ${source ? skb.sourceMac : skb.destinationMac}`);
    if (dimension === "iface") add(`${side} interface ${(source ? skb.input : skb.output)?.name ?? "none"}`);
    if (dimension === "mark") add(`mark ${skb.mark}`);
  });
  return words.join(", ");
}

/** Whether the set keeps counters for its members, as far as is known. */
export function setCounts(set: IpSet | undefined): boolean {
  return set === undefined || set.header.split(/\s+/).includes("counters") || setDimensions(set.type) === null;
}
