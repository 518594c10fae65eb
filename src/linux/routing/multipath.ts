import type { NextHop, Route } from "../../model/route.ts";
import { type Address, formatAddress, sameAddress } from "../../net/address.ts";
import type { Packet } from "../../net/packet.ts";
import { intersectPortSets, type PortRange, type PortSet, portSet, portSetSize } from "../../net/port-set.ts";
import { formatPrefix } from "../../net/prefix.ts";
import { sysctl } from "../device-settings.ts";
import { findNeighbour } from "../neighbour-table.ts";
import type { HostRuntime } from "../runtime.ts";
import { flowOf } from "./flow-hash.ts";
import type { RouteKey } from "./key.ts";
import { deviceNamed } from "./named-device.ts";
import { isAlive } from "./next-hop.ts";
import { hopSource } from "./source-address.ts";

/** Hashes are 31 bits. */
const HASHES = 2 ** 31;
const EVERY_HASH: PortSet = [{ first: 0, last: HASHES - 1 }];

/** The hashes that fall to a next hop by its weight. */
interface Share {
  readonly hop: NextHop;
  readonly hashes: PortRange;
}

/**
 * fib_select_multipath(), and nexthop_select_path_hthr() for next-hop objects: one of several next hops by the hash of
 * the flow. The hash is unknown but one and the same for every packet of the flow and for every route of this host, so
 * that what one route told about it counts for the next. `source`: of a packet that is sent, which prefers next hops
 * over a device with that address; null for one that is forwarded, or has none yet.
 */
export function multipathHop(
  runtime: HostRuntime,
  route: Route,
  key: RouteKey,
  source: Address | null,
  arrived: Packet | null,
): NextHop | null {
  const alive = route.nextHops.filter((hop) => isAlive(runtime, route, hop));
  const first = alive[0] ?? null;
  const good = asksNeighbours(runtime, route) ? alive.filter((hop) => isGood(runtime, hop)) : alive;
  if (good.length === 0 || alive.length === 1) return first;
  const shares = sharesOf(alive);
  const prefers = (hop: NextHop): boolean =>
    source !== null && route.nextHopId === null && isSourceOf(runtime, route, hop, source);
  const byHop = new Map<NextHop, PortRange[]>();
  for (const { hashes } of shares) {
    const taken = hopFor(shares, hashes, good, prefers);
    if (taken !== null) byHop.set(taken, [...(byHop.get(taken) ?? []), hashes]);
  }
  const flow = `${flowOf(runtime, key, arrived)}${route.nextHopId === null ? "" : ` nhid ${route.nextHopId}`}`;
  const left = runtime.multipathHashes.get(flow) ?? EVERY_HASH;
  const ways = [...byHop]
    .map(([hop, ranges]) => ({ hop, hashes: intersectPortSets(left, portSet(ranges)) }))
    .filter(({ hashes }) => hashes.length > 0);
  if (ways.length <= 1) return ways[0]?.hop ?? first;
  const total = portSetSize(left);
  const index = runtime.services.choose({
    kind: "hash",
    variable: `${runtime.host.name} multipath ${formatPrefix(route.destination)} ${route.table} ${route.origin} ${flow}`,
    question: `which next hop does ${runtime.host.name} take for ${formatAddress(key.dst)}?`,
    alternatives: ways.map(({ hop, hashes }) => ({ label: labelOf(hop), probability: portSetSize(hashes) / total })),
  });
  const way = ways[index];
  if (way === undefined) return first;
  runtime.multipathHashes.set(flow, way.hashes);
  return way.hop;
}

function labelOf(hop: NextHop): string {
  const device = `dev ${hop.interface ?? ""}`;
  return hop.gateway === null ? device : `via ${formatAddress(hop.gateway)} ${device}`;
}

/** fib_rebalance(): hop i takes the hashes up to the sum of the weights so far. */
function sharesOf(hops: readonly NextHop[]): readonly Share[] {
  const total = hops.reduce((sum, hop) => sum + hop.weight, 0);
  let weight = 0;
  let first = 0;
  return hops.map((hop) => {
    weight += hop.weight;
    const end = Math.round((weight * HASHES) / total);
    const share = { hop, hashes: { first, last: end - 1 } };
    first = end;
    return share;
  });
}

/** The hop of a hash: the first with the right source and a bound above the hash, else the best of either. */
function hopFor(
  shares: readonly Share[],
  hash: PortRange,
  good: readonly NextHop[],
  prefers: (hop: NextHop) => boolean,
): NextHop | null {
  const usable = shares.filter(({ hop }) => good.includes(hop));
  const reaches = ({ hashes }: Share): boolean => hash.last <= hashes.last;
  const found =
    usable.find((share) => prefers(share.hop) && reaches(share)) ??
    usable.find(({ hop }) => prefers(hop)) ??
    usable.find(reaches) ??
    null;
  return found?.hop ?? usable[0]?.hop ?? null;
}

function isSourceOf(runtime: HostRuntime, route: Route, hop: NextHop, source: Address): boolean {
  const own = hopSource(runtime, route, hop);
  return own !== null && sameAddress(own, source);
}

/** Next-hop objects always ask their neighbours' state, other routes only with fib_multipath_use_neigh. */
function asksNeighbours(runtime: HostRuntime, route: Route): boolean {
  return route.nextHopId !== null || sysctl(runtime, "net.ipv4.fib_multipath_use_neigh", 0) !== 0;
}

/** fib_good_nh(): no gateway that failed to answer. */
function isGood(runtime: HostRuntime, hop: NextHop): boolean {
  if (hop.gateway === null || hop.interface === null) return true;
  if (deviceNamed(runtime.host, hop.interface) === null) return false;
  return findNeighbour(runtime.neighbours, hop.interface, hop.gateway)?.state !== "failed";
}
