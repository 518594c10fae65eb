import type { Interface } from "../../model/interface.ts";
import type { PolicyRule } from "../../model/policy-rule.ts";
import type { NextHop, Route } from "../../model/route.ts";
import { formatAddress } from "../../net/address.ts";
import { formatPrefix } from "../../net/prefix.ts";
import { firstValue } from "../../net/prefix-map.ts";
import { fibOf } from "../compiled-host.ts";
import { isInGroup } from "../device-group.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Fib } from "./fib.ts";
import type { RouteKey } from "./key.ts";
import { deviceNamed } from "./named-device.ts";
import { firstHop } from "./next-hop.ts";
import { type Picked, pick6 } from "./pick6.ts";
import type { RoutingResult } from "./result.ts";
import { type RouteGroup, type RouteTable, searchRoutes } from "./route-table.ts";
import { LEGACY_TOS_MASK, ruleSelects } from "./rule-selects.ts";
import { unknownRoute, unknownWay } from "./unknown-route.ts";

const NO_ROUTE: RoutingResult = { kind: "error", errno: "ENETUNREACH", route: null, rule: null };

/** What one table says (`pol_lookup_t`): null when nothing in it applies. */
export type TableSearch = (runtime: HostRuntime, table: RouteTable, key: RouteKey) => RoutingResult | "throw" | null;

/**
 * fib_lookup(): the policy rules in order of priority, each table by longest prefix (net/ipv4/fib_rules.c,
 * fib_trie.c fib_table_lookup), or as `search` has it. `throw` and a miss go on with the next rule. Of several next hops it is the first
 * that is alive: packets that are sent or forwarded are shared out by `selectPath`.
 */
export function lookUpRoute(runtime: HostRuntime, key: RouteKey, search: TableSearch = searchTable): RoutingResult {
  const fib = fibOf(runtime.compiled, key.dst.family);
  if (fib.unknown) return unknownRoute(runtime, key);
  if (fib.assumed.length > 0 && routesElsewhere(runtime, fib)) return unknownRoute(runtime, key);
  if (fib.plainTables !== null) {
    const { plainTables } = fib;
    for (let index = 0; index < plainTables.length; index++) {
      const table = plainTables[index];
      const result = table === undefined ? null : search(runtime, table, key);
      if (result !== null && result !== "throw") return result;
    }
    return NO_ROUTE;
  }
  let from = 0;
  for (;;) {
    const jump = walkRules(runtime, key, fib.policyRules, from, search);
    if (typeof jump !== "number") return jump;
    from = jump;
  }
}

/** Whether routes or rules that are assumed not to be there are to be taken as unknown (`Services.assume`). */
function routesElsewhere(runtime: HostRuntime, fib: Fib): boolean {
  let answer = runtime.noted.get(fib);
  if (answer === undefined) {
    answer = 0;
    for (const { code, detail } of fib.assumed) answer |= runtime.services.assume(runtime, code, detail, 1);
    runtime.noted.set(fib, answer);
  }
  return answer !== 0;
}

/** fib_rules_lookup() from index `start`; returns a result, or the index to go on at after a `goto`. */
function walkRules(
  runtime: HostRuntime,
  key: RouteKey,
  rules: readonly PolicyRule[],
  start: number,
  search: TableSearch,
): RoutingResult | number {
  for (let i = start; i < rules.length; i++) {
    const rule = rules[i];
    if (rule === undefined || !ruleSelects(runtime, rule, key)) continue;
    switch (rule.action.kind) {
      case "lookup": {
        const result = lookUpTable(runtime, rule.action.table, key, search);
        if (result !== null && !isSuppressed(runtime, rule, result)) return result;
        continue;
      }
      case "goto": {
        const { priority } = rule.action;
        const next = rules.findIndex((other, index) => index > i && other.priority === priority);
        // "unresolved": there is no rule of that priority.
        if (next < 0) continue;
        return next;
      }
      case "nop":
        continue;
      case "blackhole":
        return { kind: "error", errno: "EINVAL", route: null, rule };
      case "unreachable":
        return { kind: "error", errno: "ENETUNREACH", route: null, rule };
      case "prohibit":
        return { kind: "error", errno: "EACCES", route: null, rule };
      case "unmodelled": {
        const result = unmodelledAction(runtime, rule, rule.action.text, key);
        if (result !== null) return result;
        continue;
      }
    }
  }
  return NO_ROUTE;
}

/** What a rule does whose action podpath does not model: nothing (null), refuse, or send the packet who knows where. */
function unmodelledAction(runtime: HostRuntime, rule: PolicyRule, text: string, key: RouteKey): RoutingResult | null {
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "unmodelled-rule-action",
    variable: `${runtime.host.name} ip rule ${rule.priority} ${rule.origin} for ${formatAddress(key.dst)}`,
    question: `what does "ip rule ${rule.priority}: ${text}" on ${runtime.host.name} do with the packet to ${formatAddress(key.dst)}? podpath does not model it`,
    alternatives: [
      { label: "nothing", probability: 0 },
      { label: "it refuses it", probability: 0 },
      { label: "it sends it another way", probability: 0 },
    ],
  });
  if (taken === 0) return null;
  return taken === 1 ? { kind: "error", errno: "ENETUNREACH", route: null, rule } : unknownWay(key.dst);
}

/** fib4_rule_suppress(): routes too short, or over a device of the group. What is refused by a route stays refused. */
function isSuppressed(runtime: HostRuntime, rule: PolicyRule, result: RoutingResult): boolean {
  if (result.kind === "error" || result.route === null) return false;
  if (rule.suppressPrefixLength !== null && result.route.destination.length <= rule.suppressPrefixLength) return true;
  return rule.suppressGroup !== null && isOfGroup(runtime, result, rule.suppressGroup);
}

