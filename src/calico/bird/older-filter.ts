import type { BGPFilter, BGPFilterRule } from "../bgp-filter.ts";

/** The fields of a rule that v3.29 does not know. */
export function newerRuleFields(rule: BGPFilterRule): readonly string[] {
  return [
    ...(rule.peerType === null ? [] : ["peerType"]),
    ...(rule.community === null ? [] : ["communities"]),
    ...(rule.asPathPrefix.length === 0 ? [] : ["asPathPrefix"]),
    ...(rule.priority === null ? [] : ["priority"]),
    ...(rule.operations.length === 0 ? [] : ["operations"]),
  ];
}

/** A filter as v3.29 keeps it: its API server drops fields that it does not know, and the rules then apply to more routes. */
export function olderFilter(filter: BGPFilter): BGPFilter {
  const older = (rule: BGPFilterRule): BGPFilterRule =>
    newerRuleFields(rule).length === 0
      ? rule
      : { ...rule, peerType: null, community: null, asPathPrefix: [], priority: null, operations: [] };
  return {
    metadata: filter.metadata,
    importV4: filter.importV4.map(older),
    exportV4: filter.exportV4.map(older),
    importV6: filter.importV6.map(older),
    exportV6: filter.exportV6.map(older),
  };
}
