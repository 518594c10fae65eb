import { sendOctets } from "../../emulator/tcp/send.ts";
import { type Address, sameAddress } from "../../net/address.ts";
import { type Prefix, samePrefix } from "../../net/prefix.ts";
import { findNeighbour } from "../filter/find-neighbour.ts";
import { encodeMessage, endOfRibOctets } from "../messages/encode.ts";
import { MAX_MESSAGE_LENGTH, type Message, sameForm, type WireForm } from "../messages/message.ts";
import { type Nlri, type PathAttributes, pathAttributes } from "../messages/path-attributes.ts";
import { mappedIn6 } from "../rib/attributes-of-bird-2.ts";
import type { BgpCore } from "./bgp-core.ts";
import { linkLocalOf } from "./channel-next-hop.ts";
import type { Peer, Pending } from "./peer.ts";

/** Room for destinations in an UPDATE whose attributes take up to 2048 octets (bgp_create_update). */
const ROOM = MAX_MESSAGE_LENGTH - 2048 - 64;

/** Destinations that go out with equal attributes; null: they are withdrawn. */
interface Bucket {
  readonly attributes: PathAttributes | null;
  readonly items: Pending[];
}

/** bgp_create_update(): withdrawals first, then destinations of equal attributes together. */
export function bucketsOf(pending: Iterable<Pending>): readonly Bucket[] {
  const withdrawn: Pending[] = [];
  const buckets = new Map<PathAttributes, Pending[]>();
  for (const item of pending) {
    const bucket = item.attributes === null ? withdrawn : buckets.get(item.attributes);
    if (bucket !== undefined) bucket.push(item);
    else if (item.attributes !== null) buckets.set(item.attributes, [item]);
  }
  const told = [...buckets].map(([attributes, items]) => ({ attributes, items }));
  return withdrawn.length === 0 ? told : [{ attributes: null, items: withdrawn }, ...told];
}

/** The messages of a bucket, as they go to a neighbour. */
export function writesFor(core: BgpCore, peer: Peer, { attributes, items }: Bucket, form: WireForm): Uint8Array[] {
  const octets: Uint8Array[] = [];
  const { family, release } = core.configuration;
  const multiprotocol = family === 6 || peer.exporter.nextHop.extended;
  // in BIRD 2: the route does not go out
  if (attributes !== null && attributes.nextHop === null) return octets;
  const nextHops = release === "2" ? nextHopsOfBird2 : nextHopsOfSix;
  const hops = multiprotocol && attributes !== null ? nextHops(core, peer, attributes) : null;
  for (const part of parts(items, peer.addPathSend)) {
    octets.push(
      attributes === null
        ? encodeMessage(withdrawal(part, multiprotocol), form)
        : encoded(attributes, part, hops, form),
    );
  }
  return octets;
}

function withdrawal(nlri: readonly Nlri[], multiprotocol: boolean): Message {
  return multiprotocol
    ? { kind: "update", withdrawn: [], attributes: pathAttributes({ mpUnreach: nlri }), nlri: [] }
    : { kind: "update", withdrawn: nlri, attributes: null, nlri: [] };
}

/** Sends what waits for a neighbour alone. */
export function flush(core: BgpCore, peer: Peer): void {
  const { session, pending } = peer;
  if (session === null) return;
  const writes = bucketsOf(pending.values()).flatMap((bucket) => writesFor(core, peer, bucket, session.sendForm));
  if (pending.size > 0) pending.clear();
  sendWrites(core, peer, writes);
}

const NONE: readonly number[] = [];

/** Sends UPDATEs but for those at some positions (in order), and after them the mark of their end where one is due (RFC 4724). */
export function sendWrites(
  core: BgpCore,
  peer: Peer,
  writes: readonly Uint8Array[],
  leftOut: readonly number[] = NONE,
): void {
  const { session } = peer;
  if (session === null || session.socket === null) return;
  const end = peer.pendingEnd ? endOfRibOctets(core.configuration.family) : null;
  peer.pendingEnd = false;
  if (end !== null || writes.length > leftOut.length) sendOctets(core.world, session.socket, writes, leftOut, end);
}

