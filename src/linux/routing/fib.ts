import type { AssumptionCode } from "../../model/codes/assumption-codes.ts";
import { type Host, knowledgeOf } from "../../model/host.ts";
import { defaultPolicyRules, type PolicyRule } from "../../model/policy-rule.ts";
import { type NextHop, type Route, TABLE_LOCAL, TABLE_MAIN } from "../../model/route.ts";
import { type Address, compareAddresses, type Family } from "../../net/address.ts";
import { type Prefix, samePrefix } from "../../net/prefix.ts";
import { lookUp, type PrefixMap, prefixMap } from "../../net/prefix-map.ts";

/**
 * Routes of one prefix and table, in the order the kernel tries them: by table (`local` first where it is merged with
 * `main`), by TOS (specific first), then by metric.
 */
export type RouteGroup = readonly Route[];

/** What every look-up of a family rests on. */
interface RoutingAssumption {
  readonly code: AssumptionCode;
  readonly detail: string;
}

/** One family's routing state, made once per Host object. */
export interface Fib {
  readonly tables: ReadonlyMap<number, PrefixMap<RouteGroup>>;
  readonly policyRules: readonly PolicyRule[];
  /** The tables that every packet is looked up in, one after the other; null where policy rules select. */
  readonly plainTables: readonly PrefixMap<RouteGroup>[] | null;
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
  const tables = compileTables(host, family, isMerged);
  const byHand = host.routes.some(
    (route) => route.family === family && route.type === "local" && route.protocol !== "kernel",
  );
  return {
    tables,
    policyRules,
    plainTables: fresh ? [...new Set(policyRules.flatMap((rule) => tableOf(rule, tables)))] : null,
    custom: !fresh || byHand,
    classes:
      policyRules.some(({ realms }) => realms !== null) ||
      host.routes.some((route) => route.family === family && route.realm !== null),
    ownGateways: family === 4 ? ownGateways(host, tables.get(TABLE_LOCAL)) : new Set(),
    unknown: knowledgeOf(host, family === 4 ? "routes" : "routes6") === "unknown",
    assumed: assumptionsAbout(host, family),
  };
}

function tableOf({ action }: PolicyRule, tables: Fib["tables"]): PrefixMap<RouteGroup> | [] {
  return action.kind === "lookup" ? (tables.get(action.table) ?? []) : [];
}

function compileTables(host: Host, family: Family, isMerged: boolean): Map<number, PrefixMap<RouteGroup>> {
  const routes = new Map<number, Route[]>();
  for (const route of host.routes) {
    if (route.family !== family) continue;
    const number = isMerged && route.table === TABLE_LOCAL ? TABLE_MAIN : route.table;
    const table = routes.get(number);
    if (table === undefined) routes.set(number, [route]);
    else table.push(route);
  }
  const tables = new Map<number, PrefixMap<RouteGroup>>();
  for (const [number, list] of routes) {
    list.sort(
      (x, y) =>
        compareAddresses(x.destination.address, y.destination.address) ||
        x.destination.length - y.destination.length ||
        y.table - x.table ||
        y.tos - x.tos ||
        x.metric - y.metric,
    );
    tables.set(number, prefixMap(family, groupsOf(list)));
  }
  const merged = isMerged ? tables.get(TABLE_MAIN) : undefined;
  if (merged !== undefined) tables.set(TABLE_LOCAL, merged);
  return tables;
}

/** fib_check_nh_gw(): a gateway that the local table knows as the host's own does not lead any further. */
function ownGateways(host: Host, local: PrefixMap<RouteGroup> | undefined): ReadonlySet<NextHop> {
  const own = new Set<NextHop>();
  if (local === undefined) return own;
  const devices = new Map<number, string | null>();
  for (const { nextHops, family } of host.routes) {
    if (family !== 4) continue;
    for (const hop of nextHops) {
      if (hop.gateway?.family !== 4 || hop.onlink) continue;
      const { a } = hop.gateway;
      const known = devices.get(a);
      const device = known === undefined ? localDevice(local, hop.gateway) : known;
      devices.set(a, device);
      if (device !== null && device === hop.interface) own.add(hop);
    }
  }
  return own;
}

function localDevice(local: PrefixMap<RouteGroup>, address: Address): string | null {
  const usable = ({ tos }: Route): boolean => tos === 0;
  const route = lookUp(local, address, (group) => group.some(usable))?.find(usable);
  return route?.type === "local" ? (route.nextHops[0]?.interface ?? null) : null;
}

/** Neighbours in the sorted list that have one prefix. */
function groupsOf(sorted: readonly Route[]): (readonly [Prefix, RouteGroup])[] {
  const groups: [Prefix, Route[]][] = [];
  for (const route of sorted) {
    const last = groups.at(-1);
    if (last !== undefined && samePrefix(last[0], route.destination)) last[1].push(route);
    else groups.push([route.destination, [route]]);
  }
  return groups;
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

function assumptionsAbout(host: Host, family: Family): readonly RoutingAssumption[] {
  const assumed: RoutingAssumption[] = [];
  if (knowledgeOf(host, family === 4 ? "routes" : "routes6") === "assumed") {
    assumed.push({ code: "only-dumped-routes", detail: `routes of ${host.name}` });
  }
  if (knowledgeOf(host, "policyRules") === "unknown") {
    assumed.push({ code: "default-policy-rules", detail: `${host.name} has only the default policy rules` });
  }
  return assumed;
}
