import { sameForm, type WireForm } from "../messages/message.ts";
import { addressKey, type PrefixKey, type RouteOwner } from "../rib/route.ts";
import type { BgpCore } from "./bgp-core.ts";
import type { Peer, Pending } from "./peer.ts";
import { bucketsOf, sendWrites, writesFor } from "./send-update.ts";

/** Messages that members of an audience are sent, made once: each is sent all but those that tell only what it is not told. */
export interface CommonWrites {
  readonly form: WireForm;
  readonly writes: readonly Uint8Array[];
  /** Positions of the writes that a member is not sent, in order. */
  readonly own: ReadonlyMap<RouteOwner, readonly number[]>;
  /** The same by next hops, whoever has that address: nobody is told of a route to itself. */
  readonly byNextHop: ReadonlyMap<PrefixKey, readonly number[]>;
  /** Members for whom some message would be another one. */
  readonly alone: ReadonlySet<RouteOwner>;
}

/** What goes out to all, but for those whom it does not concern. */
export interface CommonItems {
  readonly items: Iterable<Pending>;
  readonly leftOut: ReadonlyMap<Pending, readonly RouteOwner[]>;
  /** Members for whom more is another one than what is left out. */
  readonly alone: ReadonlySet<RouteOwner>;
  /** Who a route leads to is not among those who are left out yet. */
  readonly byNextHop: boolean;
}

/** The messages of these items. */
export function commonWrites(core: BgpCore, peer: Peer, common: CommonItems, form: WireForm): CommonWrites {
  const own = new Map<RouteOwner, number[]>();
  const byNextHop = new Map<PrefixKey, number[]>();
  const alone = new Set(common.alone);
  const writes: Uint8Array[] = [];
  for (const bucket of bucketsOf(common.items)) {
    const first = writes.length;
    writes.push(...writesFor(core, peer, bucket, form));
    for (const [owner, times] of timesLeftOut(bucket.items, common.leftOut)) {
      if (times < bucket.items.length) alone.add(owner);
      else addPositions(own, owner, first, writes.length);
    }
    const hop = common.byNextHop ? (bucket.attributes?.nextHop ?? null) : null;
    if (hop !== null) addPositions(byNextHop, addressKey(hop), first, writes.length);
  }
  return { form, writes, own, byNextHop, alone };
}

function timesLeftOut(items: readonly Pending[], leftOut: CommonItems["leftOut"]): ReadonlyMap<RouteOwner, number> {
  const times = new Map<RouteOwner, number>();
  for (const item of items) {
    for (const owner of leftOut.get(item) ?? []) times.set(owner, (times.get(owner) ?? 0) + 1);
  }
  return times;
}

function addPositions<K>(positions: Map<K, number[]>, key: K, from: number, to: number): void {
  const known = positions.get(key);
  const list = known ?? [];
  if (known === undefined) positions.set(key, list);
  for (let position = from; position < to; position++) list.push(position);
}

/** Those of a form; null: they were not needed before. */
export function withForm(known: readonly CommonWrites[], form: WireForm): CommonWrites | null {
  for (let index = 0; index < known.length; index++) {
    const one = known[index];
    if (one !== undefined && sameForm(one.form, form)) return one;
  }
  return null;
}

/** Sends a member what all are sent, but for its own; false: it is sent other messages than the rest, and has to be told alone. */
export function sendCommon(core: BgpCore, peer: Peer, { writes, own, byNextHop, alone }: CommonWrites): boolean {
  const { owner } = peer.protocol;
  if (alone.has(owner)) return false;
  const hop = addressKey(peer.exporter.remoteAddress);
  sendWrites(core, peer, writes, both(own.get(owner) ?? NONE, byNextHop.get(hop) ?? NONE));
  return true;
}

const NONE: readonly number[] = [];

function both(x: readonly number[], y: readonly number[]): readonly number[] {
  if (x.length === 0 || y.length === 0) return x.length === 0 ? y : x;
  return [...new Set([...x, ...y])].sort((first, second) => first - second);
}
