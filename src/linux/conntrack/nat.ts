import { type Address, sameAddress } from "../../net/address.ts";
import { hasPorts, ICMP, ICMPV6 } from "../../net/protocol.ts";
import { freeValue, isFree } from "../free-value.ts";
import { NF_ACCEPT, type TargetVerdict } from "../netfilter/verdict.ts";
import type { HostRuntime } from "../runtime.ts";
import { CT_NEW, CT_RELATED, type Skb } from "../skb.ts";
import {
  type Connection,
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
  type Tuple,
} from "./connection.ts";
import { type NatRange, natRange } from "./nat-range.ts";
import { connectionIn, findSlot } from "./table.ts";
import { invertTuple, sameTuple } from "./tuple.ts";

export type Manip = "SNAT" | "DNAT";

const ANYTHING = natRange({});

/** nf_nat_initialized(): whether this side of the connection is settled. */
export function natInitialized(connection: Connection, manip: Manip): boolean {
  return (connection.status & (manip === "SNAT" ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE)) !== 0;
}

/**
 * nf_nat_setup_info() (net/netfilter/nf_nat_core.c): chooses the translated tuple within the range and writes it into
 * the connection's reply direction. The packet itself is rewritten when the hook ends.
 */
export function setUpNat(runtime: HostRuntime, skb: Skb, manip: Manip, range: NatRange): TargetVerdict {
  const { connection } = skb;
  if (connection === null || (skb.ctState !== CT_NEW && skb.ctState !== CT_RELATED)) return NF_ACCEPT;
  if (natInitialized(connection, manip)) return NF_ACCEPT;
  const current = invertTuple(connection.reply);
  if (current === null) return NF_ACCEPT;
  const chosen = uniqueTuple(runtime, connection, current, manip, range);
  if (!sameTuple(chosen, current)) {
    const reply = invertTuple(chosen);
    if (reply !== null) connection.reply = reply;
    connection.status |= manip === "SNAT" ? IPS_SRC_NAT : IPS_DST_NAT;
  }
  connection.status |= manip === "SNAT" ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE;
  return NF_ACCEPT;
}

/** nf_nat_alloc_null_binding(): no rule spoke, but the tuple must still be unique. */
export function setUpNullBinding(runtime: HostRuntime, skb: Skb, manip: Manip): void {
  const { connection } = skb;
  if (connection !== null && !isTaken(runtime, connection, connection.reply)) {
    connection.status |= manip === "SNAT" ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE;
    return;
  }
  setUpNat(runtime, skb, manip, ANYTHING);
}

/** get_unique_tuple(). */
function uniqueTuple(
  runtime: HostRuntime,
  connection: Connection,
  current: Tuple,
  manip: Manip,
  range: NatRange,
): Tuple {
  const random = range.random || range.fullyRandom;
  if (manip === "SNAT" && !random && inRange(current, manip, range) && !isUsed(runtime, connection, current)) {
    return current;
  }
  const candidate = withAddress(runtime, current, manip, range);
  if (!random) {
    if (range.ports !== null) {
      const port = manip === "SNAT" ? candidate.sport : candidate.dport;
      const fixed = range.ports.first === range.ports.last;
      const inside = port >= range.ports.first && port <= range.ports.last;
      if (range.portBase === null && inside && (fixed || !isUsed(runtime, connection, candidate))) return candidate;
    } else if (!isUsed(runtime, connection, candidate)) {
      return candidate;
    }
  }
  return withPort(runtime, connection, candidate, manip, range);
}

function inRange(tuple: Tuple, manip: Manip, range: NatRange): boolean {
  if (range.netmap !== null) return false;
  const address = manip === "SNAT" ? tuple.src : tuple.dst;
  const port = manip === "SNAT" ? tuple.sport : tuple.dport;
  if (range.addresses !== null && !within(address, range.addresses.first, range.addresses.last)) return false;
  if (range.ports === null) return true;
  if (!hasPorts(tuple.protocol) && tuple.protocol !== ICMP && tuple.protocol !== ICMPV6) return true;
  return port >= range.ports.first && port <= range.ports.last;
}

function within(address: Address, first: Address, last: Address): boolean {
  if (address.family === 4) return address.a >= first.a && address.a <= last.a;
  return sameAddress(address, first) || sameAddress(address, last);
}