/** An announcement as it was encoded last, for the neighbours that hear it next. */
interface Encoded {
  readonly nlri: readonly Nlri[];
  readonly hops: readonly Address[] | null;
  readonly form: WireForm;
  readonly octets: Uint8Array;
}

const latest = new WeakMap<PathAttributes, Encoded>();

/** Encoded once for all neighbours that are told the same; `hops`: the next hops of IPv6, null for IPv4. */
function encoded(
  attributes: PathAttributes,
  nlri: readonly Nlri[],
  hops: readonly Address[] | null,
  form: WireForm,
): Uint8Array {
  const known = latest.get(attributes);
  if (
    known !== undefined &&
    sameForm(known.form, form) &&
    sameNextHops(known.hops, hops) &&
    sameDestinations(known.nlri, nlri)
  ) {
    return known.octets;
  }
  const octets = encodeMessage(announcement(attributes, nlri, hops), form);
  latest.set(attributes, { nlri, hops, form, octets });
  return octets;
}

function sameNextHops(x: readonly Address[] | null, y: readonly Address[] | null): boolean {
  if (x === null || y === null) return x === y;
  return x.length === y.length && x.every((hop, index) => sameAddress(hop, y[index] ?? hop));
}

function sameDestinations(x: readonly Nlri[], y: readonly Nlri[]): boolean {
  if (x.length !== y.length) return false;
  return x.every(({ prefix, pathId }, index) => {
    const other = y[index];
    return other !== undefined && pathId === other.pathId && samePrefix(prefix, other.prefix);
  });
}

function announcement(attributes: PathAttributes, nlri: readonly Nlri[], nextHops: readonly Address[] | null): Message {
  if (nextHops === null) return { kind: "update", withdrawn: [], attributes, nlri };
  return {
    kind: "update",
    withdrawn: [],
    attributes: { ...attributes, nextHop: null, linkNextHop: null, mpReach: { nextHops, nlri } },
    nlri: [],
  };
}

/**
 * A next hop on the link that both share goes out with its link-local address; where that is not known, this host puts itself in
 * its place (bgp_create_update for IPv6, `missing lladdr self`).
 */
function nextHopsOfSix(core: BgpCore, peer: Peer, { nextHop, linkNextHop }: PathAttributes): readonly Address[] {
  if (nextHop === null) return [];
  const { sourceAddress } = peer.exporter;
  const { neighbourInterface } = peer;
  // bgp_start_neighbor()
  const own = neighbourInterface === null ? null : linkLocalOf(core.runtime, neighbourInterface);
  const self = own === null ? [sourceAddress] : [sourceAddress, own];
  if (sameAddress(nextHop, sourceAddress)) return self;
  const found = findNeighbour(core.runtime, nextHop);
  const shared = found.kind === "on-link" && found.interface === neighbourInterface;
  if (!shared) return [nextHop];
  if (linkNextHop !== null) return [nextHop, linkNextHop];
  return peer.configuration.routeServerClient ? [nextHop] : self;
}

/** As the attributes have them (bgp_encode_next_hop_ip): one of IPv4 is mapped beside destinations of IPv6. */
function nextHopsOfBird2(
  core: BgpCore,
  _: Peer,
  { nextHop, linkNextHop }: Pick<PathAttributes, "nextHop" | "linkNextHop">,
): readonly Address[] {
  if (nextHop === null) return [];
  const first = core.configuration.family === 6 ? mappedIn6(nextHop) : nextHop;
  return linkNextHop === null ? [first] : [first, linkNextHop];
}

function* parts(items: readonly { prefix: Prefix; pathId: number }[], addPath: boolean): Iterable<Nlri[]> {
  let part: Nlri[] = [];
  let length = 0;
  for (const { prefix, pathId } of items) {
    const octets = 1 + ((prefix.length + 7) >> 3) + (addPath ? 4 : 0);
    if (length + octets > ROOM) {
      yield part;
      part = [];
      length = 0;
    }
    part.push({ prefix, pathId: addPath ? pathId : null });
    length += octets;
  }
  if (part.length > 0) yield part;
}
