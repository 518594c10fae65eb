import { type Address, compareAddresses, sameAddress, unspecified } from "../../net/address.ts";
import { isFree, valueIn } from "../free-value.ts";
import { NF_ACCEPT, type TargetVerdict } from "../netfilter/verdict.ts";
import type { HostRuntime } from "../runtime.ts";
import { CT_NEW, CT_RELATED, type Skb } from "../skb.ts";
import {
  type Connection,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
  type Tuple,
} from "./connection.ts";
import { natAddress } from "./nat-address.ts";
import { findKey, isTaken, isUsed, isUsedByOther, keyKind, keyOf, makeWay } from "./nat-port.ts";
import { type NatRange, natRange } from "./nat-range.ts";
import { noteSource, translationsOf } from "./nat-source.ts";
import { invertInto, type MutableTuple, passingInverse, sameTuple, scratchTuple, tracksPorts } from "./tuple.ts";

export type Manip = "SNAT" | "DNAT";

const ANYTHING = natRange({});

/** The translated tuple in the making: one object, since one packet at a time is bound. */
const candidate = scratchTuple();

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
  if ((connection.status & IPS_CONFIRMED) !== 0 || natInitialized(connection, manip)) return NF_ACCEPT;
  if (!invertInto(candidate, connection.reply)) return NF_ACCEPT;
  translate(runtime, connection, candidate, manip, range);
  const before = passingInverse(connection.reply);
  if (before === null || !sameTuple(candidate, before)) {
    // Nobody else has the tuple of a connection that is not confirmed: it is written over.
    invertInto(connection.reply, candidate);
    connection.status |= manip === "SNAT" ? IPS_SRC_NAT : IPS_DST_NAT;
  }
  if (manip === "SNAT") noteSource(runtime.conntrack, connection);
  connection.status |= manip === "SNAT" ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE;
  return NF_ACCEPT;
}

/** One address and one port, in the object that holds them for one packet after the other. */
const fixedAddresses = { first: unspecified(4), last: unspecified(4) };
const fixedPorts = { first: 0, last: 0 };
const FIXED: NatRange = natRange({ addresses: fixedAddresses });
const FIXED_WITH_PORT: NatRange = natRange({ addresses: fixedAddresses, ports: fixedPorts });

/** DNAT to one IPv4 address and one port; -1: the port stays. */
export function setUpFixedDnat(runtime: HostRuntime, skb: Skb, address: Address, port: number): TargetVerdict {
  const { connection } = skb;
  if (connection !== null && skb.ctState === CT_NEW && isBoundBy(connection, port)) {
    bindToPort(runtime, connection, address, port);
    return NF_ACCEPT;
  }
  fixedAddresses.first = address;
  fixedAddresses.last = address;
  fixedPorts.first = port;
  fixedPorts.last = port;
  return setUpNat(runtime, skb, "DNAT", port < 0 ? FIXED : FIXED_WITH_PORT);
}

/** Whether DNAT to one port binds the connection, whose own port somebody has chosen. */
function isBoundBy({ status, reply }: Connection, port: number): boolean {
  return (
    port >= 0 &&
    (status & (IPS_CONFIRMED | IPS_DST_NAT_DONE)) === 0 &&
    tracksPorts(reply.protocol) &&
    !isFree(reply.sport)
  );
}

/** What becomes of `setUpNat` where nothing is left to choose: an address and a port, whoever has them. */
function bindToPort(runtime: HostRuntime, connection: Connection, address: Address, port: number): void {
  // Nobody else has the tuple of a connection that is not confirmed: it is written over.
  const reply: MutableTuple = connection.reply;
  const otherPort = reply.sport !== port;
  connection.status |= IPS_DST_NAT_DONE;
  if (!otherPort && sameAddress(reply.src, address)) return;
  reply.src = address;
  reply.sport = port;
  connection.status |= IPS_DST_NAT;
  if (otherPort) makeWay(runtime, connection);
}

/** nf_nat_alloc_null_binding(): no rule spoke, but the tuple must still be unique. A confirmed connection is never bound. */
export function setUpNullBinding(runtime: HostRuntime, skb: Skb, manip: Manip): void {
  const { connection } = skb;
  if (connection === null || (connection.status & IPS_CONFIRMED) !== 0) return;
  // The usual case, without a tuple made for it: nobody has this one.
  if (!isTaken(runtime, connection, connection.reply)) {
    connection.status |= manip === "SNAT" ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE;
    return;
  }
  setUpNat(runtime, skb, manip, ANYTHING);
}

/** get_unique_tuple(): from what the tuple is now to what it becomes. */
function translate(
  runtime: HostRuntime,
  connection: Connection,
  tuple: MutableTuple,
  manip: Manip,
  range: NatRange,
): void {
  const random = range.random || range.fullyRandom;
  const { zone } = connection.original;
  if (manip === "SNAT" && !random) {
    if (sourceInRange(runtime, tuple, range)) {
      if (!isUsedByOther(runtime, connection, tuple)) return;
    } else {
      for (const earlier of translationsOf(runtime.conntrack, tuple, zone, runtime.services.now())) {
        if (!sourceInRange(runtime, earlier, range)) continue;
        if (isUsed(runtime, connection, earlier)) break;
        tuple.src = earlier.src;
        tuple.sport = earlier.sport;
        return;
      }
    }
  }
  if (manip === "SNAT") tuple.src = natAddress(tuple, manip, range, zone);
  else tuple.dst = natAddress(tuple, manip, range, zone);
  if (!random) {
    if (range.ports === null) {
      if (!isUsed(runtime, connection, tuple)) return;
    } else if (range.portBase === null && keyInRange(runtime, tuple, manip, range)) {
      const fixed = range.ports.first === range.ports.last;
      if (fixed || !isUsed(runtime, connection, tuple)) return;
    }
  }
  findKey(runtime, connection, tuple, manip, range);
}

/** nf_in_range(): whether the source needs no change. */
function sourceInRange(runtime: HostRuntime, tuple: Tuple, range: NatRange): boolean {
  const { addresses, netmap } = range;
  if (netmap !== null && compareAddresses(natAddress(tuple, "SNAT", range, 0), tuple.src) !== 0) return false;
  if (netmap === null && addresses !== null && !within(tuple.src, addresses)) return false;
  return keyInRange(runtime, tuple, "SNAT", range);
}

/** l4proto_in_range(): protocols without ports are in every range. */
function keyInRange({ services }: HostRuntime, tuple: Tuple, manip: Manip, { ports }: NatRange): boolean {
  if (ports === null || keyKind(tuple) === "none") return true;
  const key = keyOf(tuple, manip);
  if (isFree(key)) return valueIn(services.freeValues, services.choose, key, [ports]);
  return key >= ports.first && key <= ports.last;
}

function within(address: Address, { first, last }: { readonly first: Address; readonly last: Address }): boolean {
  return compareAddresses(address, first) >= 0 && compareAddresses(address, last) <= 0;
}
