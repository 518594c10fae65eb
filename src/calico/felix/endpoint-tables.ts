import type { Pod } from "../../kubernetes/pod.ts";
import { once } from "../../model/once.ts";
import type { RestoreChain } from "../../model/restore-table.ts";
import type { TableName } from "../../model/ruleset.ts";
import { parsePrefix } from "../../net/prefix.ts";
import type { DeclaredNode } from "../declared-node.ts";
import type { LabelledClass } from "../labelled-class.ts";
import { hostEndName } from "../wiring/host-end.ts";
import { activeHostEndpoints } from "./active-host-endpoints.ts";
import { type DispatchChain, dispatchChains } from "./dispatch-chains.ts";
import { endpointChain, endpointChainName } from "./endpoint-chain.ts";
import type { FelixContext, Rendering } from "./felix-context.ts";
import { commentedRule, type FelixRule, felixRule } from "./felix-rule.ts";
import type { FelixSettings } from "./felix-settings.ts";
import { annotatedList } from "./floating-ips.ts";
import { hostChains } from "./host-chains.ts";
import { qosLimits } from "./qos-limits.ts";
import { chainLater, leadingChain, restoreChain } from "./restore-chain.ts";

/** What the endpoints of a node add to each table, and the sets that their policies ask. */
export interface EndpointTables {
  /** But for those that find workloads' chains, and workloads' own. */
  readonly chains: ReadonlyMap<TableName, readonly RestoreChain[]>;
  /** What endpoints of these classes lead to. */
  readonly classes: ReadonlySet<LabelledClass>;
  /** Those by their names, all in table filter: a packet meets a few of a hundred. */
  readonly workloads: ReadonlyMap<string, WorkloadChain>;
  /** No endpoint of the host has an interface, and no workload may spoof: what is there beside the filter table is on every such node. */
  readonly isUsual: boolean;
}

const DIRECTIONS = ["ingress", "egress"] as const;

/** The chain of a workload in one direction, or one that leads there, made when somebody asks for it, once. */
export interface WorkloadChain {
  /** Null for one that leads there. */
  readonly endpoint: LabelledClass | null;
  chain(): RestoreChain;
}

/** A pod's interface. */
interface Workload {
  readonly name: string;
  readonly endpoint: LabelledClass;
  readonly pod: Pod;
  /** What it may send from beside its own addresses. */
  readonly sourcePrefixes: readonly string[];
}

function workloadsOf(node: DeclaredNode, context: FelixContext): readonly Workload[] {
  return (context.podsOf.get(node.name) ?? []).flatMap(([key, pod]) => {
    const endpoint = context.classOf.get(pod);
    if (endpoint === undefined) return [];
    const name = hostEndName(key, context.workloadEndpoints.get(key));
    const sourcePrefixes = annotatedList(pod, "cni.projectcalico.org/allowedSourcePrefixes");
    return [{ name, endpoint, pod, sourcePrefixes }];
  });
}

/** What the names of the chains for packets from and to workloads begin with. */
const FROM = "cali-fw-";
const TO = "cali-tw-";

/** The chain of a workload in one direction. */
function workloadChain(
  chainName: string,
  { name, endpoint, pod }: Workload,
  direction: (typeof DIRECTIONS)[number],
  context: FelixContext,
  rendering: Rendering,
): RestoreChain {
  const { settings } = rendering;
  const limits = qosLimits(pod, direction);
  const from = direction === "egress";
  const prefix = from ? FROM : TO;
  const render = (): readonly FelixRule[] =>
    endpointChain(
      {
        prefix,
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
        limits,
      },
      settings,
    ).rules;
  const { packetRate, packetBurst, maxConnections } = limits;
  const others = `${direction} ${packetRate} ${packetBurst} ${maxConnections}`;
  return chainLater(chainName, render, rendering.likenessOf(endpoint, others));
}

function dispatchOf(workloads: readonly Workload[], settings: FelixSettings): readonly DispatchChain[] {
  const unknown = [commentedRule("Unknown interface", "", `--jump ${settings.filterDenyAction}`)];
  const names = workloads.map(({ name }) => name);
  return [
    ...dispatchChains("cali-from-wl-dispatch", names, "in", FROM, unknown),
    ...dispatchChains("cali-to-wl-dispatch", names, "out", TO, unknown),
  ];
}

/** Interfaces whose packets may come from other sources, where WorkloadSourceSpoofing is Any (endpoint_mgr.go, updateRPFSkipChain). */
function spoofingRules(workloads: readonly Workload[], rendering: Rendering, allowed: boolean): readonly FelixRule[] {
  return workloads.flatMap(({ name, sourcePrefixes }): readonly FelixRule[] => {
    if (!allowed) return [];
    const ours = sourcePrefixes.filter((prefix) => parsePrefix(prefix)?.address.family === rendering.settings.family);
    return ours.map((prefix) => felixRule(`--in-interface ${name} --source ${prefix}`, "--jump ACCEPT"));
  });
}

/**
 * The chains of a node's endpoints: dispatch and each endpoint's own (felix/dataplane/linux/endpoint_mgr.go).
 *
 * @param spoofing whether WorkloadSourceSpoofing is Any
 */
export function endpointTables(
  node: DeclaredNode,
  context: FelixContext,
  rendering: Rendering,
  spoofing: boolean,
): EndpointTables {
  const { settings } = rendering;
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
  const own = new Map<string, WorkloadChain>();
  for (const { name, rules } of dispatchOf(workloads, settings))
    own.set(name, { endpoint: null, chain: once(() => leadingChain(name, rules())) });
  for (const workload of workloads) {
    for (const direction of DIRECTIONS) {
      const name = endpointChainName(direction === "egress" ? FROM : TO, workload.name);
      const chain = once(() => workloadChain(name, workload, direction, context, rendering));
      own.set(name, { endpoint: workload.endpoint, chain });
    }
  }
  const spoofed = spoofingRules(workloads, rendering, spoofing);
  const ofInterfaces =
    interfaces.length === 0 ? rendering.withoutHostEndpoints() : hostChains(interfaces, context, settings);
  const chains = new Map(ofInterfaces);
  chains.set("raw", [...(ofInterfaces.get("raw") ?? []), restoreChain({ name: "cali-rpf-skip", rules: spoofed })]);
  return {
    chains,
    // an endpoint of the host makes its policies active even where it holds for no interface
    classes: new Set([...workloads.map(({ endpoint }) => endpoint), ...labelled.values()]),
    workloads: own,
    isUsual: interfaces.length === 0 && spoofed.length === 0,
  };
}