function isOfGroup(runtime: HostRuntime, result: Exclude<RoutingResult, { kind: "error" }>, group: number): boolean {
  const { output } = result;
  const known = isInGroup(String(group), output);
  if (known !== null) return known;
  return (
    runtime.services.choose({
      kind: "unknown",
      code: "interface-group",
      variable: `${runtime.host.name} group of ${output.name} ${group}`,
      question: `is ${output.name} of ${runtime.host.name} in the interface group ${group}?`,
      alternatives: [
        { label: "it is not", probability: 0 },
        { label: "it is", probability: 0 },
      ],
      command: "ip link show",
    }) === 1
  );
}

/** One table: null when nothing in it applies, or only a `throw`. */
function lookUpTable(runtime: HostRuntime, table: number, key: RouteKey, search: TableSearch): RoutingResult | null {
  const map = fibOf(runtime.compiled, key.dst.family).tables.get(table);
  const found = map === undefined ? null : search(runtime, map, key);
  return found === "throw" ? null : found;
}

/** The longest prefix of which a route is usable. */
function searchTable(runtime: HostRuntime, table: RouteTable, key: RouteKey): RoutingResult | "throw" | null {
  if (table.shared !== null) return searchBoth(runtime, table, key);
  const map = table.own;
  for (let index = firstValue(map, key.dst); index >= 0; index = map.next[index] ?? -1) {
    const group = map.values[index];
    const result = group === undefined ? null : usableOf(runtime, group, key);
    if (result !== null) return result;
  }
  return null;
}

/** A function of its own: what a closure holds is made wherever the function around it begins. */
function searchBoth(runtime: HostRuntime, table: RouteTable, key: RouteKey): RoutingResult | "throw" | null {
  return searchRoutes(table, key.dst, (group) => usableOf(runtime, group, key));
}

function usableOf(runtime: HostRuntime, group: RouteGroup, key: RouteKey): RoutingResult | "throw" | null {
  return key.dst.family === 6 ? picked(runtime, pick6(runtime, group, key), key) : pick(runtime, group, key);
}

/** The first usable route of a group. */
function pick(runtime: HostRuntime, group: RouteGroup, key: RouteKey): RoutingResult | "throw" | null {
  for (let index = 0; index < group.length; index++) {
    const route = group[index];
    if (route === undefined) continue;
    if (route.tos !== 0 && route.tos !== (route.family === 4 ? key.tos & LEGACY_TOS_MASK : key.tos)) continue;
    const refused = refusalOf(route);
    if (refused !== null) return refused;
    const hop = firstHop(runtime, route, key.output);
    const result = hop === null ? null : resultOf(runtime, route, hop, key);
    if (result !== null) return result;
  }
  return null;
}

function picked(runtime: HostRuntime, found: Picked | null, key: RouteKey): RoutingResult | "throw" | null {
  if (found === null) return null;
  return found.hop === null ? refusalOf(found.route) : resultOf(runtime, found.route, found.hop, key);
}

/** fib_props, fib6_props: what a route that leads nowhere says; null for others. */
export function refusalOf(route: Route): RoutingResult | "throw" | null {
  switch (route.type) {
    case "throw":
      return "throw";
    case "blackhole":
      return { kind: "error", errno: "EINVAL", route, rule: null };
    case "unreachable":
      return { kind: "error", errno: "EHOSTUNREACH", route, rule: null };
    case "prohibit":
      return { kind: "error", errno: "EACCES", route, rule: null };
    default:
      return null;
  }
}

/** Whether a route that is there by assumption is to be taken as missing (`Services.assume`). */
function isElsewhere(runtime: HostRuntime, route: Route): boolean {
  if (route.assumption === undefined) return false;
  const detail = `${runtime.host.name} has the route to ${formatPrefix(route.destination)}`;
  return runtime.services.assume(runtime, route.assumption, detail, 1) !== 0;
}

/** A route over one of its next hops; null when the host has no such device. */
export function resultOf(runtime: HostRuntime, route: Route, hop: NextHop, key: RouteKey): RoutingResult | null {
  const output = hop.interface === null ? null : deviceNamed(runtime.host, hop.interface);
  if (output === null) return null;
  const { preferredSource } = route;
  switch (route.type) {
    case "local":
      return { kind: "local", route, output, preferredSource };
    case "broadcast":
      return { kind: "broadcast", route, output, preferredSource };
    case "multicast":
      return { kind: "multicast", route, output, preferredSource };
    case "anycast":
      if (takesIn(route, key)) return { kind: "local", route, output, preferredSource };
      return wayOver(runtime, route, hop, output, key);
    default:
      if (isElsewhere(runtime, route)) return null;
      return wayOver(runtime, route, hop, output, key);
  }
}

/**
 * ip6_rt_init_dst() takes in what arrives by any IPv6 route of type anycast; RTF_ANYCAST, which only the kernel's own have, leads what is sent to
 * lo as well (ip6_rt_get_dev_rcu()). In IPv4 the type delivers nothing.
 */
function takesIn({ family, protocol }: Route, key: RouteKey): boolean {
  return family === 6 && (protocol === "kernel" || key.input !== null);
}

function wayOver(runtime: HostRuntime, route: Route, hop: NextHop, output: Interface, key: RouteKey): RoutingResult {
  const { ownGateways } = fibOf(runtime.compiled, key.dst.family);
  const gateway = ownGateways.size > 0 && ownGateways.has(hop) ? null : hop.gateway;
  return {
    kind: "unicast",
    output,
    nextHop: gateway ?? key.dst,
    viaGateway: gateway !== null,
    route,
    preferredSource: route.preferredSource,
    onlink: hop.onlink,
  };
}
