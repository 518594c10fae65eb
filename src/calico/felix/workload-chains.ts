import type { CalicoPolicy, CalicoRule } from "../network-policy.ts";
import type { Profile } from "../profile.ts";
import { storedName, type Tier } from "../tier.ts";
import { convertRule } from "./convert-rule.ts";
import { dispatchChains } from "./dispatch-chains.ts";
import { type EndpointTier, endpointChain } from "./endpoint-chain.ts";
import { endpointTiers, policyKey } from "./endpoint-tiers.ts";
import { commentedRule, type FelixChain } from "./felix-rule.ts";
import { type FelixSettings, isSince } from "./felix-settings.ts";
import type { SetDefinition } from "./ip-set-names.ts";
import { policyChain } from "./policy-chain.ts";
import { policyChainName, profileChainName } from "./policy-chain-names.ts";
import { groupTargets } from "./policy-group.ts";

/** A pod's interface as policy sees it. */
export interface WorkloadInterface {
  /** The host's end of the veth pair. */
  readonly name: string;
  /** Its own and those it inherits. */
  readonly labels: ReadonlyMap<string, string>;
  /** Names, in order. */
  readonly profiles: readonly string[];
}

export interface WorkloadPolicy {
  readonly tiers: readonly Tier[];
  readonly policies: readonly CalicoPolicy[];
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** What the endpoints of a node add to its filter table, and the sets that those rules ask. */
export interface WorkloadChains {
  readonly chains: readonly FelixChain[];
  readonly sets: ReadonlyMap<string, SetDefinition>;
}

const DIRECTIONS = ["ingress", "egress"] as const;
type Direction = (typeof DIRECTIONS)[number];

/** Doubly declared policies are none of a workload's business: those for packets before tracking or DNAT. */
function isTracked(policy: CalicoPolicy): boolean {
  return !policy.doNotTrack && !policy.preDNAT;
}

function policyComment(policy: CalicoPolicy, direction: Direction, settings: FelixSettings): string {
  const key = policyKey(policy, settings.band);
  const kind = isSince(settings.band, "v3.32") ? key.kind : "Policy";
  return `${kind} ${storedName(key)} ${direction}`;
}

/** A map from a chain's name to the chain, filled as endpoints need them. */
function chainStore(settings: FelixSettings) {
  const chains = new Map<string, FelixChain>();
  const sets = new Map<string, SetDefinition>();
  return {
    chains,
    sets,
    addRules(name: string, comment: string, rules: readonly CalicoRule[], namespace: string | null): void {
      if (chains.has(name)) return;
      const converted = rules.flatMap((rule) => {
        const result = convertRule(rule, namespace);
        if ("wrong" in result) return [];
        for (const [id, definition] of result.sets) sets.set(id, definition);
        return [result.rule];
      });
      chains.set(name, policyChain(name, comment, converted, settings));
    },
  };
}

/**
 * The chains of a node's workloads: dispatch, each endpoint's two, and the policies and profiles they lead to
 * (felix/dataplane/linux/endpoint_mgr.go and policy_mgr.go). A chain that several endpoints use is there once.
 */
export function workloadChains(
  workloads: readonly WorkloadInterface[],
  policy: WorkloadPolicy,
  settings: FelixSettings,
): WorkloadChains {
  const store = chainStore(settings);
  const word = `--jump ${settings.filterDenyAction}`;
  const unknown = [commentedRule("Unknown interface", "", word)];
  const names = workloads.map(({ name }) => name);

  const addTargets = (direction: Direction, tiers: readonly EndpointTier[]): void => {
    const used = new Set<string>();
    for (const { groups } of tiers) {
      for (const group of groups) {
        const { own } = groupTargets(group, settings);
        if (own !== null) store.chains.set(own.name, own);
        for (const key of group.policies) used.add(policyChainName(direction, key, settings.band));
      }
    }
    for (const one of policy.policies) {
      const name = policyChainName(direction, policyKey(one, settings.band), settings.band);
      if (used.has(name)) store.addRules(name, policyComment(one, direction, settings), one[direction], one.namespace);
    }
  };

  for (const workload of workloads) {
    for (const direction of DIRECTIONS) {
      const { labels } = workload;
      const tiers = endpointTiers(direction, labels, policy.tiers, policy.policies, isTracked, settings.band);
      addTargets(direction, tiers);
      for (const profile of workload.profiles) {
        const rules = policy.profiles.get(profile)?.[direction] ?? [];
        store.addRules(profileChainName(direction, profile), `Profile ${profile} ${direction}`, rules, null);
      }
      const from = direction === "egress";
      const chain = endpointChain(
        {
          prefix: from ? "cali-fw-" : "cali-tw-",
          interfaceName: workload.name,
          direction,
          kind: "normal",
          adminUp: true,
          tiers,
          profiles: workload.profiles,
          failsafe: null,
          allowAction: settings.filterAllowAction,
          dropsEncapsulated: {
            vxlan: from && !settings.allowVXLANPacketsFromWorkloads,
            ipip: from && !settings.allowIPIPPacketsFromWorkloads,
          },
        },
        settings,
      );
      store.chains.set(chain.name, chain);
    }
  }
  const dispatch = [
    ...dispatchChains("cali-from-wl-dispatch", names, "in", "cali-fw-", unknown),
    ...dispatchChains("cali-to-wl-dispatch", names, "out", "cali-tw-", unknown),
  ];
  return { chains: [...dispatch, ...store.chains.values()], sets: store.sets };
}
