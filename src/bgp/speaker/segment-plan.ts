import type { Route } from "../../model/route.ts";
import { type Address, compareAddresses } from "../../net/address.ts";
import { decodeWrite } from "../messages/decode.ts";
import { sameForm, type WireForm } from "../messages/message.ts";
import { type Chunk, chunkOf, placeOf } from "../rib/number-map.ts";
import type { Resolved } from "../rib/numbering.ts";
import type { RouteOwner } from "../rib/route.ts";
import type { GivenRoute, RouteList } from "../rib/route-list.ts";
import type { BgpCore } from "./bgp-core.ts";
import type { Peer } from "./peer.ts";
import { isEndOfRib, type TakenItem, takenBy, takerOf } from "./receive-update.ts";

/** A route that is taken, and the number of the next hop that is looked up for it. */
export interface PlannedRoute {
  readonly item: TakenItem;
  readonly given: GivenRoute;
  readonly hop: number;
}

/** Routes one after the other whose destinations stand in one chunk of a table. */
export interface Run {
  readonly chunk: number;
  readonly routes: readonly PlannedRoute[];
  /** Their places in it. */
  readonly places: readonly number[];
  /** What it did to tables that came first. */
  readonly steps: RunStep[];
}

/** Next hops of a plan that stand in one chunk of a table. */
export interface HopGroup {
  readonly chunk: number;
  readonly hops: readonly number[];
  readonly steps: HopStep[];
}

export interface HopStep {
  readonly device: string;
  readonly before: Chunk<Resolved> | undefined;
  readonly after: Chunk<Resolved>;
  /** Next hops that were not known. */
  readonly keys: readonly number[];
}

/** What becomes of tables that are alike where the routes of a run come. */
export interface RunStep {
  /** The interface by which all next hops are on the link, and who makes routes of the kernel. */
  readonly device: string;
  readonly maker: object;
  readonly nets: Transition<RouteList>;
  readonly programmed: Transition<Route>;
  /** By how many there are more routes. */
  readonly added: number;
  /** Lengths of destinations of which there are more, and how many more of each. */
  readonly lengths: readonly number[];
  readonly more: readonly number[];
  /** How often any route of a destination is another one, and how often the best. */
  readonly changes: number;
  readonly best: number;
  /** Whose these best ones are. */
  readonly owners: readonly RouteOwner[];
  /** Destinations of which the kernel was told, by what became of it. */
  readonly verdicts: { readonly rejected: number; readonly filtered: number; readonly accepted: number };
  /** Destinations that have another route of the kernel. */
  readonly touched: readonly number[];
}

export interface Transition<T> {
  readonly before: Chunk<T> | undefined;
  readonly after: Chunk<T>;
  readonly keys: readonly number[];
}

/** What a segment of whole messages tells those who make the same of it: nothing but routes that are let in. */
export interface SegmentPlan {
  readonly messages: number;
  readonly runs: readonly Run[];
  /** Who brought the routes into the AS: they come back to it. */
  readonly originators: ReadonlySet<number>;
  readonly numbers: ReadonlySet<number>;
  readonly hops: ReadonlySet<number>;
  readonly hopGroups: readonly HopGroup[];
  /** Destinations that hold all next hops, the longest first, and of how many that there are (null: not all of them hold each). */
  around: { readonly numbers: readonly number[] | null; readonly seen: number };
  /** Spans of the addresses of destinations (IPv4, as numbers) and of next hops. */
  readonly destinations: Span<number>;
  readonly nextHops: Span<Address>;
}

interface Span<T> {
  readonly lowest: T;
  readonly highest: T;
}

interface Known {
  readonly by: object;
  readonly since: number;
  readonly form: WireForm;
  readonly plan: SegmentPlan | null;
}

const plans = new WeakMap<Uint8Array, Known[]>();

/** Plans that are remembered of one segment. */
const REMEMBERED = 4;

