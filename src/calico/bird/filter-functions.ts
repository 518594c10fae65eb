import type { BGPFilter, BGPFilterOperation, BGPFilterRule } from "../bgp-filter.ts";
import { filterFunctionName } from "./symbol-name.ts";

/** The largest number that BIRD's filters hold; Calico carries a route's metric as this minus bgp_local_pref. */
export const LARGEST_PREFERENCE = 2147483647;

const OPERATORS = { Equal: "=", NotEqual: "!=", In: "~", NotIn: "!~" } as const;

type Direction = "import" | "export";

/** The rules of a filter in one direction and family. */
export function rulesOf(filter: BGPFilter, direction: Direction, family: 4 | 6): readonly BGPFilterRule[] {
  if (family === 4) return direction === "import" ? filter.importV4 : filter.exportV4;
  return direction === "import" ? filter.importV6 : filter.exportV6;
}

/**
 * A call of each filter's function, for the filters that have rules in this direction; a name without a BGPFilter is passed over, as confd
 * does. `sameAS` is the argument of those that ask whether the peer is of this AS.
 */
export function filterCalls(
  filters: readonly BGPFilter[],
  direction: Direction,
  family: 4 | 6,
  sameAS: boolean,
): readonly string[] {
  return filters.flatMap((filter) => {
    const rules = rulesOf(filter, direction, family);
    if (rules.length === 0) return [];
    const argument = rules.some(({ peerType }) => peerType !== null) ? String(sameAS) : "";
    return [`${filterFunctionName(filter.metadata.name, direction, family)}(${argument});`];
  });
}

/** The functions of all filters (confd/pkg/resource/template/template_funcs.go, BGPFilterBIRDFuncs). */
export function filterFunctions(filters: readonly BGPFilter[], family: 4 | 6): readonly string[] {
  const lines = filters.flatMap((filter) => {
    const functions = (["import", "export"] as const).flatMap((direction) => {
      const rules = rulesOf(filter, direction, family);
      if (rules.length === 0) return [];
      const parameter = rules.some(({ peerType }) => peerType !== null) ? "bool is_same_as" : "";
      const name = filterFunctionName(filter.metadata.name, direction, family);
      return [`function ${name}(${parameter}) {`, ...rules.map((rule) => `  ${statement(rule, family)}`), "}"];
    });
    return functions.length === 0 ? [] : [`# v${family} BGPFilter ${filter.metadata.name}`, ...functions];
  });
  return lines.length === 0 ? [`# No v${family} BGPFilters configured`] : lines;
}

function statement(rule: BGPFilterRule, family: 4 | 6): string {
  const body = [...rule.operations.flatMap(operationStatements), `${rule.action.toLowerCase()};`].join(" ");
  const conditions = conditionsOf(rule, family);
  const whole = conditions.length === 0 ? body : `if (${conditions.join("&&")}) then { ${body} }`;
  if (rule.peerType === null) return whole;
  return `if (${rule.peerType === "iBGP" ? "" : "!"}is_same_as) then { ${whole} }`;
}

function conditionsOf(rule: BGPFilterRule, family: 4 | 6): readonly string[] {
  const { cidr, matchOperator, prefixLength, priority } = rule;
  const conditions: string[] = [];
  if (cidr !== null && matchOperator !== null) {
    let set = cidr.text;
    if (prefixLength !== null) {
      const longest = family === 4 ? 32 : 128;
      const low = Math.max(cidr.prefix.length, prefixLength.min ?? 0);
      set = `[ ${cidr.text}{${low},${Math.min(longest, prefixLength.max ?? longest)}} ]`;
    }
    conditions.push(`(net ${OPERATORS[matchOperator]} ${set})`);
  }
  if (rule.source !== null) conditions.push("((defined(source))&&(source ~ [ RTS_BGP ]))");
  if (rule.interface !== null) conditions.push(`((defined(ifname))&&(ifname ~ "${rule.interface}"))`);
  if (rule.community !== null) conditions.push(`(${community(rule.community)} ~ ${attributeOf(rule.community)})`);
  if (rule.asPathPrefix.length > 0) conditions.push(`(bgp_path ~ [= ${rule.asPathPrefix.join(" ")} * =])`);
  if (priority !== null) {
    conditions.push(`(defined(bgp_local_pref)&&(bgp_local_pref = ${LARGEST_PREFERENCE - priority}))`);
  }
  return conditions;
}

function operationStatements(operation: BGPFilterOperation): readonly string[] {
  switch (operation.kind) {
    case "addCommunity":
      return [addCommunity(operation.community)];
    case "prependASPath":
      // each goes in front of what is there
      return operation.asNumbers.map((as) => `bgp_path.prepend(${as});`).reverse();
    case "setPriority":
      return [`bgp_local_pref = ${LARGEST_PREFERENCE - operation.priority};`];
  }
}

/** `64512:100` is `(64512, 100)`. */
function community(value: string): string {
  return `(${value.split(":").join(", ")})`;
}

function attributeOf(value: string): string {
  return value.split(":").length === 2 ? "bgp_community" : "bgp_large_community";
}

/** `bgp_community.add((64512, 100));`, for a large one `bgp_large_community.add((64512, 1, 2));`. */
export function addCommunity(value: string): string {
  return `${attributeOf(value)}.add(${community(value)});`;
}
