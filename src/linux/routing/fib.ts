import type { AssumptionCode } from "../../model/codes/assumption-codes.ts";
import { type Host, knowledgeOf } from "../../model/host.ts";
import { defaultPolicyRules, type PolicyRule } from "../../model/policy-rule.ts";
import { layeredRoutes, type NextHop, type Route, TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN } from "../../model/route.ts";
import { type Address, type Family, ipv4 } from "../../net/address.ts";
import { netmask } from "../../net/prefix.ts";
import { type RouteTable, type RouteTables, routeTables, searchRoutes } from "./route-table.ts";

/** What every look-up of a family rests on. */
interface RoutingAssumption {
  readonly code: AssumptionCode;
  readonly detail: string;
}

/** One family's routing state, made once per Host object. */
export interface Fib {
  readonly tables: RouteTables;
  readonly policyRules: readonly PolicyRule[];
  /** The tables that every packet is looked up in, one after the other; null where policy rules select. */
  readonly plainTables: readonly RouteTable[] | null;
  /** Policy rules beyond the kernel's own, or local routes that no address made. */
  readonly custom: boolean;
  /** Next hops whose gateway is an address of the host itself: the kernel takes them for on-link (`nhc_scope`). */
  readonly ownGateways: ReadonlySet<NextHop>;
  /** fib_num_tclassid_users: some rule or route has a realm. */
  readonly classes: boolean;
  /** Nothing is known of the routes. */
  readonly unknown: boolean;
  readonly assumed: readonly RoutingAssumption[];
}

/**
 * While a namespace has only its first policy rules, IPv4 keeps `local` and `main` in one trie (fib_new_table, until
 * fib_unmerge): a longer prefix of `main` beats a shorter one of `local` then.
 */
export function compileFib(host: Host, family: Family): Fib {
  const own = host.policyRules.filter((rule) => rule.family === family);
  const policyRules = own.length > 0 ? [...own].sort((x, y) => x.priority - y.priority) : defaultPolicyRules(family);
  const fresh = isFresh(policyRules, family);
  const isMerged = fresh && family === 4;
  const tables = routeTables(host.routes, family, isMerged);
  const layers = layeredRoutes.layersOf(host.routes);
  const some = (is: (facts: ListFacts) => boolean): boolean =>
    layers === null
      ? is(factsOf(host.routes, family))
      : is(factsOf(layers.own, family)) || is(factsOf(layers.shared, family));
  return {
    tables,
    policyRules,
    plainTables: fresh ? [...new Set(policyRules.flatMap((rule) => tableOf(rule, tables)))] : null,
    custom: !fresh || some(({ byHand }) => byHand),
    classes: policyRules.some(({ realms }) => realms !== null) || some(({ classes }) => classes),
    ownGateways: family === 4 ? ownGateways(host, tables.get(TABLE_LOCAL)) : new Set(),
    unknown: knowledgeOf(host, family === 4 ? "routes" : "routes6") === "unknown",
    assumed: assumptionsAbout(host, family, policyRules),
  };
}

function tableOf({ action }: PolicyRule, tables: Fib["tables"]): RouteTable | [] {
  return action.kind === "lookup" ? (tables.get(action.table) ?? []) : [];
}

/** What a look-up must know of all routes of a list. */
interface ListFacts {
  /** Some local route was made by no address. */
  readonly byHand: boolean;
  /** Some route has a realm. */
  readonly classes: boolean;
  /** Next hops that are no interface's own, by their IPv4 gateway. */
  readonly gateways: ReadonlyMap<number, readonly NextHop[]>;
}

const knownFacts: Readonly<Record<Family, WeakMap<readonly Route[], ListFacts>>> = {
  4: new WeakMap(),
  6: new WeakMap(),
};

function factsOf(routes: readonly Route[], family: Family): ListFacts {
  const known = knownFacts[family].get(routes);
  if (known !== undefined) return known;
  let byHand = false;
  let classes = false;
  const gateways = new Map<number, NextHop[]>();
  for (const route of routes) {
    if (route.family !== family) continue;
    byHand ||= route.type === "local" && route.protocol !== "kernel";
    classes ||= route.realm !== null;
    for (const hop of route.nextHops) {
      if (hop.gateway?.family !== 4 || hop.onlink) continue;
      const same = gateways.get(hop.gateway.a);
      if (same === undefined) gateways.set(hop.gateway.a, [hop]);
      else same.push(hop);
    }
  }
  const facts = { byHand, classes, gateways };
  knownFacts[family].set(routes, facts);
  return facts;
}

