import { ICMP, ICMPV6, UDP, UDPLITE } from "../../net/protocol.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { type Connection, IPS_DYING, IPS_FIXED_TIMEOUT, IPS_NAT_CLASH } from "./connection.ts";
import { addReplyOnly } from "./table.ts";
import { sameTuple } from "./tuple.ts";
import { findReplyRival } from "./zone.ts";

/** Seconds that an entry lives which lost a race and is filed under its reply only. */
const CLASH_TIMEOUT = 1;

/** `allow_clash` of the trackers. */
export function mayClash(protocol: number): boolean {
  return protocol === UDP || protocol === UDPLITE || protocol === ICMP || protocol === ICMPV6;
}

/**
 * nf_ct_can_merge(): both have both tuples in common, in the same directions or each as the other's reply. Kernels before 6.12
 * took all that meets an untranslated connection for its packet.
 */
function isOneFlow(winner: Connection, loser: Connection): boolean {
  return (
    (sameTuple(winner.original, loser.original) && sameTuple(winner.reply, loser.reply)) ||
    (sameTuple(winner.original, loser.reply) && sameTuple(winner.reply, loser.original))
  );
}

/**
 * nf_ct_resolve_clash(): a new connection meets one that has one of its tuples. A packet of the same flow joins the
 * winner; a flow that was translated otherwise is filed for its answer alone; all else is dropped (false).
 */
export function resolveClash(
  runtime: HostRuntime,
  skb: Skb,
  winner: Connection,
  loser: Connection,
  now: number,
): boolean {
  if (!mayClash(winner.original.protocol) || (winner.status & IPS_DYING) !== 0) return false;
  if (isOneFlow(winner, loser)) {
    winner.originalPackets += loser.originalPackets;
    winner.originalBytes += loser.originalBytes;
    skb.connection = winner;
    return true;
  }
  if (findReplyRival(runtime.conntrack, loser, now) >= 0) return false;
  loser.expires = now + CLASH_TIMEOUT;
  loser.status |= IPS_FIXED_TIMEOUT | IPS_NAT_CLASH;
  addReplyOnly(runtime.conntrack, loser);
  return true;
}
