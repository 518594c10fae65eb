import { schedule } from "../../emulator/event-queue.ts";
import { changeOf, programRoutes } from "../../linux/routing/programmed-routes.ts";
import type { Host } from "../../model/host.ts";
import { layeredRoutes, type NextHop, nextHop, type Route, route, TABLE_MAIN } from "../../model/route.ts";
import {
  type Address,
  compareAddresses,
  type Family,
  isLoopback,
  isMulticast,
  sameAddress,
} from "../../net/address.ts";
import { runFilter } from "../filter/evaluate.ts";
import type { FilterFault } from "../filter/filter-fault.ts";
import { filterTextOn } from "../filter/filter-text.ts";
import { findNeighbour } from "../filter/find-neighbour.ts";
import { isMergeable } from "../rib/better.ts";
import { suppressedRoutes } from "../rib/deterministic-med.ts";
import {
  clearValues,
  deleteKey,
  entriesThen,
  type NumberMap,
  numberMap,
  setValue,
  snapshotOf,
  valueAt,
} from "../rib/number-map.ts";
import { isResolvable, type PrefixKey, prefixKey, type RibHop, type RibRoute } from "../rib/route.ts";
import { nextHopOf, type Programmed, type RouteList } from "../rib/route-list.ts";
import { netsOf } from "../rib/table.ts";
import { changeBetween, differences } from "./changed-destinations.ts";
import type { KernelConfiguration } from "./configuration.ts";
import { installed, refusalsOf } from "./installed-routes.ts";
import { importRoute, noteError, type Protocol, type SpeakerCore, setState, withdrawRoute } from "./protocol.ts";
import { waitsForRecovery } from "./recovery.ts";
import { alike } from "./shared-attributes.ts";

/** The living kernel protocol: what it has put into the kernel's table. */
export interface Kernel {
  readonly protocol: Protocol;
  configuration: KernelConfiguration;
  /** By the numbers of destinations. */
  readonly programmed: NumberMap<Route>;
  /** Destinations that changed since it was compiled last, alone or several together; null: it was not yet. */
  touched: (number | readonly number[])[] | null;
  /** The routes of others beside which it was compiled last. */
  beside: readonly Route[] | null;
  /** The host as it was left last, and its routes that are not for this protocol. */
  last: { readonly host: Host; readonly others: readonly Route[] } | null;
  /** Routes of the host that are not BIRD's, and those of them that it has learnt. */
  alien: readonly Route[];
  learnt: ReadonlyMap<PrefixKey, Route>;
  queued: boolean;
  /** Who makes the same of routes, once it was asked. */
  maker: Maker | null;
}

/** Kernel protocols of equal settings and filters, on whatever host. */
interface Maker {
  readonly configuration: KernelConfiguration;
  readonly environment: SpeakerCore["configuration"]["filters"];
  readonly as: object;
}

/** Who makes the same of all routes. */
export function makerOf(core: SpeakerCore, item: Kernel): object {
  const { configuration, maker, protocol } = item;
  const { filters: environment, family, release } = core.configuration;
  if (maker !== null && maker.configuration === configuration && maker.environment === environment) return maker.as;
  const { mergePaths, mergeLimit, deviceRoutes, metric, export: filter } = configuration;
  const { name, order } = protocol.owner;
  const merged = [mergePaths, mergeLimit, deviceRoutes, metric];
  const says = JSON.stringify([family, release, name, order, tableOf(configuration), ...merged]);
  const as = alike(core.world, `puts ${says} ${filterTextOn(core.runtime, filter, environment)}`);
  item.maker = Object.freeze({ configuration, environment, as });
  return as;
}

/** rtnetlink's numbers of routing protocols (Kernel.source). */
const PROTOCOL_NUMBERS: Readonly<Record<string, number>> = {
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  ra: 9,
  mrt: 10,
  zebra: 11,
  bird: 12,
  dnrouted: 13,
  xorp: 14,
  ntk: 15,
  dhcp: 16,
  keepalived: 18,
  babel: 42,
};

