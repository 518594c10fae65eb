import type { Address } from "../../net/address.ts";
import { PARTIAL, TRANSITIVE } from "../messages/attribute-type.ts";
import { ORIGIN_IGP, type PathAttributes, pathAttributes } from "../messages/path-attributes.ts";
import { prepend, timesInPath } from "./as-path.ts";
import { LLGR_STALE } from "./better.ts";
import type { BgpOwner, RibRoute } from "./route.ts";

/** What an instance says of itself where routes go out (bgp_config, bgp_proto); how its neighbour calls itself does not count there. */
export interface Exporter extends Omit<BgpOwner, "remoteId"> {
  readonly sourceAddress: Address;
  readonly nextHopSelf: boolean;
  readonly nextHopKeep: boolean;
  readonly routeServerClient: boolean;
  /** Interface of a neighbour on the link; null on multihop sessions. */
  readonly neighbourInterface: string | null;
  readonly interpretsCommunities: boolean;
  /** It knows of long-lived restarts: others are not told stale routes. */
  takesStale: boolean;
  /** As the session stands now, in BIRD 2. */
  readonly nextHop: ChannelNextHop;
}

/** What a channel of BIRD 2 puts in the place of next hops (bgp_channel_start). */
export interface ChannelNextHop {
  /** Null: this host has none of the family where the session is, and routes that need one do not go out. */
  readonly address: Address | null;
  readonly link: Address | null;
  /** Those of the other family go out, and come in. */
  readonly extended: boolean;
}

/** Before there is a session, and in BIRD 1.6 always. */
export const NO_NEXT_HOP: ChannelNextHop = Object.freeze({ address: null, link: null, extended: false });

const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;
const NO_EXPORT_SUBCONFED = 0xffffff03;

/**
 * Attributes with which a route goes out by a session, before the export filter; null: it does not (bgp_import_control,
 * bgp_create_attrs and bgp_update_attrs of proto/bgp/attrs.c).
 */
export function attributesToSend(route: RibRoute, to: Exporter): PathAttributes | null {
  const from = route.owner.bgp;
  if (from === null || route.attributes === null) return created(route, to);
  const { attributes } = route;
  if (to.reflectorClient && attributes.clusterList?.includes(to.clusterId) === true) return null;
  if (to.interpretsCommunities && isHeldBack(attributes, to)) return null;
  if (!(to.internal && from.internal && to.localAs === from.localAs)) return passedOn(route, attributes, to);
  if (staysFrom(from, to)) return null;
  return reflected(passedOn(route, attributes, to), from, to);
}

/** Whether no route of one instance ever goes out by another: both are of the own AS, and neither reflects (bgp_import_control). */
export function staysFrom(from: BgpOwner, to: Pick<Exporter, "internal" | "localAs" | "reflectorClient">): boolean {
  return to.internal && from.internal && to.localAs === from.localAs && !to.reflectorClient && !from.reflectorClient;
}

/** Well-known communities (RFC 1997), and stale routes for a neighbour that does not know of them. */
export function isHeldBack({ communities }: PathAttributes, { internal, takesStale }: Exporter): boolean {
  if (communities === null) return false;
  if (communities.includes(NO_ADVERTISE)) return true;
  if (!takesStale && communities.includes(LLGR_STALE)) return true;
  return !internal && (communities.includes(NO_EXPORT) || communities.includes(NO_EXPORT_SUBCONFED));
}

/** A route that did not come by BGP. */
function created(route: RibRoute, to: Exporter): PathAttributes {
  const [hop] = route.hops;
  const gateway = route.target === "router" ? (hop?.gateway ?? null) : null;
  const self =
    to.nextHopSelf ||
    gateway === null ||
    (!to.internal && !to.nextHopKeep && (to.neighbourInterface === null || hop?.interface !== to.neighbourInterface));
  return pathAttributes({
    ...route.attributes,
    origin: ORIGIN_IGP,
    asPath: to.internal ? [] : [{ kind: "sequence", numbers: [to.localAs] }],
    nextHop: self ? to.sourceAddress : gateway,
    localPref: to.internal ? to.defaultLocalPref : null,
  });
}

function passedOn(route: RibRoute, attributes: PathAttributes, to: Exporter): PathAttributes {
  const external = !to.internal && !to.routeServerClient;
  const next = attributes.nextHop;
  const keeps =
    next !== null &&
    !to.nextHopSelf &&
    (to.nextHopKeep ||
      to.internal ||
      (to.neighbourInterface !== null && route.hops[0]?.interface === to.neighbourInterface));
  return {
    ...attributes,
    // BIRD sets what another AS told to 0, and does not take it away.
    ...(external
      ? { asPath: prepend(attributes.asPath ?? [], to.localAs), med: attributes.med === null ? null : 0 }
      : {}),
    ...(to.internal ? {} : { localPref: null, originatorId: null, clusterList: null }),
    nextHop: keeps ? next : to.sourceAddress,
    linkNextHop: keeps ? attributes.linkNextHop : null,
    opaque: attributes.opaque
      .filter(({ flags }) => (flags & TRANSITIVE) !== 0)
      .map((item) => ({ ...item, flags: item.flags | PARTIAL })),
  };
}

/**
 * RFC 4456: who brought the route into the AS, and the cluster that it leaves or enters: that of the client whom it is told, or of the one
 * who told it. As all sets of numbers, the list goes out in order (bgp_normalize_int_set).
 */
function reflected(attributes: PathAttributes, from: BgpOwner, to: Exporter): PathAttributes {
  const cluster = to.reflectorClient ? to.clusterId : from.clusterId;
  const clusterList = [cluster, ...(attributes.clusterList ?? [])].sort((x, y) => x - y);
  return { ...attributes, originatorId: attributes.originatorId ?? from.remoteId, clusterList };
}

/** Whether a route that comes in is one that this daemon told first (bgp_decode_attrs). */
export function comesBack({ originatorId }: PathAttributes, { internal }: Exporter, localId: number): boolean {
  return internal && originatorId === localId;
}

/**
 * What is done to attributes that come in; null: the route is a loop, and taken for withdrawn, as is one that comes back
 * (bgp_decode_attrs).
 */
export function attributesReceived(
  attributes: PathAttributes,
  by: Exporter,
  allowLocalAs: number,
  multiprotocol: boolean,
): PathAttributes | null {
  const { internal, defaultLocalPref } = by;
  if (timesInPath(attributes.asPath ?? [], by.localAs) > allowLocalAs) return null;
  const { originatorId, clusterList } = internal ? attributes : { originatorId: null, clusterList: null };
  if (by.reflectorClient && clusterList?.includes(by.clusterId) === true) return null;
  const known = received.get(attributes);
  if (
    known?.internal === internal &&
    known.defaultLocalPref === defaultLocalPref &&
    known.multiprotocol === multiprotocol
  ) {
    return known.taken;
  }
  const { mpReach, localPref } = attributes;
  const [nextHop = null, linkNextHop = null] = multiprotocol ? (mpReach?.nextHops ?? []) : [attributes.nextHop];
  const taken = {
    ...attributes,
    nextHop,
    linkNextHop,
    mpReach: null,
    mpUnreach: null,
    localPref: (internal ? localPref : null) ?? defaultLocalPref,
    originatorId,
    clusterList,
  };
  received.set(attributes, { internal, defaultLocalPref, multiprotocol, taken });
  return taken;
}

/** What attributes became that several receive. */
const received = new WeakMap<
  PathAttributes,
  {
    readonly internal: boolean;
    readonly defaultLocalPref: number;
    readonly multiprotocol: boolean;
    readonly taken: PathAttributes;
  }
>();
