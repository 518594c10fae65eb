import type { RestoreChain } from "../../model/restore-table.ts";
import type { TableName } from "../../model/ruleset.ts";
import type { DeclaredNode } from "../declared-node.ts";
import { workloadInterfaceName } from "../workload-interface-name.ts";
import { dispatchChains } from "./dispatch-chains.ts";
import { endpointChain } from "./endpoint-chain.ts";
import type { FelixContext, Rendering } from "./felix-context.ts";
import { commentedRule } from "./felix-rule.ts";
import type { SetDefinition } from "./ip-set-names.ts";
import { restoreChain } from "./restore-chain.ts";

/** What the endpoints of a node add to each table, and the sets that their policies ask. */
export interface EndpointTables {
  readonly chains: ReadonlyMap<TableName, readonly RestoreChain[]>;
  readonly sets: ReadonlyMap<string, SetDefinition>;
}

const DIRECTIONS = ["ingress", "egress"] as const;

/**
 * The chains of a node's endpoints: dispatch, each endpoint's own, and the policies and profiles they lead to
 * (felix/dataplane/linux/endpoint_mgr.go and policy_mgr.go).
 */
export function endpointTables(node: DeclaredNode, context: FelixContext, rendering: Rendering): EndpointTables {
  const { settings, chains: ofPolicies } = rendering;
  const filter: RestoreChain[] = [];
  const sets = new Map<string, SetDefinition>();
  const names: string[] = [];
  for (const [key, pod] of context.podsOf.get(node.name) ?? []) {
    const endpoints = context.classOf.get(pod);
    if (endpoints === undefined) continue;
    const name = workloadInterfaceName(key.slice(0, key.indexOf("/")), pod.metadata.name);
    names.push(name);
    const choosing = context.choosing(endpoints);
    // a policy that is active on the node has the sets of all of its rules there
    for (const { policy } of choosing) {
      for (const direction of DIRECTIONS) {
        const converted = context.convert(policy[direction], policy.namespace, policy.origin);
        for (const [id, definition] of converted.sets) sets.set(id, definition);
        filter.push(ofPolicies.policy(direction, policy));
      }
    }
    for (const direction of DIRECTIONS) {
      const tiers = context.tiersOf(endpoints, direction, "normal");
      for (const { groups } of tiers) {
        for (const group of groups) {
          const own = ofPolicies.group(group);
          if (own !== null) filter.push(own);
        }
      }
      for (const profile of endpoints.profiles) {
        const declared = context.declared.profiles.get(profile);
        if (declared !== undefined) filter.push(ofPolicies.profile(direction, declared));
      }
      const from = direction === "egress";
      const chain = endpointChain(
        {
          prefix: from ? "cali-fw-" : "cali-tw-",
          interfaceName: name,
          direction,
          kind: "normal",
          adminUp: true,
          tiers,
          profiles: endpoints.profiles,
          failsafe: null,
          allowAction: settings.filterAllowAction,
          dropsEncapsulated: {
            vxlan: from && !settings.allowVXLANPacketsFromWorkloads,
            ipip: from && !settings.allowIPIPPacketsFromWorkloads,
          },
        },
        settings,
      );
      filter.push(restoreChain(chain));
    }
  }
  const unknown = [commentedRule("Unknown interface", "", `--jump ${settings.filterDenyAction}`)];
  const dispatch = [
    ...dispatchChains("cali-from-wl-dispatch", names, "in", "cali-fw-", unknown),
    ...dispatchChains("cali-to-wl-dispatch", names, "out", "cali-tw-", unknown),
  ];
  const hosts = (...roots: readonly string[]) => roots.map((name): RestoreChain => ({ name, rules: [] }));
  return {
    chains: new Map([
      ["raw", hosts("cali-from-host-endpoint", "cali-to-host-endpoint")],
      ["mangle", hosts("cali-from-host-endpoint", "cali-to-host-endpoint")],
      [
        "filter",
        [
          ...hosts("cali-from-host-endpoint", "cali-to-host-endpoint", "cali-from-hep-forward", "cali-to-hep-forward"),
          ...dispatch.map(restoreChain),
          ...filter,
        ],
      ],
    ]),
    sets,
  };
}