export function kernel(protocol: Protocol, configuration: KernelConfiguration, core: SpeakerCore): Kernel {
  return {
    protocol,
    configuration,
    programmed: numberMap(),
    touched: null,
    beside: null,
    last: null,
    maker: null,
    alien: alienRoutes(core, configuration),
    learnt: new Map(),
    queued: false,
  };
}

function alienRoutes(
  { runtime, configuration: { family: own } }: SpeakerCore,
  configuration: KernelConfiguration,
): readonly Route[] {
  const { routes } = runtime.compiled.host;
  const table = tableOf(configuration);
  const layers = layeredRoutes.layersOf(routes);
  if (layers === null) return withoutBirds(routes, own, table);
  // what thousands of nodes have in common is looked through once
  const shared = othersOnly(layers.shared, own, table).filter((found) => !layers.without.has(found));
  return [...withoutBirds(layers.own, own, table), ...shared];
}

function withoutBirds(routes: readonly Route[], own: Family, table: number): readonly Route[] {
  return routes.filter((found) => found.protocol !== "bird" || found.family !== own || found.table !== table);
}

const others = new WeakMap<readonly Route[], Map<string, readonly Route[]>>();

function othersOnly(routes: readonly Route[], own: Family, table: number): readonly Route[] {
  const ofList = others.get(routes) ?? new Map<string, readonly Route[]>();
  others.set(routes, ofList);
  const key = `${own} ${table}`;
  const known = ofList.get(key) ?? withoutBirds(routes, own, table);
  ofList.set(key, known);
  return known;
}

function tableOf({ kernelTable }: KernelConfiguration): number {
  return kernelTable ?? TABLE_MAIN;
}

/** The first scan: routes of others are learnt, and BIRD's own of an earlier life are gone once they are not renewed. */
export function startKernel(core: SpeakerCore, item: Kernel): void {
  setState(core, item.protocol, "up");
  if (item.configuration.gracefulRestart) core.recovery?.waiting.add(item.protocol);
  if (waitsForRecovery(core, item.protocol)) scanKernel(core, item);
  else feedKernel(core, item);
}

/** All routes are offered, and the kernel's table becomes what they make of it. */
export function feedKernel(core: SpeakerCore, item: Kernel): void {
  tellKernel(core, item);
  scanKernel(core, item);
}

/** All routes are offered. */
export function tellKernel(core: SpeakerCore, item: Kernel): void {
  for (const { number, list } of netsOf(core.table)) announceToKernel(core, item, number, list);
}

/** A scan of the kernel's table: what others have changed in it. */
export function scanKernel(core: SpeakerCore, item: Kernel): void {
  item.alien = alienRoutes(core, item.configuration);
  const learnt = new Map<PrefixKey, Route>();
  for (const found of item.configuration.learn ? item.alien : []) {
    if (!isLearnt(core, item, found)) continue;
    const key = prefixKey(found.destination);
    const before = learnt.get(key);
    if (before === undefined || found.metric < before.metric) learnt.set(key, found);
  }
  const before = item.learnt;
  item.learnt = learnt;
  for (const [key, found] of before) if (!learnt.has(key)) withdrawRoute(core, item.protocol, found.destination, 0);
  for (const [key, found] of learnt) {
    const known = before.get(key);
    if (known === undefined || JSON.stringify(known) !== JSON.stringify(found)) {
      importRoute(core, item.protocol, ribRoute(core, item, found));
    }
  }
  programLater(core, item);
}

/** nl_parse_route() of sysdep/linux/netlink.c (BIRD 1.6). */
function isLearnt(core: SpeakerCore, { configuration }: Kernel, found: Route): boolean {
  const { family } = core.configuration;
  if (found.family !== family || found.table !== tableOf(configuration) || found.tos !== 0) return false;
  if (found.protocol === "kernel" || found.protocol === "redirect") return false;
  const { address } = found.destination;
  if (isLoopback(address) || isMulticast(address)) return false;
  if (family === 6 && (address.a & 0xffc00000) >>> 0 === 0xfe800000) return false;
  switch (found.type) {
    case "blackhole":
    case "unreachable":
    case "prohibit":
      return true;
    case "unicast":
      return found.nextHops.length > 0 && found.nextHops.every((hop) => isUsable(core, hop));
    default:
      return false;
  }
}

