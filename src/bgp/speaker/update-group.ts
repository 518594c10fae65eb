import type { BirdFilterUse } from "../../model/bird/configuration.ts";
import { type Address, sameAddress } from "../../net/address.ts";
import { type FilterEnvironment, runFilter } from "../filter/evaluate.ts";
import type { FilterFault } from "../filter/filter-fault.ts";
import { isRecord } from "../filter/filter-text.ts";
import type { PathAttributes } from "../messages/path-attributes.ts";
import { attributesBehindFilter, isOffered } from "../rib/attributes-of-bird-2.ts";
import { attributesToSend, type ChannelNextHop, type Exporter } from "../rib/bgp-attributes.ts";
import { addressKey, type RibRoute } from "../rib/route.ts";
import type { BgpCore } from "./bgp-core.ts";
import type { Peer } from "./peer.ts";
import type { SpeakerCore } from "./protocol.ts";
import { sharedAttributes } from "./shared-attributes.ts";

/** What becomes of a route on its way out. `rejected`: the protocol itself does not let it out, `filtered`: the export filter. */
export type Outgoing =
  | { readonly kind: "accepted"; readonly attributes: PathAttributes }
  | { readonly kind: "rejected" }
  | { readonly kind: "filtered"; readonly error: FilterFault | null };

/**
 * Neighbours whom a daemon tells the same: one export filter, and one way to make attributes. What a route becomes for them is
 * made once, but for a route's own teller, who never hears it again.
 */
export interface UpdateGroup {
  readonly exporter: Exporter;
  readonly filter: BirdFilterUse;
  readonly environment: FilterEnvironment;
  /** A neighbour with a limit for what it is told is alone. */
  readonly limited: Peer | null;
}

const REJECTED: Outgoing = { kind: "rejected" };

/** The group that a neighbour makes, as its session stands now. */
export function updateGroup(core: SpeakerCore, peer: Peer): UpdateGroup {
  const { exporter, configuration } = peer;
  return {
    exporter: { ...exporter },
    filter: configuration.export,
    environment: core.configuration.filters,
    limited: configuration.exportLimit === null ? null : peer,
  };
}

/** Whether a neighbour is told what those of a group are: who it is does not count, nor where in a file its filter stands. */
export function isOfGroup(
  core: SpeakerCore,
  { exporter, filter, environment, limited }: UpdateGroup,
  peer: Peer,
): boolean {
  const own = peer.exporter;
  if ((limited ?? peer) !== peer || (peer.configuration.exportLimit !== null && limited === null)) return false;
  return (
    environment === core.configuration.filters &&
    own.internal === exporter.internal &&
    own.localAs === exporter.localAs &&
    own.remoteAs === exporter.remoteAs &&
    own.reflectorClient === exporter.reflectorClient &&
    own.clusterId === exporter.clusterId &&
    own.defaultLocalPref === exporter.defaultLocalPref &&
    own.defaultMed === exporter.defaultMed &&
    own.medMetric === exporter.medMetric &&
    own.preferOlder === exporter.preferOlder &&
    sameAddress(own.sourceAddress, exporter.sourceAddress) &&
    own.nextHopSelf === exporter.nextHopSelf &&
    own.nextHopKeep === exporter.nextHopKeep &&
    own.routeServerClient === exporter.routeServerClient &&
    own.neighbourInterface === exporter.neighbourInterface &&
    own.interpretsCommunities === exporter.interpretsCommunities &&
    own.takesStale === exporter.takesStale &&
    isSameNextHop(own.nextHop, exporter.nextHop) &&
    isSameFilter(peer.configuration.export, filter)
  );
}

function isSameNextHop(x: ChannelNextHop, y: ChannelNextHop): boolean {
  if (x === y) return true;
  return x.extended === y.extended && isSameOrNone(x.address, y.address) && isSameOrNone(x.link, y.link);
}

function isSameOrNone(x: Address | null, y: Address | null): boolean {
  return x === null || y === null ? x === y : sameAddress(x, y);
}

/** The filter that one was the same as last: neighbours come up again, and each has a filter of its own. */
const sameAs = new WeakMap<BirdFilterUse, BirdFilterUse>();

function isSameFilter(own: BirdFilterUse, other: BirdFilterUse): boolean {
  if (own === other || sameAs.get(own) === other) return true;
  if (!sameUse(own, other)) return false;
  sameAs.set(own, other);
  return true;
}

