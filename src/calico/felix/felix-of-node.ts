import type { IpSet } from "../../model/ip-set.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import type { RestoreChain, RestoreTable } from "../../model/restore-table.ts";
import type { Family } from "../../net/address.ts";
import type { DeclaredNode } from "../declared-node.ts";
import type { LabelledClass } from "../labelled-class.ts";
import { dscpSources } from "./dscp-sources.ts";
import { type EndpointTables, endpointTables } from "./endpoint-tables.ts";
import type { FelixContext, Rendering } from "./felix-context.ts";
import { floatingIPs } from "./floating-ips.ts";
import { ipSetName, isSetName } from "./ip-set-names.ts";
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
  /** The set of that name, made without the others where a chain that was found before asks it. */
  findSet(name: string): IpSet | undefined;
  /** What stands for a mode that is not modelled: packets that it would decide about have an uncertain fate. */
  readonly baseChains: readonly NftBaseChain[];
}

/** What the endpoints that somebody asked about lead to. */
interface Met {
  readonly chains: Map<string, RestoreChain>;
  readonly sets: Map<string, IpSet>;
  meet(endpoint: LabelledClass): void;
  meetAll(): void;
}

function meeting({ classes }: EndpointTables, context: FelixContext, rendering: Rendering, family: Family): Met {
  const chains = new Map<string, RestoreChain>();
  const sets = new Map<string, IpSet>();
  const left = new Set(classes);
  const meet = (endpoint: LabelledClass): void => {
    if (!left.delete(endpoint)) return;
    const own = rendering.ofClass(endpoint);
    for (const chain of own.chains) chains.set(chain.name, chain);
    for (const [id, definition] of own.sets) {
      const name = ipSetName(id, family);
      if (!sets.has(name)) sets.set(name, context.setOf(id, definition, family));
    }
  };
  return {
    chains,
    sets,
    meet,
    meetAll: () => {
      for (const endpoint of classes) meet(endpoint);
    },
  };
}

function ofFamily(node: DeclaredNode, context: FelixContext, family: Family) {
  const tunnels = context.tunnels.get(node.name);
  const pods = (context.podsOf.get(node.name) ?? []).map(([, pod]) => pod);
  const facts = { tunnels, floatingIPs: floatingIPs(pods, family), dscp: dscpSources(pods, family) };
  const { settings, parameters } = nodeSettings(context.band, family, context.cluster, node.name, facts);
  const rendering = context.rendering(settings);
  const spoofing = parameters.choice("workloadSourceSpoofing", ["Disabled", "Any"], "Disabled") === "Any";
  const endpoints = endpointTables(node, context, rendering, spoofing);
  const met = meeting(endpoints, context, rendering, family);
  const base = nodeSets(node, context, settings, parameters);
  return {
    tables: rendering.tables.map((table) =>
      endpoints.isUsual && table.name !== "filter"
        ? rendering.usual(table, () => ownTable(table, endpoints, met))
        : ownTable(table, endpoints, met),
    ),
    sets: (): readonly IpSet[] => {
      met.meetAll();
      return [...base, ...met.sets.values()];
    },
    findSet: (name: string): IpSet | undefined => base.find((set) => set.name === name) ?? met.sets.get(name),
    meetAll: met.meetAll,
    parameters,
  };
}

/** Whether a chain can be one of Felix's: others look for theirs beside them. */
function isChainName(name: string): boolean {
  return name.startsWith("cali-");
}

const NO_WORKLOADS: EndpointTables["workloads"] = new Map();

/** A table of Felix's with what the endpoints of a node add to it. */
function ownTable(table: RestoreTable, endpoints: EndpointTables, met: Met): RestoreTable {
  const own = new Map<string, RestoreChain>();
  for (const chain of table.chains) own.set(chain.name, chain);
  for (const chain of endpoints.chains.get(table.name) ?? []) own.set(chain.name, chain);
  const workloads = table.name === "filter" ? endpoints.workloads : NO_WORKLOADS;
  let reached: readonly RestoreChain[] | null = null;
  const chains = (): readonly RestoreChain[] => {
    if (reached !== null) return reached;
    met.meetAll();
    const all = new Map(own);
    for (const [name, { chain }] of workloads) all.set(name, chain());
    for (const [name, chain] of met.chains) all.set(name, chain);
    reached = reachableChains(table.hooks, all);
    return reached;
  };
  return {
    name: table.name,
    hooks: table.hooks,
    get chains() {
      return chains();
    },
    find: (name) => {
      if (!isChainName(name)) return undefined;
      const known = own.get(name);
      if (known !== undefined) return known;
      const workload = workloads.get(name);
      if (workload !== undefined) {
        if (workload.endpoint !== null) met.meet(workload.endpoint);
        return workload.chain();
      }
      if (!met.chains.has(name)) met.meetAll();
      return met.chains.get(name);
    },
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
    return { ipv4: [], ipv6: [], ipSets: [], findSet: () => undefined, baseChains: modeBaseChains(mode) };
  }
  const ipv4 = ofFamily(node, context, 4);
  const pools = [...context.cluster.ipPools.values()];
  const hasIPv6 = ipv4.parameters.optionalFlag("ipv6Support") ?? pools.some(({ cidr }) => cidr.address.family === 6);
  const ipv6 = hasIPv6 ? ofFamily(node, context, 6) : null;
  const findSet = (name: string): IpSet | undefined => ipv4.findSet(name) ?? ipv6?.findSet(name);
  return {
    ipv4: ipv4.tables,
    ipv6: ipv6?.tables ?? [],
    get ipSets() {
      return [...ipv4.sets(), ...(ipv6?.sets() ?? [])];
    },
    findSet: (name) => {
      const found = findSet(name);
      // no other name can be one of Felix's
      if (found !== undefined || !isSetName(name)) return found;
      ipv4.meetAll();
      ipv6?.meetAll();
      return findSet(name);
    },
    baseChains: [],
  };
}