/** A gateway has to be a neighbour, unless the route says that it is on the link. */
function isUsable(core: SpeakerCore, { gateway, interface: device, onlink }: NextHop): boolean {
  const port = device === null ? undefined : core.runtime.host.interfaces.get(device);
  if (port === undefined || !port.up) return false;
  if (gateway === null || onlink) return true;
  const found = findNeighbour(core.runtime, gateway);
  return found.kind === "on-link";
}

function ribRoute(core: SpeakerCore, { protocol, configuration }: Kernel, found: Route): RibRoute {
  const [first] = found.nextHops;
  const target =
    found.type === "blackhole" || found.type === "unreachable" || found.type === "prohibit"
      ? found.type
      : found.nextHops.length > 1
        ? "multipath"
        : first?.gateway == null
          ? "device"
          : "router";
  return {
    prefix: found.destination,
    owner: protocol.owner,
    path: 0,
    source: "inherit",
    preference: configuration.preference,
    target,
    hops: found.nextHops.map(({ gateway, interface: device, weight }) => ({ gateway, interface: device, weight })),
    from: null,
    attributes: null,
    kernel: {
      metric: found.metric,
      source: PROTOCOL_NUMBERS[found.protocol] ?? Number(found.protocol),
      scope: scopeOf(found, target === "device"),
      tunnel: null,
      preferredSource: found.preferredSource,
    },
    recursive: false,
    igpMetric: null,
    since: core.world.now,
  };
}

/** rtnetlink's numbers of scopes. */
const SCOPES = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };

/** nl_send_route(): as a filter has set it, else that of the kind. */
function scopeIn({ kernel: { scope }, target }: RibRoute): Route["scope"] {
  for (const name of Object.keys(SCOPES)) if (isScope(name) && SCOPES[name] === scope) return name;
  return target === "device" ? "link" : "global";
}

function isScope(name: string): name is Route["scope"] {
  return name in SCOPES;
}

/** nl_parse_route(): told where it is not the usual one; routes of IPv6 have none but `universe`. */
function scopeOf({ family, scope }: Route, isDevice: boolean): number | null {
  const number = family === 6 ? SCOPES.global : SCOPES[scope];
  return number === (isDevice ? SCOPES.link : SCOPES.global) ? null : number;
}

/** A destination has changed (krt_rt_notify). */
export function announceToKernel(core: SpeakerCore, item: Kernel, number: number, list: RouteList): void {
  if (waitsForRecovery(core, item.protocol)) return;
  const { exportUpdates, exportWithdraws } = item.protocol.stats;
  const { programmed } = item;
  const before = valueAt(programmed, number) ?? null;
  let wanted: Route | null = null;
  if (list.routes.length > 0) {
    const { verdict, errors, wanted: route } = wantedOf(core, item, list, before);
    exportUpdates.received++;
    exportUpdates[verdict]++;
    for (const fault of errors) noteError(core, item.protocol, fault, number);
    wanted = route;
  } else if (before !== null) {
    exportWithdraws.received++;
    exportWithdraws.accepted++;
  }
  if (wanted === before) return;
  if (wanted === null) deleteKey(programmed, number);
  else setValue(programmed, number, wanted);
  item.touched?.push(number);
  item.protocol.exported = programmed.size;
  programLater(core, item);
}

/** What is to be there of a list of routes: the very route that is there where it says the same. */
export function wantedOf(
  core: SpeakerCore,
  item: Kernel,
  list: RouteList,
  before: Route | null,
): Pick<Programmed, "verdict" | "errors"> & { readonly wanted: Route | null } {
  const { verdict, route, errors } = programmedOf(core, item, list, before);
  const isThere = before !== null && route !== null && before !== route && saysSame(before, route);
  return { verdict, errors, wanted: isThere ? before : route };
}