/** Filters of the same statements. */
function sameUse(x: unknown, y: unknown): boolean {
  if (x === y) return true;
  if (Array.isArray(x)) return Array.isArray(y) && areSame(x, y);
  if (!isRecord(x) || !isRecord(y)) return false;
  // each neighbour of a mesh has a filter of its own: no list of names is made for each part of each
  let more = 0;
  for (const key in x) {
    if (!(key in y)) return false;
    if (key !== "origin" && key !== "column" && !sameUse(x[key], y[key])) return false;
    more++;
  }
  for (const _ in y) more--;
  return more === 0;
}

function areSame(x: readonly unknown[], y: readonly unknown[]): boolean {
  if (x.length !== y.length) return false;
  for (let index = 0; index < x.length; index++) if (!sameUse(x[index], y[index])) return false;
  return true;
}

/** What a route becomes for all neighbours of a group but the one who told it. */
export function outgoingOf(core: BgpCore, group: UpdateGroup, route: RibRoute): Outgoing {
  if (core.configuration.release === "2") return outgoingOfBird2(core, group, route);
  const { exporter, filter, environment } = group;
  const attributes = attributesToSend(route, exporter);
  if (attributes === null) return REJECTED;
  const verdict = runFilter(filter, { ...route, attributes }, environment, core.runtime);
  if (verdict.kind === "accept") {
    return {
      kind: "accepted",
      attributes: sharedAttributes(core.world, sorted(verdict.route.attributes ?? attributes, exporter)),
    };
  }
  return { kind: "filtered", error: verdict.kind === "error" ? verdict : null };
}

/** In BIRD 2 the export filter finds the route as the table has it, and attributes are made for the neighbour behind it. */
function outgoingOfBird2(core: BgpCore, { exporter, filter, environment }: UpdateGroup, route: RibRoute): Outgoing {
  if (!isOffered(route, exporter)) return REJECTED;
  const verdict = runFilter(filter, route, environment, core.runtime);
  if (verdict.kind !== "accept") return { kind: "filtered", error: verdict.kind === "error" ? verdict : null };
  const exported = { route: verdict.route, fresh: verdict.fresh, cameBy: tellerInterface(core, route) };
  const attributes = sorted(attributesBehindFilter(exported, core.configuration.family, exporter), exporter);
  return { kind: "accepted", attributes: sharedAttributes(core.world, attributes) };
}

/** Interface of the neighbour that told a route, where it is on the link. */
function tellerInterface({ neighbours }: BgpCore, { owner }: RibRoute): string | null {
  if (owner.bgp === null) return null;
  const tellers = neighbours.get(addressKey(owner.bgp.remoteAddress)) ?? [];
  return tellers.find(({ protocol }) => protocol.owner === owner)?.neighbourInterface ?? null;
}

/** Says of an extended community that it goes to no other AS (RFC 4360; EC_TBIT). */
const NOT_TRANSITIVE = 0x40000000;

/**
 * bgp_normalize_int_set() and others: communities go out in order, and lists without any do not (bgp_encode_attrs); extended ones that are not
 * transitive stay within the AS (ec_set_del_nontrans).
 */
function sorted(found: PathAttributes, { internal }: Exporter): PathAttributes {
  const { communities, largeCommunities } = found;
  const staysHere = ([first]: readonly number[]): boolean => first !== undefined && (first & NOT_TRANSITIVE) !== 0;
  const extendedCommunities =
    !internal && found.extendedCommunities?.some(staysHere) === true
      ? found.extendedCommunities.filter((one) => !staysHere(one))
      : found.extendedCommunities;
  const unordered = (list: readonly unknown[] | null): boolean => list !== null && list.length !== 1;
  const none = (list: readonly unknown[] | null): boolean => list === null || list.length === 0;
  if (!unordered(communities) && !unordered(extendedCommunities) && !unordered(largeCommunities)) {
    return extendedCommunities === found.extendedCommunities ? found : { ...found, extendedCommunities };
  }
  const byParts = (x: readonly number[], y: readonly number[]): number => {
    for (const [index, part] of x.entries()) if (part !== y[index]) return part - (y[index] ?? 0);
    return 0;
  };
  return {
    ...found,
    communities: communities === null || none(communities) ? null : [...communities].sort((x, y) => x - y),
    extendedCommunities:
      extendedCommunities === null || none(extendedCommunities) ? null : [...extendedCommunities].sort(byParts),
    largeCommunities: largeCommunities === null || none(largeCommunities) ? null : [...largeCommunities].sort(byParts),
  };
}
