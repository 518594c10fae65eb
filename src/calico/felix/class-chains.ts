import type { RestoreChain } from "../../model/restore-table.ts";
import type { LabelledClass } from "../labelled-class.ts";
import type { PolicyListKind } from "./endpoint-tiers.ts";
import type { FelixContext } from "./felix-context.ts";
import type { SetDefinition } from "./ip-set-names.ts";
import type { PolicyChains } from "./policy-chains.ts";

/** What the policies and profiles of a class of endpoints need on every node that has one. */
export interface ClassChains {
  /** What any table may have of policies, profiles and groups: it has those that something leads to. */
  readonly chains: ReadonlySet<RestoreChain>;
  readonly sets: ReadonlyMap<string, SetDefinition>;
}

const DIRECTIONS = ["ingress", "egress"] as const;
const KINDS: readonly PolicyListKind[] = ["normal", "forward", "preDNAT", "untracked"];

/** The chains and sets of the policies and profiles of a class (felix/dataplane/linux/policy_mgr.go). */
export function classChains(endpoint: LabelledClass, context: FelixContext, ofPolicies: PolicyChains): ClassChains {
  const chains = new Set<RestoreChain>();
  const sets = new Map<string, SetDefinition>();
  // a policy that is active on the node has the sets of all of its rules there
  for (const { policy } of context.choosing(endpoint)) {
    for (const direction of DIRECTIONS) {
      const converted = context.convert(policy[direction], policy.namespace, policy.origin);
      for (const [id, definition] of converted.sets) sets.set(id, definition);
      chains.add(ofPolicies.policy(direction, policy));
    }
  }
  for (const direction of DIRECTIONS) {
    for (const kind of KINDS) {
      for (const { groups } of context.tiersOf(endpoint, direction, kind)) {
        for (const group of groups) {
          const own = ofPolicies.group(group);
          if (own !== null) chains.add(own);
        }
      }
    }
    for (const profile of endpoint.profiles) {
      const declared = context.declared.profiles.get(profile);
      if (declared === undefined) continue;
      const converted = context.convert(declared[direction], null, declared.origin);
      for (const [id, definition] of converted.sets) sets.set(id, definition);
      chains.add(ofPolicies.profile(direction, declared));
    }
  }
  return { chains, sets };
}
