import type { Skb } from "../skb.ts";
import type { Connection, Tuple } from "./connection.ts";
import { type ConntrackTable, findSlot, findSlotInDirection } from "./table.ts";
import { tuple } from "./tuple.ts";

/** What `-j CT` says about a packet before conntrack sees it (`struct nf_conn` as a template, net/netfilter/xt_CT.c). */
export interface ConntrackTemplate {
  /** Null: the default zone. */
  readonly zone: {
    /** The directions that it is for: the other one stays in the default zone. */
    readonly direction: "both" | "orig" | "reply";
    /** `mark`: the lower half of the packet's mark at the time of the look-up. */
    readonly id: number | "mark";
  } | null;
  readonly helper: string | null;
  readonly timeout: string | null;
  /** The options of its rule, which its mark is kept under. */
  readonly rule: object;
}

/** nf_ct_zone_tmpl() and nf_ct_zone_id(): the zone of the original direction. */
export function originalZone({ template, mark }: Skb): number {
  const zone = template === null ? null : template.zone;
  if (zone === null || zone.direction === "reply") return 0;
  return zone.id === "mark" ? mark & 0xffff : zone.id;
}

/** The zone of the reply direction. */
export function replyZone({ template, mark }: Skb): number {
  const zone = template === null ? null : template.zone;
  if (zone === null || zone.direction === "orig") return 0;
  return zone.id === "mark" ? mark & 0xffff : zone.id;
}

/** The same tuple in another zone. */
export function inZone({ src, dst, protocol, sport, dport }: Tuple, zone: number): Tuple {
  return tuple(src, dst, protocol, sport, dport, zone);
}

/**
 * nf_conntrack_find_get() for a packet with the given zones: where they differ, the original direction is looked for in
 * the one and the reply direction in the other. `wanted` is in the zone `original`.
 */
export function findSlotInZones(
  table: ConntrackTable,
  wanted: Tuple,
  original: number,
  reply: number,
  now: number,
): number {
  if (original === reply) return findSlot(table, wanted, now);
  const slot = findSlotInDirection(table, wanted, false, now);
  return slot >= 0 ? slot : findSlotInDirection(table, inZone(wanted, reply), true, now);
}

/** nf_ct_key_equal(): the slot of a connection that is in the way of one's reply (`addUnlessTaken`). */
export function findReplyRival(table: ConntrackTable, { original, reply }: Connection, now: number): number {
  return original.zone === reply.zone ? findSlot(table, reply, now) : findSlotInDirection(table, reply, true, now);
}
