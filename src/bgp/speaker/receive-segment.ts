import type { Route } from "../../model/route.ts";
import { staysFrom } from "../rib/bgp-attributes.ts";
import {
  addKeys,
  type Chunk,
  copyOfChunk,
  emptyChunk,
  isOwnChunk,
  type NumberMap,
  patchChunk,
  placeOf,
  putChunk,
} from "../rib/number-map.ts";
import { resolvedOnLink } from "../rib/numbering.ts";
import type { RouteOwner } from "../rib/route.ts";
import { changed, NO_ROUTES, type RouteList, wayFor } from "../rib/route-list.ts";
import { concernedIn } from "./audience.ts";
import type { BgpCore } from "./bgp-core.ts";
import { identifierOf } from "./configuration.ts";
import { type Kernel, makerOf, programLater, wantedOf } from "./kernel.ts";
import type { Peer, PeerConnection } from "./peer.ts";
import { startJitteredTimes, timersOf } from "./peer-timer.ts";
import { take } from "./receive-update.ts";
import { deviceTo, resolveOnLink } from "./resolve-on-link.ts";
import { planOf, type Run, type RunStep, type SegmentPlan, type Transition } from "./segment-plan.ts";

/**
 * Takes what a segment of whole messages brings as those took it who came first: where tables are alike, they go from one common state to
 * the next, and no route is looked at. What is left is what each does by itself. False: the messages are to be taken one by one.
 */
export function receiveSegment(
  core: BgpCore,
  peer: Peer,
  connection: PeerConnection,
  octets: Uint8Array,
  writes: readonly Uint8Array[],
): boolean {
  const [kernel, another] = core.kernels;
  if (kernel === undefined || another !== undefined || !isPlain(core, peer, connection, kernel)) return false;
  const plan = planOf(core, peer, octets, writes, connection.form);
  if (plan === null || !isApart(core, peer, plan)) return false;
  const device = deviceTo(core, plan);
  if (device === null || !resolveOnLink(core.table, plan, device)) return false;
  startJitteredTimes(peer, timersOf(core, peer, connection).hold, connection.holdTime, plan.messages);
  const { runs } = plan;
  // iterators of each of tens of thousands of segments would be objects of their own
  for (let index = 0; index < runs.length; index++) {
    const run = runs[index];
    if (run !== undefined) takeRun(core, peer, kernel, run, device);
  }
  return true;
}

/** Nothing is under way that each route has to be looked at for. */
function isPlain(core: BgpCore, peer: Peer, connection: PeerConnection, kernel: Kernel): boolean {
  const { family, release } = core.configuration;
  return (
    family === 4 &&
    release === "1.6" &&
    core.recovery === null &&
    connection.state === "Established" &&
    connection === peer.session &&
    peer.configuration.recursive &&
    !peer.restarting &&
    peer.unconfirmed.size === 0 &&
    peer.protocol.limits === null &&
    kernel.protocol.state === "up"
  );
}

/** Routes that are looked through whether one of them is told. */
const FEW = 16;

/** Neither does a route of the plan come back, nor lead to this host, nor go on to others, nor to other next hops. */
function isApart(core: BgpCore, peer: Peer, plan: SegmentPlan): boolean {
  const { table, audiences, configuration } = core;
  if (plan.originators.has(identifierOf(configuration, peer.configuration))) return false;
  for (let place = 0; place < audiences.length; place++) {
    const audience = audiences[place];
    if (audience === undefined) continue;
    if (audience.told.size + audience.filtered.size > FEW) return false;
    if (!staysHere(peer.protocol.owner, audience.group.exporter)) return false;
    const numbers = concernedIn(audience);
    for (let index = 0; index < numbers.length; index++) if (plan.numbers.has(numbers[index] ?? 0)) return false;
  }
  const lowest = Math.min(table.lowest?.a ?? Number.POSITIVE_INFINITY, plan.nextHops.lowest.a);
  const highest = Math.max(table.highest?.a ?? 0, plan.nextHops.highest.a);
  return plan.destinations.highest < lowest || plan.destinations.lowest > highest;
}

