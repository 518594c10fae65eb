import { sameForm, type WireForm } from "../messages/message.ts";
import type { PrefixKey, RouteOwner } from "../rib/route.ts";
import type { BgpCore } from "./bgp-core.ts";
import type { Peer, Pending } from "./peer.ts";
import { bucketsOf, sendWrites, writesFor } from "./send-update.ts";

/** Messages that most members of an audience are sent, made once. */
export interface CommonWrites {
  readonly form: WireForm;
  readonly writes: readonly Uint8Array[];
  /** By member: the position of the only write that it is not sent. */
  readonly own: ReadonlyMap<RouteOwner, number>;
}

/** All that an audience knows, in order, which those are told who come to it; who told an item hears nothing of it. */
export interface Feed {
  readonly items: ReadonlyMap<PrefixKey, Pending>;
  readonly tellers: ReadonlyMap<Pending, RouteOwner>;
  /** How many items each has told. */
  readonly byTeller: ReadonlyMap<RouteOwner, number>;
  /** Next hops other than this host: a neighbour that is one of them is told alone. */
  readonly nextHops: ReadonlySet<PrefixKey>;
  /** Its messages, in the forms that were needed. */
  readonly writes: CommonWrites[];
}

/** The messages of these items; `many`: members for whom more than one of them is another one. */
export function commonWrites(
  core: BgpCore,
  peer: Peer,
  items: Iterable<Pending>,
  tellers: ReadonlyMap<Pending, RouteOwner>,
  many: Set<RouteOwner>,
  form: WireForm,
): CommonWrites {
  const own = new Map<RouteOwner, number>();
  const writes: Uint8Array[] = [];
  for (const bucket of bucketsOf(items)) {
    for (const item of bucket.items) {
      const teller = tellers.get(item);
      if (teller === undefined) continue;
      if (bucket.items.length > 1 || own.has(teller)) many.add(teller);
      else own.set(teller, writes.length);
    }
    writes.push(...writesFor(core, peer, bucket, form));
  }
  for (const teller of many) own.delete(teller);
  return { form, writes, own };
}

/** Those of a form, which are made where they were not needed before. */
export function withForm(known: CommonWrites[], form: WireForm, make: () => CommonWrites): CommonWrites {
  const found = known.find((item) => sameForm(item.form, form));
  if (found !== undefined) return found;
  const made = make();
  known.push(made);
  return made;
}

/** Sends a member what all are sent, but for its own; false: it is sent other messages than the rest (`isApart`), and has to be told alone. */
export function sendCommon(core: BgpCore, peer: Peer, { writes, own }: CommonWrites, isApart: boolean): boolean {
  const position = own.get(peer.protocol.owner);
  if (position === undefined && isApart) return false;
  sendWrites(core, peer, position === undefined ? writes : writes.filter((_, index) => index !== position));
  return true;
}
