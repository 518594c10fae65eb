import type { RestoreChain } from "../../model/restore-table.ts";
import type { TableName } from "../../model/ruleset.ts";
import { parsePrefix } from "../../net/prefix.ts";
import type { DeclaredNode } from "../declared-node.ts";
import type { LabelledClass } from "../labelled-class.ts";
import { workloadInterfaceName } from "../workload-interface-name.ts";
import { activeHostEndpoints } from "./active-host-endpoints.ts";
import { dispatchChains } from "./dispatch-chains.ts";
import { endpointChain } from "./endpoint-chain.ts";
import type { PolicyListKind } from "./endpoint-tiers.ts";
import type { FelixContext, Rendering } from "./felix-context.ts";
import { commentedRule, type FelixRule, felixRule } from "./felix-rule.ts";
import type { FelixSettings } from "./felix-settings.ts";
import { annotatedList } from "./floating-ips.ts";
import { hostChains } from "./host-chains.ts";
import type { SetDefinition } from "./ip-set-names.ts";
import { restoreChain } from "./restore-chain.ts";

/** What the endpoints of a node add to each table, and the sets that their policies ask. */
export interface EndpointTables {
  readonly chains: ReadonlyMap<TableName, readonly RestoreChain[]>;
  /** What any table may have of policies, profiles and groups: it has those that something leads to. */
  readonly shared: readonly RestoreChain[];
  readonly sets: ReadonlyMap<string, SetDefinition>;
}

const DIRECTIONS = ["ingress", "egress"] as const;

/** A pod's interface. */
interface Workload {
  readonly name: string;
  readonly endpoint: LabelledClass;
  /** What it may send from beside its own addresses. */
  readonly sourcePrefixes: readonly string[];
}

function workloadsOf(node: DeclaredNode, context: FelixContext): readonly Workload[] {
  return (context.podsOf.get(node.name) ?? []).flatMap(([key, pod]) => {
    const endpoint = context.classOf.get(pod);
    if (endpoint === undefined) return [];
    const name = workloadInterfaceName(key.slice(0, key.indexOf("/")), pod.metadata.name);
    const sourcePrefixes = annotatedList(pod, "cni.projectcalico.org/allowedSourcePrefixes");
    return [{ name, endpoint, sourcePrefixes }];
  });
}

function workloadChains(workloads: readonly Workload[], context: FelixContext, settings: FelixSettings) {
  const unknown = [commentedRule("Unknown interface", "", `--jump ${settings.filterDenyAction}`)];
  const names = workloads.map(({ name }) => name);
  const own = workloads.flatMap(({ name, endpoint }) =>
    DIRECTIONS.map((direction) => {
      const from = direction === "egress";
      return endpointChain(
        {
          prefix: from ? "cali-fw-" : "cali-tw-",
          interfaceName: name,
          direction,
          kind: "normal",
          adminUp: true,
          tiers: context.tiersOf(endpoint, direction, "normal"),
          profiles: endpoint.profiles,
          failsafe: null,
          allowAction: settings.filterAllowAction,
          dropsEncapsulated: {
            vxlan: from && !settings.allowVXLANPacketsFromWorkloads,
            ipip: from && !settings.allowIPIPPacketsFromWorkloads,
          },
        },
        settings,
      );
    }),
  );
  return [
    ...dispatchChains("cali-from-wl-dispatch", names, "in", "cali-fw-", unknown),
    ...dispatchChains("cali-to-wl-dispatch", names, "out", "cali-tw-", unknown),
    ...own,
  ].map(restoreChain);
}

/** Interfaces whose packets may come from other sources, where WorkloadSourceSpoofing is Any (endpoint_mgr.go, updateRPFSkipChain). */
function spoofingChain(workloads: readonly Workload[], rendering: Rendering, allowed: boolean): RestoreChain {
  const rules = workloads.flatMap(({ name, sourcePrefixes }): readonly FelixRule[] => {
    if (!allowed) return [];
    const ours = sourcePrefixes.filter((prefix) => parsePrefix(prefix)?.address.family === rendering.settings.family);
    return ours.map((prefix) => felixRule(`--in-interface ${name} --source ${prefix}`, "--jump ACCEPT"));
  });
  return restoreChain({ name: "cali-rpf-skip", rules });
}

const KINDS: readonly PolicyListKind[] = ["normal", "forward", "preDNAT", "untracked"];

/**
 * The chains of a node's endpoints: dispatch, each endpoint's own, and the policies and profiles they lead to
 * (felix/dataplane/linux/endpoint_mgr.go and policy_mgr.go).
 *
 * @param spoofing whether WorkloadSourceSpoofing is Any
 */
export function endpointTables(
  node: DeclaredNode,
  context: FelixContext,
  rendering: Rendering,
  spoofing: boolean,
): EndpointTables {
  const { settings, chains: ofPolicies } = rendering;
  const workloads = workloadsOf(node, context);
  const ofHost = context.hostEndpointsOf(node.name);
  const labelled = new Map(ofHost.map(({ declared, labelled }) => [declared, labelled]));
  const active = activeHostEndpoints(
    node,
    ofHost.map(({ declared }) => declared),
    context.tunnels.get(node.name),
    (name) => settings.interfacePrefixes.some((prefix) => name.startsWith(prefix)),
  );
  const interfaces = [...active].flatMap(([name, declared]) => {
    const endpoint = labelled.get(declared);
    return endpoint === undefined ? [] : [{ name, endpoint }];
  });

  const shared = new Set<RestoreChain>();
  const sets = new Map<string, SetDefinition>();
  // an endpoint of the host makes its policies active even where it holds for no interface
  const endpoints = new Set([...workloads.map(({ endpoint }) => endpoint), ...labelled.values()]);
  for (const endpoint of endpoints) {
    // a policy that is active on the node has the sets of all of its rules there
    for (const { policy } of context.choosing(endpoint)) {
      for (const direction of DIRECTIONS) {
        const converted = context.convert(policy[direction], policy.namespace, policy.origin);
        for (const [id, definition] of converted.sets) sets.set(id, definition);
        shared.add(ofPolicies.policy(direction, policy));
      }
    }
    for (const direction of DIRECTIONS) {
      for (const kind of KINDS) {
        for (const { groups } of context.tiersOf(endpoint, direction, kind)) {
          for (const group of groups) {
            const own = ofPolicies.group(group);
            if (own !== null) shared.add(own);
          }
        }
      }
      for (const profile of endpoint.profiles) {
        const declared = context.declared.profiles.get(profile);
        if (declared === undefined) continue;
        const converted = context.convert(declared[direction], null, declared.origin);
        for (const [id, definition] of converted.sets) sets.set(id, definition);
        shared.add(ofPolicies.profile(direction, declared));
      }
    }
  }
  const chains = new Map(hostChains(interfaces, context, settings));
  chains.set("filter", [...(chains.get("filter") ?? []), ...workloadChains(workloads, context, settings)]);
  chains.set("raw", [...(chains.get("raw") ?? []), spoofingChain(workloads, rendering, spoofing)]);
  return { chains, shared: [...shared], sets };
}