function staysHere({ bgp }: RouteOwner, to: Parameters<typeof staysFrom>[1]): boolean {
  return bgp !== null && staysFrom(bgp, to);
}

function takeRun(core: BgpCore, peer: Peer, kernel: Kernel, run: Run, device: string): void {
  const { table } = core;
  const step = stepOf(core, peer, kernel, run, device);
  if (step === null || !areStaying(core, step.owners)) {
    for (const { item } of run.routes) take(core, peer, item);
    return;
  }
  const { nets, programmed, added, lengths, more, changes, best, verdicts, touched } = step;
  const { protocol } = peer;
  protocol.stats.importUpdates.received += run.routes.length;
  protocol.stats.importUpdates.accepted += run.routes.length;
  if (nets.after === nets.before) return;
  makeTransition(table.nets, run, nets);
  table.routes += added;
  protocol.imported += added;
  for (let index = 0; index < lengths.length; index++) {
    const length = lengths[index] ?? 0;
    while (table.lengths.length <= length) table.lengths.push(0);
    table.lengths[length] = (table.lengths[length] ?? 0) + (more[index] ?? 0);
  }
  const { audiences } = core;
  for (let index = 0; index < audiences.length; index++) {
    const audience = audiences[index];
    if (audience === undefined) continue;
    audience.feed = null;
    const offered = audience.addPath ? changes : best;
    audience.counts.received += offered;
    audience.counts.rejected += offered;
  }
  const { exportUpdates } = kernel.protocol.stats;
  exportUpdates.received += verdicts.rejected + verdicts.filtered + verdicts.accepted;
  exportUpdates.rejected += verdicts.rejected;
  exportUpdates.filtered += verdicts.filtered;
  exportUpdates.accepted += verdicts.accepted;
  if (touched.length === 0) return;
  makeTransition(kernel.programmed, run, programmed);
  kernel.touched?.push(touched);
  kernel.protocol.exported = kernel.programmed.size;
  programLater(core, kernel);
}

function areStaying({ audiences }: BgpCore, owners: readonly RouteOwner[]): boolean {
  for (let place = 0; place < audiences.length; place++) {
    const audience = audiences[place];
    for (let index = 0; index < owners.length; index++) {
      const owner = owners[index];
      if (owner !== undefined && audience !== undefined && !staysHere(owner, audience.group.exporter)) return false;
    }
  }
  return true;
}

/** A table of its own beside what the run tells keeps that: only the places of the run become what they became elsewhere. */
function makeTransition<T>(map: NumberMap<T>, { chunk, places }: Run, { before, after, keys }: Transition<T>): void {
  if (map.chunks[chunk] === before) putChunk(map, chunk, after);
  else patchChunk(map, chunk, places, after);
  addKeys(map, keys);
}

/** Steps that are remembered of one run: tables that came there on more ways than that are looked at one by one. */
const REMEMBERED = 32;

/** What becomes of tables as this daemon's are; null where that is not remembered. */
function stepOf(core: BgpCore, peer: Peer, kernel: Kernel, run: Run, device: string): RunStep | null {
  const { chunk, steps } = run;
  const before = core.table.nets.chunks[chunk];
  const routes = kernel.programmed.chunks[chunk];
  const maker = makerOf(core, kernel);
  for (let index = 0; index < steps.length; index++) {
    const known = steps[index];
    if (known === undefined || known.nets.before !== before || known.programmed.before !== routes) continue;
    if (known.device === device && known.maker === maker) return known;
  }
  // where a daemon has routes in a chunk that nobody else has, it has the same in the places that count
  for (let index = 0; index < steps.length; index++) {
    const known = steps[index];
    if (known === undefined || known.device !== device || known.maker !== maker) continue;
    if (isAlikeAt(run, before, known.nets.before) && isAlikeAt(run, routes, known.programmed.before)) return known;
  }
  if (steps.length >= REMEMBERED) return null;
  const made = stepAnew(core, peer, kernel, run, device, maker);
  if (made !== null) steps.push(made);
  return made;
}