/** What becomes of a list of routes, worked out once for all who make the same of it; `before`: what is there in the first of their kernels. */
function programmedOf(core: SpeakerCore, item: Kernel, list: RouteList, before: Route | null): Programmed {
  const by = makerOf(core, item);
  const known = list.programmed;
  if (known !== null && known.by === by) return known;
  const found = exported(core, item, list.routes);
  const isThere = before !== null && found.route !== null && saysSame(before, found.route);
  const made = { by, ...found, route: isThere ? before : found.route };
  list.programmed = made;
  return made;
}

/** krt_import_control() and the export filter. */
function exported(core: SpeakerCore, item: Kernel, routes: readonly RibRoute[]): Omit<Programmed, "by"> {
  const [best] = routes;
  const errors: FilterFault[] = [];
  const isRejected =
    best === undefined ||
    best.owner === item.protocol.owner ||
    // BIRD 2 puts routes of links there too
    (core.configuration.release === "1.6" &&
      best.target === "device" &&
      best.source !== "static-device" &&
      !item.configuration.deviceRoutes);
  if (isRejected) return { verdict: "rejected", route: null, errors };
  const accepted = filtered(core, item, best, errors);
  if (accepted === null) return { verdict: "filtered", route: null, errors };
  const route = kernelRoute(core, item, accepted, mergedHops(core, item, routes, accepted, errors));
  return { verdict: "accepted", route, errors };
}

function filtered(
  core: SpeakerCore,
  { configuration }: Kernel,
  found: RibRoute,
  errors: FilterFault[],
): RibRoute | null {
  const verdict = runFilter(configuration.export, found, core.configuration.filters, core.runtime);
  if (verdict.kind === "accept") return verdict.route;
  if (verdict.kind === "error") errors.push(verdict);
  return null;
}

/** rt_export_merged(): next hops of all routes as good as the best one. */
function mergedHops(
  core: SpeakerCore,
  item: Kernel,
  routes: readonly RibRoute[],
  best: RibRoute,
  errors: FilterFault[],
): readonly RibHop[] {
  const own = hopsOf(best);
  if (!item.configuration.mergePaths || !isResolvable(best)) return own;
  const hops = [...own];
  const passed = suppressedRoutes(routes);
  for (const other of routes.slice(1)) {
    if (passed.has(other) || !isMergeable(routes[0] ?? best, other)) continue;
    const accepted = filtered(core, item, other, errors);
    for (const hop of accepted === null ? [] : hopsOf(accepted)) {
      if (hops.length < item.configuration.mergeLimit && !hops.some((known) => sameHop(known, hop))) hops.push(hop);
    }
  }
  return hops.length === own.length ? own : hops.sort(compareHops);
}

/**
 * Into Calico's tunnel packets go to the next hop of BGP itself, and not to the router on the way to it, which knows no pods
 * (krt_tunnel of Calico's BIRD; rests on what its author wrote on bird-users, 2016-09-27, and on routes of real clusters).
 */
function hopsOf(found: RibRoute): readonly RibHop[] {
  const { tunnel } = found.kernel;
  const [hop] = found.hops;
  if (tunnel === null || tunnel === "" || !found.recursive || hop === undefined) return found.hops;
  const gateway = nextHopOf(found);
  return gateway === null ? found.hops : [{ ...hop, gateway }];
}

function sameHop(x: RibHop, y: RibHop): boolean {
  return x.interface === y.interface && isSameOrNone(x.gateway, y.gateway);
}

function compareHops(x: RibHop, y: RibHop): number {
  if (x.gateway === null || y.gateway === null) return Number(x.gateway !== null) - Number(y.gateway !== null);
  return compareAddresses(x.gateway, y.gateway);
}