/** nf_nat_used_tuple(): the reply to this tuple would already belong to another connection. */
function isUsed(runtime: HostRuntime, connection: Connection, tuple: Tuple): boolean {
  const reply = invertTuple(tuple);
  return reply !== null && isTaken(runtime, connection, reply);
}

/** Whether another connection has the tuple, in either direction. */
function isTaken(runtime: HostRuntime, connection: Connection, tuple: Tuple): boolean {
  const slot = findSlot(runtime.conntrack, tuple, runtime.services.now());
  return slot >= 0 && connectionIn(runtime.conntrack, slot) !== connection;
}

/** find_best_ips_proto(): with several addresses the kernel hashes source and destination. */
function withAddress(runtime: HostRuntime, tuple: Tuple, manip: Manip, range: NatRange): Tuple {
  if (range.addresses === null) return tuple;
  const address = pickAddress(runtime, tuple, manip, range, range.addresses);
  return manip === "SNAT" ? { ...tuple, src: address } : { ...tuple, dst: address };
}

function pickAddress(
  runtime: HostRuntime,
  tuple: Tuple,
  manip: Manip,
  range: NatRange,
  addresses: { readonly first: Address; readonly last: Address },
): Address {
  const { first, last } = addresses;
  if (range.netmap !== null) {
    const { netmap } = range;
    const own = manip === "SNAT" ? tuple.src : tuple.dst;
    const mix = (a: number, b: number, mask: number): number => ((a & mask) | (b & ~mask)) >>> 0;
    return {
      family: own.family,
      a: mix(first.a, own.a, netmap.a),
      b: mix(first.b, own.b, netmap.b),
      c: mix(first.c, own.c, netmap.c),
      d: mix(first.d, own.d, netmap.d),
    };
  }
  if (sameAddress(first, last) || first.family === 6) return first;
  const count = last.a - first.a + 1;
  const shown = Math.min(count, 256);
  const taken = runtime.services.choose({
    kind: "hash",
    variable: `${runtime.host.name} nat address ${tuple.src.a} ${range.persistent ? 0 : tuple.dst.a}`,
    question: `which of ${count} addresses does ${runtime.host.name} translate to?`,
    alternatives: Array.from({ length: shown }, () => ({ label: "an address of the range", probability: 1 / shown })),
  });
  return { family: 4, a: first.a + taken, b: 0, c: 0, d: 0 };
}

/** Ports the kernel tries in turn. */
const PORT_ATTEMPTS = 128;

/**
 * nf_nat_l4proto_unique_tuple(): a port nobody uses. SNAT starts at a random one, which is a free value; DNAT takes the
 * first of its range.
 */
function withPort(runtime: HostRuntime, connection: Connection, tuple: Tuple, manip: Manip, range: NatRange): Tuple {
  const isIcmp = tuple.protocol === ICMP || tuple.protocol === ICMPV6;
  if (!isIcmp && !hasPorts(tuple.protocol)) return tuple;
  const bounds = portBounds(tuple, manip, range, isIcmp);
  if (bounds === null) return tuple;
  const { first, last } = bounds;
  if (range.portBase !== null) {
    const shifted = first + ((tuple.dport - range.portBase) % (last - first + 1));
    return { ...tuple, dport: shifted };
  }
  const withValue = (port: number): Tuple =>
    manip === "SNAT" || isIcmp ? { ...tuple, sport: port } : { ...tuple, dport: port };
  // A port that is taken all the same: the packet is dropped when it is confirmed.
  if (first === last) return withValue(first);
  if (manip === "DNAT" && !range.random && !range.fullyRandom) {
    for (let port = first; port <= Math.min(last, first + PORT_ATTEMPTS - 1); port++) {
      if (!isUsed(runtime, connection, withValue(port))) return withValue(port);
    }
  }
  return withValue(freeValue(runtime.services.freeValues, [{ first, last }]));
}

function portBounds(
  tuple: Tuple,
  manip: Manip,
  range: NatRange,
  isIcmp: boolean,
): { readonly first: number; readonly last: number } | null {
  if (range.ports !== null) return range.ports;
  if (isIcmp) return { first: 0, last: 65535 };
  if (manip === "DNAT") return null;
  const { sport } = tuple;
  if (!isFree(sport) && sport < 512) return { first: 1, last: 511 };
  return !isFree(sport) && sport < 1024 ? { first: 600, last: 1023 } : { first: 1024, last: 65535 };
}
