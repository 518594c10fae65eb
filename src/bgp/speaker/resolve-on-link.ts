import {
  addKeys,
  type Chunk,
  copyOfChunk,
  emptyChunk,
  isOwnChunk,
  placeOf,
  putChunk,
  setValue,
  valueAt,
} from "../rib/number-map.ts";
import { destinationsAround, type Numbering, type Resolved, resolvedOnLink } from "../rib/numbering.ts";
import { addressKey } from "../rib/route.ts";
import type { RoutingTable } from "../rib/table.ts";
import type { BgpCore } from "./bgp-core.ts";
import type { HopGroup, HopStep, SegmentPlan } from "./segment-plan.ts";

/** The interface on whose link all next hops of a plan are; null: there is none, or one of them is this host. */
export function deviceTo({ table }: BgpCore, plan: SegmentPlan): string | null {
  const { numbering, nets } = table;
  if (plan.around.seen !== numbering.destinations.length) plan.around = aroundAll(numbering, plan);
  const numbers = plan.around.numbers ?? NONE;
  for (let index = 0; index < numbers.length; index++) {
    const found = valueAt(nets, numbers[index] ?? 0)?.routes[0];
    if (found === undefined) continue;
    const device = found.target === "device" && !found.recursive ? (found.hops[0]?.interface ?? null) : null;
    const own = device === null ? null : ownHops(table, device);
    if (own === null) return null;
    for (let place = 0; place < own.length; place++) if (plan.hops.has(own[place] ?? 0)) return null;
    return device;
  }
  return null;
}

const NONE: readonly number[] = [];

/** The numbers that addresses of an interface have as next hops; null: there is no such interface. */
function ownHops(table: RoutingTable, device: string): readonly number[] | null {
  const { numbering, of, own } = table;
  const port = of.host.interfaces.get(device);
  if (port === undefined) return null;
  if (own !== null && own.port === port && own.among === numbering.nextHops.length) return own.hops;
  const hops = port.addresses.flatMap(({ address }) => numbering.hopNumbers.get(addressKey(address)) ?? []);
  table.own = Object.freeze({ port, among: numbering.nextHops.length, hops });
  return hops;
}

function aroundAll(numbering: Numbering, { hops }: SegmentPlan): SegmentPlan["around"] {
  const seen = numbering.destinations.length;
  let numbers: readonly number[] | null = null;
  for (const hop of hops) {
    const found = destinationsAround(numbering, hop);
    if (numbers !== null && !sameNumbers(numbers, found)) return { numbers: null, seen };
    numbers = found;
  }
  return { numbers, seen };
}

function sameNumbers(x: readonly number[], y: readonly number[]): boolean {
  if (x === y) return true;
  if (x.length !== y.length) return false;
  for (let index = 0; index < x.length; index++) if (x[index] !== y[index]) return false;
  return true;
}

/** Next hops that were not looked up yet are on that link from now on; false: one was found elsewhere. */
export function resolveOnLink(table: RoutingTable, { hopGroups, nextHops }: SegmentPlan, device: string): boolean {
  const { lowest, highest } = nextHops;
  if (table.lowest === null || lowest.a < table.lowest.a) table.lowest = lowest;
  if (table.highest === null || highest.a > table.highest.a) table.highest = highest;
  let isOnLink = true;
  for (let index = 0; index < hopGroups.length; index++) {
    const group = hopGroups[index];
    if (group !== undefined && !resolveGroup(table, group, device)) isOnLink = false;
  }
  return isOnLink;
}

/** Steps that are remembered of one group. */
const REMEMBERED = 32;

function resolveGroup(table: RoutingTable, group: HopGroup, device: string): boolean {
  const { hosts } = table;
  const { chunk, steps } = group;
  if (isOwnChunk(hosts, chunk)) return resolveAlone(table, group, device);
  const before = hosts.chunks[chunk];
  for (let index = 0; index < steps.length; index++) {
    const known = steps[index];
    if (known?.before === before && known?.device === device) return take(table, group, known);
  }
  if (steps.length >= REMEMBERED) return resolveAlone(table, group, device);
  const made = stepAnew(table, group, device);
  if (made === null) return false;
  steps.push(made);
  return take(table, group, made);
}

function take({ hosts }: RoutingTable, { chunk }: HopGroup, { before, after, keys }: HopStep): true {
  if (after === before) return true;
  putChunk(hosts, chunk, after);
  addKeys(hosts, keys);
  return true;
}

function resolveAlone({ hosts, numbering }: RoutingTable, { hops }: HopGroup, device: string): boolean {
  let isOnLink = true;
  for (const hop of hops) {
    const wanted = resolvedOnLink(numbering, hop, device, null);
    const known = valueAt(hosts, hop);
    if (known === undefined) setValue(hosts, hop, wanted);
    else if (known !== wanted) isOnLink = false;
  }
  return isOnLink;
}

function stepAnew({ hosts, numbering }: RoutingTable, { chunk, hops }: HopGroup, device: string): HopStep | null {
  const before = hosts.chunks[chunk];
  const after: Chunk<Resolved> = before === undefined ? emptyChunk() : copyOfChunk(before);
  const keys: number[] = [];
  for (const hop of hops) {
    const wanted = resolvedOnLink(numbering, hop, device, null);
    const known = after[placeOf(hop)];
    if (known !== undefined && known !== wanted) return null;
    if (known === undefined) keys.push(hop);
    after[placeOf(hop)] = wanted;
  }
  if (keys.length === 0 && before !== undefined) return { device, before, after: before, keys };
  Object.freeze(after);
  return { device, before, after, keys: Object.freeze(keys) };
}
