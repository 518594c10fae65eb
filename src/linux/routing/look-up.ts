import type { PolicyRule } from "../../model/policy-rule.ts";
import type { NextHop, Route } from "../../model/route.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import { prefixContains } from "../../net/prefix.ts";
import { firstValue, type PrefixMap } from "../../net/prefix-map.ts";
import { ignoresLinkdown } from "../device-settings.ts";
import { isFree, valueIn } from "../free-value.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Fib, RouteGroup } from "./fib.ts";
import type { RouteKey } from "./key.ts";
import { deviceNamed } from "./named-device.ts";
import type { RoutingResult } from "./result.ts";
import { unknownRoute } from "./unknown-route.ts";

const NO_ROUTE: RoutingResult = { kind: "error", errno: "ENETUNREACH", route: null, rule: null };

/**
 * fib_lookup(): the policy rules in order of priority, each table by longest prefix (net/ipv4/fib_rules.c,
 * fib_trie.c fib_table_lookup). `throw` and a miss go on with the next rule.
 */
export function lookUpRoute(runtime: HostRuntime, key: RouteKey): RoutingResult {
  const fib = runtime.compiled.fib[key.dst.family];
  if (fib.unknown) return unknownRoute(runtime, key);
  if (fib.assumed.length > 0 && routesElsewhere(runtime, fib)) return unknownRoute(runtime, key);
  if (fib.plainTables !== null) {
    for (const table of fib.plainTables) {
      const result = searchTable(runtime, table, key);
      if (result !== null && result !== "throw") return result;
    }
    return NO_ROUTE;
  }
  let from = 0;
  for (;;) {
    const jump = walkRules(runtime, key, fib.policyRules, from);
    if (typeof jump !== "number") return jump;
    from = jump;
  }
}

/** Whether routes or rules that are assumed not to be there are to be taken as unknown (`Services.assume`). */
function routesElsewhere(runtime: HostRuntime, fib: Fib): boolean {
  let answer = runtime.noted.get(fib);
  if (answer === undefined) {
    answer = 0;
    for (const { part, detail } of fib.assumed) answer |= runtime.services.assume(runtime, part, detail, 1);
    runtime.noted.set(fib, answer);
  }
  return answer !== 0;
}

/** Tries the rules from index `start`; returns a result, or the index to go on at after a `goto`. */
function walkRules(
  runtime: HostRuntime,
  key: RouteKey,
  rules: readonly PolicyRule[],
  start: number,
): RoutingResult | number {
  for (let i = start; i < rules.length; i++) {
    const rule = rules[i];
    if (rule === undefined || !ruleSelects(runtime, rule, key)) continue;
    switch (rule.action.kind) {
      case "lookup": {
        const result = lookUpTable(runtime, rule.action.table, key, rule.suppressPrefixLength);
        if (result !== null) return result;
        continue;
      }
      case "goto": {
        const { priority } = rule.action;
        const next = rules.findIndex((other, index) => index > i && other.priority >= priority);
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
        const applies = runtime.services.choose({
          kind: "unknown",
          variable: `${runtime.host.name} ip rule ${rule.priority} for ${formatAddress(key.dst)}`,
          question: `does "ip rule ${rule.priority}: ${rule.action.text}" on ${runtime.host.name} drop the packet? podpath does not model it`,
          alternatives: [
            { label: "it does not apply", probability: 0 },
            { label: "no route", probability: 0 },
          ],
        });
        if (applies === 1) return { kind: "error", errno: "ENETUNREACH", route: null, rule };
        continue;
      }
    }
  }
  return NO_ROUTE;
}

function ruleSelects(runtime: HostRuntime, rule: PolicyRule, key: RouteKey): boolean {
  return rule.not !== selectorsHold(runtime, rule, key);
}

function selectorsHold(runtime: HostRuntime, rule: PolicyRule, key: RouteKey): boolean {
  if (rule.from !== null && rule.from.length > 0) {
    if (key.src === null || !prefixContains(rule.from, key.src)) return false;
  }
  if (rule.to !== null && !prefixContains(rule.to, key.dst)) return false;
  if (rule.inInterface !== null && rule.inInterface !== (key.input ?? "lo")) return false;
  if (rule.outInterface !== null && rule.outInterface !== key.output) return false;
  if (rule.mark !== null && ((key.mark ^ rule.mark.value) & rule.mark.mask) !== 0) return false;
  if (rule.tos !== 0 && rule.tos !== key.tos) return false;
  if (rule.protocol !== null && rule.protocol !== key.protocol) return false;
  if (rule.sport !== null && !portIn(runtime, key.sport, rule.sport)) return false;
  if (rule.dport !== null && !portIn(runtime, key.dport, rule.dport)) return false;
  if (rule.uidRange !== null && (key.uid < rule.uidRange.first || key.uid > rule.uidRange.last)) return false;
  return true;
}

