import type { Host } from "../../model/host.ts";
import { defaultPolicyRules, type PolicyRule } from "../../model/policy-rule.ts";
import type { Route } from "../../model/route.ts";
import type { Family } from "../../net/address.ts";
import { formatPrefix, type Prefix } from "../../net/prefix.ts";
import { type PrefixMap, prefixMap } from "../../net/prefix-map.ts";

/** Routes of one prefix and table, in the order the kernel tries them: by TOS (specific first), then metric. */
export type RouteGroup = readonly Route[];

/** One family's routing state, made once per Host object. */
export interface Fib {
  readonly tables: ReadonlyMap<number, PrefixMap<RouteGroup>>;
  readonly policyRules: readonly PolicyRule[];
  /** True when the policy rules are the three (or two) of a fresh namespace. */
  readonly plain: boolean;
}

export function compileFib(host: Host, family: Family): Fib {
  const groups = new Map<number, Map<string, { prefix: Prefix; routes: Route[] }>>();
  for (const route of host.routes) {
    if (route.family !== family) continue;
    const table = groups.get(route.table) ?? new Map<string, { prefix: Prefix; routes: Route[] }>();
    groups.set(route.table, table);
    const key = formatPrefix(route.destination);
    const group = table.get(key);
    if (group === undefined) table.set(key, { prefix: route.destination, routes: [route] });
    else group.routes.push(route);
  }
  const tables = new Map<number, PrefixMap<RouteGroup>>();
  for (const [table, entries] of groups) {
    const sorted = [...entries.values()].map(
      ({ prefix, routes }) => [prefix, routes.sort((x, y) => y.tos - x.tos || x.metric - y.metric)] as const,
    );
    tables.set(table, prefixMap(family, sorted));
  }
  const own = host.policyRules.filter((rule) => rule.family === family);
  const policyRules = own.length > 0 ? [...own].sort((x, y) => x.priority - y.priority) : defaultPolicyRules(family);
  return { tables, policyRules, plain: isPlain(policyRules, family) };
}

function isPlain(rules: readonly PolicyRule[], family: Family): boolean {
  const fresh = defaultPolicyRules(family);
  return (
    rules.length === fresh.length &&
    rules.every((rule, index) => {
      const other = fresh[index];
      return (
        rule.action.kind === "lookup" &&
        other?.action.kind === "lookup" &&
        rule.action.table === other.action.table &&
        rule.from === null &&
        rule.to === null &&
        rule.mark === null &&
        rule.inInterface === null &&
        rule.outInterface === null &&
        !rule.not
      );
    })
  );
}
