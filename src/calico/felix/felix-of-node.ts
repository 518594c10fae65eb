import type { IpSet } from "../../model/ip-set.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import type { RestoreChain, RestoreTable } from "../../model/restore-table.ts";
import type { Family } from "../../net/address.ts";
import type { DeclaredNode } from "../declared-node.ts";
import { dscpSources } from "./dscp-sources.ts";
import { endpointTables } from "./endpoint-tables.ts";
import type { FelixContext } from "./felix-context.ts";
import { floatingIPs } from "./floating-ips.ts";
import { nodeSets } from "./node-sets.ts";
import { nodeSettings } from "./node-settings.ts";
import { felixParameters } from "./parameters.ts";
import { reachableChains } from "./restore-chain.ts";
import { modeBaseChains, unmodelledMode } from "./unmodelled-mode.ts";

/** What Felix programs on a node. */
export interface FelixOfNode {
  readonly ipv4: readonly RestoreTable[];
  /** None where Felix does not look after IPv6. */
  readonly ipv6: readonly RestoreTable[];
  readonly ipSets: readonly IpSet[];
  /** What stands for a mode that is not modelled: packets that it would decide about have an uncertain fate. */
  readonly baseChains: readonly NftBaseChain[];
}

function ofFamily(node: DeclaredNode, context: FelixContext, family: Family) {
  const tunnels = context.tunnels.get(node.name);
  const pods = (context.podsOf.get(node.name) ?? []).map(([, pod]) => pod);
  const facts = { tunnels, floatingIPs: floatingIPs(pods, family), dscp: dscpSources(pods, family) };
  const { settings, parameters } = nodeSettings(context.band, family, context.cluster, node.name, facts);
  const rendering = context.rendering(settings);
  const spoofing = parameters.choice("workloadSourceSpoofing", ["Disabled", "Any"], "Disabled") === "Any";
  const endpoints = endpointTables(node, context, rendering, spoofing);
  const tables = rendering.tables.map((table): RestoreTable => {
    const chains = new Map<string, RestoreChain>();
    for (const chain of table.chains) chains.set(chain.name, chain);
    for (const chain of endpoints.shared) chains.set(chain.name, chain);
    for (const chain of endpoints.chains.get(table.name) ?? []) chains.set(chain.name, chain);
    return { ...table, chains: reachableChains(table.hooks, chains) };
  });
  const sets = [...endpoints.sets].map(([id, definition]) => context.setOf(id, definition, family));
  return {
    tables,
    sets: [...nodeSets(node, context, settings, parameters), ...sets],
    parameters,
  };
}

/**
 * What Felix programs into the tables and sets of a node (felix/dataplane/linux/int_dataplane.go). IPv6 is looked after
 * where the cluster has a pool of it, as the operator configures it.
 */
export function felixOfNode(node: DeclaredNode, context: FelixContext): FelixOfNode {
  const { settings: clusterSettings } = context.cluster;
  const parameters = felixParameters(context.cluster.policy.felixConfigurations, node.name);
  const mode = unmodelledMode(parameters, context.band, clusterSettings.kubeProxy);
  if (mode !== null) {
    return { ipv4: [], ipv6: [], ipSets: [], baseChains: modeBaseChains(mode) };
  }
  const ipv4 = ofFamily(node, context, 4);
  const pools = [...context.cluster.ipPools.values()];
  const hasIPv6 = ipv4.parameters.optionalFlag("ipv6Support") ?? pools.some(({ cidr }) => cidr.address.family === 6);
  const ipv6 = hasIPv6 ? ofFamily(node, context, 6) : null;
  return {
    ipv4: ipv4.tables,
    ipv6: ipv6?.tables ?? [],
    ipSets: [...ipv4.sets, ...(ipv6?.sets ?? [])],
    baseChains: [],
  };
}