/** What is put into the kernel. */
function kernelRoute(core: SpeakerCore, { configuration }: Kernel, found: RibRoute, hops: readonly RibHop[]): Route {
  const { tunnel, metric, preferredSource } = found.kernel;
  const type = isResolvable(found) ? "unicast" : found.target;
  const device = tunnel === null || tunnel === "" ? null : tunnel;
  return route({
    table: tableOf(configuration),
    type: type === "blackhole" || type === "unreachable" || type === "prohibit" ? type : "unicast",
    metric: configuration.metric || metric || (core.configuration.family === 6 ? DEFAULT_METRIC_6 : 0),
    ...(core.configuration.family === 4 ? { scope: scopeIn(found) } : {}),
    preferredSource,
    carrier: found.owner,
    destination: found.prefix,
    protocol: "bird",
    nextHops: (type === "unicast" ? hops : []).map((hop) =>
      nextHop({
        gateway: hop.gateway,
        interface: device ?? hop.interface,
        weight: hop.weight,
        onlink: device !== null,
      }),
    ),
  });
}

/** Whether two routes of one destination, both BIRD's, are the same. */
function saysSame(x: Route, y: Route): boolean {
  return (
    x.table === y.table &&
    x.type === y.type &&
    x.metric === y.metric &&
    x.carrier === y.carrier &&
    x.scope === y.scope &&
    isSameOrNone(x.preferredSource, y.preferredSource) &&
    x.nextHops.length === y.nextHops.length &&
    x.nextHops.every((hop, index) => {
      const other = y.nextHops[index];
      if (other === undefined || hop.weight !== other.weight || hop.onlink !== other.onlink) return false;
      return hop.interface === other.interface && isSameOrNone(hop.gateway, other.gateway);
    })
  );
}

function isSameOrNone(x: Address | null, y: Address | null): boolean {
  return x === null || y === null ? x === y : sameAddress(x, y);
}

/** IP6_RT_PRIO_USER: what the kernel makes of no metric. */
const DEFAULT_METRIC_6 = 1024;

/** Without `persist` BIRD takes its routes with it. */
export function stopKernel(core: SpeakerCore, item: Kernel): void {
  if (item.configuration.persist) return;
  clearValues(item.programmed);
  item.touched = null;
  program(core, item);
}

/** Puts its routes into the place of BIRD's in its table; those of others stay, and so does what another of BIRD's tables has. */
function program(core: SpeakerCore, item: Kernel): void {
  const { runtime, table: rib } = core;
  const { touched, alien, last } = item;
  const before = runtime.compiled.host;
  const others = last?.host === before ? last.others : before.routes.filter((found) => !isBirds(core, item, found));
  const { interfaces } = runtime.host;
  const now = { alien, interfaces, table: tableOf(item.configuration), programmed: snapshotOf(item.programmed) };
  const change =
    touched !== null && item.beside === alien
      ? changeBetween(rib.numbering, touched)
      : changeOf(
          differences(
            before.routes.filter((found) => isBirds(core, item, found)),
            installed(now, rib.numbering),
          ),
        );
  item.touched = [];
  item.beside = alien;
  programRoutes(runtime, () => others.concat(installed(now, rib.numbering)), change);
  item.last = Object.freeze({ host: runtime.compiled.host, others });
}

function isBirds({ configuration: { family } }: SpeakerCore, { configuration }: Kernel, found: Route): boolean {
  return found.protocol === "bird" && found.family === family && found.table === tableOf(configuration);
}

/** Numbers of the destinations whose routes the kernel does not take from BIRD (KRF_SYNC_ERROR). */
export function refusedByKernel({ runtime, table: rib }: SpeakerCore, item: Kernel): ReadonlySet<number> {
  const { interfaces } = runtime.host;
  const programmed = snapshotOf(item.programmed);
  const isRefused = refusalsOf(
    { alien: item.alien, interfaces, table: tableOf(item.configuration), programmed },
    rib.numbering,
  );
  const refused = new Set<number>();
  for (const [number, found] of entriesThen(programmed)) if (isRefused(number, found)) refused.add(number);
  return refused;
}

/** All changes of one moment are compiled together. */
export function programLater(core: SpeakerCore, item: Kernel): void {
  if (item.queued || waitsForRecovery(core, item.protocol)) return;
  item.queued = true;
  schedule(core.world.queue, core.world.now, programNow, [core, item]);
}

function programNow(core: SpeakerCore, item: Kernel): void {
  item.queued = false;
  program(core, item);
}
