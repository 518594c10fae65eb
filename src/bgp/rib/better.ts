import { compareAddresses } from "../../net/address.ts";
import { ORIGIN_INCOMPLETE } from "../messages/path-attributes.ts";
import { firstAs, pathLength } from "./as-path.ts";
import { type BgpOwner, isResolvable, type RibRoute } from "./route.ts";

/** Longest AS path there can be: what a route without one counts (AS_PATH_MAXLEN). */
const MAX_PATH = 10_000;

/** Communities of RFC 9494. */
export const LLGR_STALE = 0xffff0006;
export const NO_LLGR = 0xffff0007;

/** IGP_METRIC_UNKNOWN: above every metric that is known. */
const UNKNOWN_METRIC = 0x80000000;

/** Whether a route is to be preferred to another of the same destination (rte_better of nest/rt-table.c, BIRD 1.6). */
export function isBetter(fresh: RibRoute, old: RibRoute): boolean {
  if (fresh.preference !== old.preference) return fresh.preference > old.preference;
  if (fresh.owner.bgp !== null && old.owner.bgp !== null)
    return isBetterBgp(fresh, fresh.owner.bgp, old, old.owner.bgp);
  // BIRD compares addresses of protocol classes in memory here, which come in the order of its link line.
  return fresh.owner.order > old.owner.order;
}

/** The first AS of a route's path, or that of the neighbour (bgp_get_neighbor). */
export function neighbourAs({ attributes }: RibRoute, { remoteAs }: BgpOwner): number {
  return firstAs(attributes?.asPath ?? []) ?? remoteAs;
}

/** bgp_rte_better() of proto/bgp/attrs.c: RFC 4271 section 9.1.2, RFC 4456 section 9, RFC 5004. */
function isBetterBgp(fresh: RibRoute, x: BgpOwner, old: RibRoute, y: BgpOwner): boolean {
  const reachable = Number(isResolvable(fresh)) - Number(isResolvable(old));
  if (reachable !== 0) return reachable > 0;
  const stale = Number(isStale(fresh)) - Number(isStale(old));
  if (stale !== 0) return stale < 0;
  const localPref =
    (fresh.attributes?.localPref ?? x.defaultLocalPref) - (old.attributes?.localPref ?? y.defaultLocalPref);
  if (localPref !== 0) return localPref > 0;
  const length = lengthOf(fresh) - lengthOf(old);
  if (length !== 0 && (x.comparesPathLength || y.comparesPathLength)) return length < 0;
  const origin = originOf(fresh) - originOf(old);
  if (origin !== 0) return origin < 0;
  if (x.medMetric || y.medMetric || neighbourAs(fresh, x) === neighbourAs(old, y)) {
    const med = (fresh.attributes?.med ?? x.defaultMed) - (old.attributes?.med ?? y.defaultMed);
    if (med !== 0) return med < 0;
  }
  if (x.internal !== y.internal) return y.internal;
  const metric = metricOf(fresh, x) - metricOf(old, y);
  if (metric !== 0) return metric < 0;
  const id = (fresh.attributes?.originatorId ?? x.remoteId) - (old.attributes?.originatorId ?? y.remoteId);
  if ((x.preferOlder || y.preferOlder) && !x.internal && id !== 0) return false;
  if (id !== 0) return id < 0;
  const clusters = (fresh.attributes?.clusterList?.length ?? 0) - (old.attributes?.clusterList?.length ?? 0);
  if (clusters !== 0) return clusters < 0;
  return compareAddresses(x.remoteAddress, y.remoteAddress) < 0;
}

/** Whether its neighbour is gone for long (LLGR_STALE, RFC 9494): it is worse than any other. */
export function isStale({ attributes }: RibRoute): boolean {
  return attributes?.communities?.includes(LLGR_STALE) === true;
}

function metricOf({ igpMetric }: RibRoute, { comparesIgpMetric }: BgpOwner): number {
  return comparesIgpMetric ? (igpMetric ?? UNKNOWN_METRIC) : 0;
}

function lengthOf({ attributes }: RibRoute): number {
  const path = attributes?.asPath ?? null;
  return path === null ? MAX_PATH : pathLength(path);
}

function originOf({ attributes }: RibRoute): number {
  return attributes?.origin ?? ORIGIN_INCOMPLETE;
}

/** Whether packets may be spread over both routes (`merge paths on`: rte_mergable, bgp_rte_mergable). */
export function isMergeable(first: RibRoute, second: RibRoute): boolean {
  const x = first.owner.bgp;
  const y = second.owner.bgp;
  if (x === null || y === null || first.preference !== second.preference) return false;
  if (!isResolvable(first) || !isResolvable(second)) return false;
  const same = (value: (route: RibRoute, owner: BgpOwner) => number): boolean => value(first, x) === value(second, y);
  return (
    isStale(first) === isStale(second) &&
    same(({ attributes }, { defaultLocalPref }) => attributes?.localPref ?? defaultLocalPref) &&
    (!(x.comparesPathLength || y.comparesPathLength) || same(lengthOf)) &&
    same(originOf) &&
    (!(x.medMetric || y.medMetric || neighbourAs(first, x) === neighbourAs(second, y)) ||
      same(({ attributes }, { defaultMed }) => attributes?.med ?? defaultMed)) &&
    x.internal === y.internal &&
    same(metricOf)
  );
}
