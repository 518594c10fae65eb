import { formatFieldPath } from "../../kubernetes/field.ts";
import { type Origin, type OriginTable, originOfField } from "../../model/origin.ts";
import type { RestoreChain } from "../../model/restore-table.ts";
import type { CalicoPolicy, CalicoRule } from "../network-policy.ts";
import type { Profile } from "../profile.ts";
import { storedName } from "../tier.ts";
import { convertRule } from "./convert-rule.ts";
import { policyKey } from "./endpoint-tiers.ts";
import type { FelixRule } from "./felix-rule.ts";
import { type FelixSettings, isSince } from "./felix-settings.ts";
import type { SetDefinition } from "./ip-set-names.ts";
import { policyChain } from "./policy-chain.ts";
import { loggedPolicyID, policyChainName, profileChainName } from "./policy-chain-names.ts";
import { groupTargets, type PolicyGroup } from "./policy-group.ts";
import type { PolicyRule } from "./policy-rule.ts";
import { chainLater, restoreChain } from "./restore-chain.ts";

export type Direction = "ingress" | "egress";

/** Rules as the renderer wants them, and the sets that they ask. */
export interface ConvertedRules {
  readonly rules: readonly PolicyRule[];
  readonly sets: ReadonlyMap<string, SetDefinition>;
}

/** Converts the rules of policies and profiles, once for all nodes and families. */
export function ruleConverter(origins: OriginTable) {
  const known = new WeakMap<readonly CalicoRule[], ConvertedRules>();
  return (rules: readonly CalicoRule[], namespace: string | null, resource: Origin): ConvertedRules => {
    const found = known.get(rules);
    if (found !== undefined) return found;
    const sets = new Map<string, SetDefinition>();
    const converted = rules.flatMap((rule): readonly PolicyRule[] => {
      const result = convertRule(rule, namespace);
      if ("wrong" in result) return [];
      for (const [id, definition] of result.sets) sets.set(id, definition);
      const origin = rule.path.length === 0 ? resource : originOfField(origins, resource, formatFieldPath(rule.path));
      return [{ ...result.rule, origin }];
    });
    const both = { rules: converted, sets };
    known.set(rules, both);
    return both;
  };
}

/** The chains of policies, profiles and groups under one set of settings; equal ones are one object for all nodes, rendered when a packet comes to it. */
export interface PolicyChains {
  policy(direction: Direction, policy: CalicoPolicy): RestoreChain;
  profile(direction: Direction, profile: Profile): RestoreChain;
  /** Null for groups that need no chain of their own. */
  group(group: PolicyGroup): RestoreChain | null;
}

function policyComment(policy: CalicoPolicy, direction: Direction, settings: FelixSettings): string {
  const key = policyKey(policy, settings.band);
  const kind = isSince(settings.band, "v3.32") ? key.kind : "Policy";
  return `${kind} ${storedName(key)} ${direction}`;
}

export function policyChains(settings: FelixSettings, convert: ReturnType<typeof ruleConverter>): PolicyChains {
  const chains = new Map<string, RestoreChain>();
  const groups = new WeakMap<PolicyGroup, RestoreChain | null>();
  const once = (name: string, make: () => RestoreChain): RestoreChain => {
    const found = chains.get(name);
    if (found !== undefined) return found;
    const made = make();
    chains.set(name, made);
    return made;
  };
  return {
    policy: (direction, policy) => {
      const name = policyChainName(direction, policyKey(policy, settings.band), settings.band);
      const render = (): readonly FelixRule[] => {
        const { rules } = convert(policy[direction], policy.namespace, policy.origin);
        const comment = policyComment(policy, direction, settings);
        const logged = policy.doNotTrack
          ? null
          : {
              owner: "policy" as const,
              direction,
              id: loggedPolicyID(policyKey(policy, settings.band), settings.band),
            };
        return policyChain(name, comment, rules, settings, policy.origin, logged).rules;
      };
      return once(name, () => chainLater(name, render));
    },
    profile: (direction, profile) => {
      const name = profileChainName(direction, profile.name);
      const render = (): readonly FelixRule[] => {
        const { rules } = convert(profile[direction], null, profile.origin);
        const comment = `Profile ${profile.name} ${direction}`;
        const logged = { owner: "profile" as const, direction, id: profile.name };
        return policyChain(name, comment, rules, settings, profile.origin, logged).rules;
      };
      return once(name, () => chainLater(name, render));
    },
    group: (group) => {
      const known = groups.get(group);
      if (known !== undefined) return known;
      const { own } = groupTargets(group, settings);
      const chain = own === null ? null : once(own.name, () => restoreChain(own));
      groups.set(group, chain);
      return chain;
    },
  };
}