/** fib_check_nh_gw(): a gateway that the local table knows as the host's own does not lead any further. */
function ownGateways({ routes }: Host, local: RouteTable | undefined): ReadonlySet<NextHop> {
  const own = new Set<NextHop>();
  if (local === undefined) return own;
  const add = (gateway: number, hops: readonly NextHop[]): void => {
    const device = localDevice(local, ipv4(gateway));
    if (device !== null) for (const hop of hops) if (hop.interface === device) own.add(hop);
  };
  const layers = layeredRoutes.layersOf(routes);
  for (const [gateway, hops] of factsOf(layers?.own ?? routes, 4).gateways) add(gateway, hops);
  if (layers === null) return own;
  const { gateways } = factsOf(layers.shared, 4);
  for (const { type, family, destination } of [...layers.own, ...localRoutes(layers.shared)]) {
    if (type !== "local" || family !== 4) continue;
    const { a } = destination.address;
    if (destination.length === 32) add(a, gateways.get(a) ?? []);
    else {
      const mask = netmask(4, destination.length).a;
      for (const [gateway, hops] of gateways) if (((gateway ^ a) & mask) === 0) add(gateway, hops);
    }
  }
  return own;
}

const knownLocal = new WeakMap<readonly Route[], readonly Route[]>();

function localRoutes(routes: readonly Route[]): readonly Route[] {
  const known = knownLocal.get(routes) ?? routes.filter(({ type }) => type === "local");
  knownLocal.set(routes, known);
  return known;
}

function localDevice(local: RouteTable, address: Address): string | null {
  const usable = ({ tos }: Route): boolean => tos === 0;
  const route = searchRoutes(local, address, (group) => group.find(usable) ?? null);
  return route?.type === "local" ? (route.nextHops[0]?.interface ?? null) : null;
}

/** Whether the policy rules are the three (or two) of a fresh namespace. */
function isFresh(rules: readonly PolicyRule[], family: Family): boolean {
  const fresh = defaultPolicyRules(family);
  return (
    rules.length === fresh.length && rules.every((rule, index) => selectsAll(rule) && sameTable(rule, fresh[index]))
  );
}

function sameTable({ action, priority }: PolicyRule, other: PolicyRule | undefined): boolean {
  if (priority !== other?.priority) return false;
  return action.kind === "lookup" && other?.action.kind === "lookup" && action.table === other.action.table;
}

function selectsAll(rule: PolicyRule): boolean {
  return (
    !rule.not &&
    (rule.from === null || rule.from.length === 0) &&
    rule.to === null &&
    rule.inInterface === null &&
    rule.outInterface === null &&
    rule.mark === null &&
    rule.tos === 0 &&
    rule.protocol === null &&
    rule.sport === null &&
    rule.dport === null &&
    rule.uidRange === null &&
    rule.dscp === null &&
    rule.suppressPrefixLength === null &&
    rule.suppressGroup === null &&
    rule.tunnelId === null &&
    rule.unmodelled === "" &&
    !rule.l3mdev
  );
}

function assumptionsAbout(
  host: Host,
  family: Family,
  policyRules: readonly PolicyRule[],
): readonly RoutingAssumption[] {
  const assumed: RoutingAssumption[] = [];
  const knowledge = knowledgeOf(host, family === 4 ? "routes" : "routes6");
  if (knowledge === "assumed") {
    assumed.push({ code: "only-dumped-routes", detail: `routes of ${host.name}` });
  } else if (knowledge === "derived") {
    const missing = unseenTables(host, family, policyRules);
    if (missing.length > 0) {
      const tables = `${missing.length === 1 ? "table" : "tables"} ${missing.join(", ")}`;
      assumed.push({ code: "only-dumped-routes", detail: `routes of ${host.name} in ${tables}` });
    }
  }
  if (knowledgeOf(host, "policyRules") === "unknown") {
    assumed.push({ code: "default-policy-rules", detail: `${host.name} has only the default policy rules` });
  }
  return assumed;
}

/** Tables that rules lead to and no dump shows, where what was dumped is `main` alone: `ip route` without `table all`. */
function unseenTables(host: Host, family: Family, policyRules: readonly PolicyRule[]): readonly number[] {
  const wanted = new Set(policyRules.flatMap(({ action }) => (action.kind === "lookup" ? [action.table] : [])));
  for (const table of [TABLE_LOCAL, TABLE_MAIN, TABLE_DEFAULT]) wanted.delete(table);
  if (wanted.size === 0) return [];
  for (const route of host.routes) if (route.family === family) wanted.delete(route.table);
  return [...wanted].sort((x, y) => x - y);
}