/** The plan of a segment for one of those who take it, worked out once for all who make the same of it at one time; null: there is none. */
export function planOf(
  core: BgpCore,
  peer: Peer,
  octets: Uint8Array,
  writes: readonly Uint8Array[],
  form: WireForm,
): SegmentPlan | null {
  const by = takerOf(core, peer);
  const since = core.world.now;
  let all = plans.get(octets);
  if (all === undefined) {
    all = [];
    plans.set(octets, all);
  }
  for (let index = all.length - 1; index >= 0; index--) {
    const known = all[index];
    if (known !== undefined && known.by === by && known.since === since && sameForm(known.form, form))
      return known.plan;
  }
  const plan = planAnew(core, peer, writes, form, by);
  if (all.length >= REMEMBERED) all.shift();
  all.push({ by, since, form, plan });
  return plan;
}

function planAnew(
  core: BgpCore,
  peer: Peer,
  writes: readonly Uint8Array[],
  form: WireForm,
  taker: object,
): SegmentPlan | null {
  const originators = new Set<number>();
  const routes: PlannedRoute[] = [];
  for (const write of writes) {
    const decoded = decodeWrite(write, form);
    if (decoded.kind !== "message" || decoded.length !== write.length) return null;
    const { message } = decoded;
    if (message.kind === "keepalive" || (message.kind === "update" && isEndOfRib(message, false))) continue;
    if (message.kind !== "update" || message.attributes === null || message.withdrawn.length > 0) return null;
    const { attributes, nlri } = message;
    if (attributes.originatorId !== null) originators.add(attributes.originatorId);
    for (const item of takenBy(core, peer, message, attributes, nlri, taker) ?? [null]) {
      const given = item?.given ?? null;
      if (item === null || given === null || given.hop === null || item.error !== null) return null;
      routes.push({ item, given, hop: given.hop });
    }
  }
  return routes.length === 0 ? null : planFor(core, writes.length, routes, originators);
}

function planFor(
  { table: { numbering } }: BgpCore,
  messages: number,
  routes: readonly PlannedRoute[],
  originators: ReadonlySet<number>,
): SegmentPlan | null {
  const { firsts, lasts, nextHops } = numbering;
  const numbers = new Set<number>();
  const hops = new Set<number>();
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  let lowest: Address | null = null;
  let highest: Address | null = null;
  for (const { item, hop } of routes) {
    numbers.add(item.number);
    first = Math.min(first, firsts[item.number] ?? 0);
    last = Math.max(last, lasts[item.number] ?? Number.POSITIVE_INFINITY);
    const address = hops.has(hop) ? undefined : nextHops[hop];
    hops.add(hop);
    if (address === undefined) continue;
    if (lowest === null || compareAddresses(address, lowest) < 0) lowest = address;
    if (highest === null || compareAddresses(address, highest) > 0) highest = address;
  }
  if (lowest === null || highest === null) return null;
  return {
    messages,
    runs: runsOf(routes),
    originators,
    numbers,
    hops,
    hopGroups: hopGroupsOf(hops),
    around: { numbers: null, seen: 0 },
    destinations: { lowest: first, highest: last },
    nextHops: { lowest, highest },
  };
}

function runsOf(routes: readonly PlannedRoute[]): readonly Run[] {
  const runs: Run[] = [];
  let now: { readonly chunk: number; readonly routes: PlannedRoute[]; readonly places: number[] } | null = null;
  for (const route of routes) {
    const { number } = route.item;
    const chunk = chunkOf(number);
    if (now === null || now.chunk !== chunk) {
      now = { chunk, routes: [], places: [] };
      runs.push({ chunk, routes: now.routes, places: now.places, steps: [] });
    }
    now.routes.push(route);
    now.places.push(placeOf(number));
  }
  return runs;
}

function hopGroupsOf(all: ReadonlySet<number>): readonly HopGroup[] {
  const groups = new Map<number, number[]>();
  for (const hop of all) {
    const chunk = chunkOf(hop);
    const known = groups.get(chunk);
    if (known === undefined) groups.set(chunk, [hop]);
    else known.push(hop);
  }
  return [...groups].map(([chunk, hops]) => ({ chunk, hops, steps: [] }));
}