function isAlikeAt<T>({ places }: Run, x: Chunk<T> | undefined, y: Chunk<T> | undefined): boolean {
  if (x === y) return true;
  for (let index = 0; index < places.length; index++) {
    const place = places[index] ?? 0;
    if (x?.[place] !== y?.[place]) return false;
  }
  return true;
}

/** The routes are taken one after the other, as `take` does it. Null: the kernel's filter has something to say of them. */
function stepAnew(
  core: BgpCore,
  peer: Peer,
  kernel: Kernel,
  { chunk, routes }: Run,
  device: string,
  maker: object,
): RunStep | null {
  const { numbering, nets } = core.table;
  const netsBefore = unchanging(nets, chunk);
  const programmedBefore = unchanging(kernel.programmed, chunk);
  const netsAfter: Chunk<RouteList> = netsBefore === undefined ? emptyChunk() : copyOfChunk(netsBefore);
  const programmedAfter: Chunk<Route> = programmedBefore === undefined ? emptyChunk() : copyOfChunk(programmedBefore);
  const keys: number[] = [];
  const programmedKeys: number[] = [];
  const touched: number[] = [];
  const lengths = new Map<number, number>();
  const owners = new Set<RouteOwner>();
  const verdicts = { rejected: 0, filtered: 0, accepted: 0 };
  let added = 0;
  let best = 0;
  let changes = 0;
  for (const { item, given, hop } of routes) {
    const { number, path } = item;
    const place = placeOf(number);
    const before = netsAfter[place] ?? NO_ROUTES;
    const way = wayFor(given, resolvedOnLink(numbering, hop, device, null));
    const after = before === NO_ROUTES ? way.alone : changed(before, peer.protocol.owner, path, way.route);
    if (after === before) continue;
    changes++;
    netsAfter[place] = after;
    added += after.routes.length - before.routes.length;
    if (before === NO_ROUTES) {
      keys.push(number);
      const length = numbering.destinations[number]?.length ?? 0;
      lengths.set(length, (lengths.get(length) ?? 0) + 1);
    }
    const [first] = after.routes;
    if (first !== undefined && first !== before.routes[0]) {
      best++;
      owners.add(first.owner);
    }
    const there = programmedAfter[place] ?? null;
    const { verdict, errors, wanted } = wantedOf(core, kernel, after, there);
    if (errors.length > 0 || (wanted === null && there !== null)) return null;
    verdicts[verdict]++;
    if (wanted === null || wanted === there) continue;
    if (there === null) programmedKeys.push(number);
    programmedAfter[place] = wanted;
    touched.push(number);
  }
  return {
    device,
    maker,
    nets: { before: netsBefore, after: common(changes > 0, netsBefore, netsAfter), keys: Object.freeze(keys) },
    programmed: {
      before: programmedBefore,
      after: common(touched.length > 0, programmedBefore, programmedAfter),
      keys: Object.freeze(programmedKeys),
    },
    added,
    lengths: [...lengths.keys()],
    more: [...lengths.values()],
    changes,
    best,
    owners: [...owners],
    verdicts,
    touched: Object.freeze(touched),
  };
}

/** A chunk as it is now. */
function unchanging<T>(map: NumberMap<T>, chunk: number): Chunk<T> | undefined {
  const now = map.chunks[chunk];
  return now !== undefined && isOwnChunk(map, chunk) ? copyOfChunk(now) : now;
}

function common<T>(isOther: boolean, before: Chunk<T> | undefined, after: Chunk<T>): Chunk<T> {
  if (!isOther && before !== undefined) return before;
  Object.freeze(after);
  return after;
}