function portIn(runtime: HostRuntime, port: number, range: { readonly first: number; readonly last: number }): boolean {
  return isFree(port)
    ? valueIn(runtime.services.freeValues, runtime.services.choose, port, [range])
    : port >= range.first && port <= range.last;
}

/** One table: null when nothing in it applies, or only a `throw`. */
export function lookUpTable(
  runtime: HostRuntime,
  table: number,
  key: RouteKey,
  suppressPrefixLength: number | null,
): RoutingResult | null {
  const map = runtime.compiled.fib[key.dst.family].tables.get(table);
  if (map === undefined) return null;
  const found = searchTable(runtime, map, key);
  if (found === null || found === "throw") return null;
  if (suppressPrefixLength !== null && routeLength(found) <= suppressPrefixLength) return null;
  return found;
}

/** The longest prefix of which a route is usable. */
function searchTable(runtime: HostRuntime, map: PrefixMap<RouteGroup>, key: RouteKey): RoutingResult | "throw" | null {
  for (let index = firstValue(map, key.dst); index >= 0; index = map.next[index] ?? -1) {
    const group = map.values[index];
    const result = group === undefined ? null : pick(runtime, group, key);
    if (result !== null) return result;
  }
  return null;
}

function routeLength(result: RoutingResult): number {
  return result.route === null ? 129 : result.route.destination.length;
}

/** The first usable route of a group. */
function pick(runtime: HostRuntime, group: RouteGroup, key: RouteKey): RoutingResult | "throw" | null {
  for (const route of group) {
    if (route.tos !== 0 && route.tos !== key.tos) continue;
    switch (route.type) {
      case "throw":
        return "throw";
      case "blackhole":
        return { kind: "error", errno: "EINVAL", route, rule: null };
      case "unreachable":
        return { kind: "error", errno: "EHOSTUNREACH", route, rule: null };
      case "prohibit":
        return { kind: "error", errno: "EACCES", route, rule: null };
      case "unicast":
      case "local":
      case "broadcast":
      case "multicast":
      case "anycast": {
        const hop = chooseNextHop(runtime, route, key);
        if (hop !== null) return toResult(runtime, route, hop, key);
        continue;
      }
    }
  }
  return null;
}

function usable(runtime: HostRuntime, hop: NextHop, key: RouteKey): boolean {
  if (hop.dead || hop.interface === null) return false;
  if (key.output !== null && key.output !== hop.interface) return false;
  const device = deviceNamed(runtime.host, hop.interface);
  if (device === null || !device.up) return false;
  if ((hop.linkdown || !device.carrier) && hop.linkdown && ignoresLinkdown(runtime, hop.interface)) return false;
  return true;
}

/** One of the next hops: several usable ones are shared out by a hash of the flow (fib_multipath_hash_policy). */
function chooseNextHop(runtime: HostRuntime, route: Route, key: RouteKey): NextHop | null {
  const [only] = route.nextHops;
  if (only === undefined) return null;
  if (route.nextHops.length === 1) return usable(runtime, only, key) ? only : null;
  const hops = route.nextHops.filter((hop) => usable(runtime, hop, key));
  if (hops.length <= 1) return hops[0] ?? null;
  const total = hops.reduce((sum, hop) => sum + hop.weight, 0);
  const taken = runtime.services.choose({
    kind: "hash",
    variable: `${runtime.host.name} multipath ${route.origin} ${key.src === null ? "" : formatAddress(key.src)} ${formatAddress(key.dst)}`,
    question: `which next hop does ${runtime.host.name} take for ${formatAddress(key.dst)}?`,
    alternatives: hops.map((hop) => ({
      label: hop.gateway === null ? `dev ${hop.interface ?? ""}` : `via ${formatAddress(hop.gateway)}`,
      probability: hop.weight / total,
    })),
  });
  return hops[taken] ?? null;
}

function toResult(runtime: HostRuntime, route: Route, hop: NextHop, key: RouteKey): RoutingResult | null {
  const output = hop.interface === null ? null : deviceNamed(runtime.host, hop.interface);
  if (output === null) return null;
  const { preferredSource } = route;
  switch (route.type) {
    case "local":
    case "anycast":
      return { kind: "local", route, output, preferredSource };
    case "broadcast":
      return { kind: "broadcast", route, output, preferredSource };
    case "multicast":
      return { kind: "multicast", route, output, preferredSource };
    default: {
      const nextHop: Address = hop.gateway ?? key.dst;
      return {
        kind: "unicast",
        output,
        nextHop,
        viaGateway: hop.gateway !== null,
        route,
        preferredSource,
        onlink: hop.onlink,
      };
    }
  }
}
