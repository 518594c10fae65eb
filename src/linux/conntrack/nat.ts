import { type Address, compareAddresses } from "../../net/address.ts";
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
import { isTaken, isUsed, keyKind, keyOf, uniqueKey } from "./nat-port.ts";
import { type NatRange, natRange } from "./nat-range.ts";
import { noteSource, translationsOf } from "./nat-source.ts";
import { invertTuple, sameTuple, tuple } from "./tuple.ts";

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
  if ((connection.status & IPS_CONFIRMED) !== 0 || natInitialized(connection, manip)) return NF_ACCEPT;
  const current = invertTuple(connection.reply);
  if (current === null) return NF_ACCEPT;
  const chosen = uniqueTuple(runtime, connection, current, manip, range);
  if (!sameTuple(chosen, current)) {
    const reply = invertTuple(chosen);
    if (reply !== null) connection.reply = reply;
    connection.status |= manip === "SNAT" ? IPS_SRC_NAT : IPS_DST_NAT;
  }
  if (manip === "SNAT") noteSource(runtime.conntrack, connection);
  connection.status |= manip === "SNAT" ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE;
  return NF_ACCEPT;
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

/** get_unique_tuple(). */
function uniqueTuple(
  runtime: HostRuntime,
  connection: Connection,
  current: Tuple,
  manip: Manip,
  range: NatRange,
): Tuple {
  const random = range.random || range.fullyRandom;
  const { zone } = connection.original;
  if (manip === "SNAT" && !random) {
    if (sourceInRange(runtime, current, range)) {
      if (!isUsed(runtime, connection, current)) return current;
    } else {
      for (const earlier of translationsOf(runtime.conntrack, current, zone, runtime.services.now())) {
        if (!sourceInRange(runtime, earlier, range)) continue;
        if (!isUsed(runtime, connection, earlier)) return earlier;
        break;
      }
    }
  }
  const own = manip === "SNAT" ? current.src : current.dst;
  const address = natAddress(current, own, range, zone);
  const { src, dst, protocol, sport, dport } = current;
  const candidate =
    manip === "SNAT"
      ? tuple(address, dst, protocol, sport, dport, current.zone)
      : tuple(src, address, protocol, sport, dport, current.zone);
  if (!random) {
    if (range.ports === null) {
      if (!isUsed(runtime, connection, candidate)) return candidate;
    } else if (range.portBase === null && keyInRange(runtime, candidate, manip, range)) {
      const fixed = range.ports.first === range.ports.last;
      if (fixed || !isUsed(runtime, connection, candidate)) return candidate;
    }
  }
  return uniqueKey(runtime, connection, candidate, manip, range);
}

/** nf_in_range(): whether the source needs no change. */
function sourceInRange(runtime: HostRuntime, tuple: Tuple, range: NatRange): boolean {
  const { addresses, netmap } = range;
  if (netmap !== null && compareAddresses(natAddress(tuple, tuple.src, range, 0), tuple.src) !== 0) return false;
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
