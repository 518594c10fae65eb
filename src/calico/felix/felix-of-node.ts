import type { Finding } from "../../model/finding.ts";
import type { IpSet } from "../../model/ip-set.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import { NO_ORIGIN, sourceOf } from "../../model/origin.ts";
import type { RestoreChain, RestoreTable } from "../../model/restore-table.ts";
import { type Address, type Family, parseAddress } from "../../net/address.ts";
import { hostPrefix } from "../../net/prefix.ts";
import type { DeclaredNode } from "../declared-node.ts";
import { dscpSources } from "./dscp-sources.ts";
import { endpointTables } from "./endpoint-tables.ts";
import { type FelixContext, felixSet } from "./felix-context.ts";
import { type FelixSettings, isSince } from "./felix-settings.ts";
import { floatingIPs } from "./floating-ips.ts";
import { ipSetName } from "./ip-set-names.ts";
import { nodeSettings } from "./node-settings.ts";
import { type FelixParameters, felixParameters, type RefusedParameter } from "./parameters.ts";
import { reachableChains } from "./restore-chain.ts";
import { addressMembers, netMembers } from "./set-members.ts";
import { allPoolsSet } from "./static-sets.ts";
import { modeBaseChains, type UnmodelledMode, unmodelledMode } from "./unmodelled-mode.ts";

/** What Felix programs on a node. */
export interface FelixOfNode {
  readonly ipv4: readonly RestoreTable[];
  /** None where Felix does not look after IPv6. */
  readonly ipv6: readonly RestoreTable[];
  readonly ipSets: readonly IpSet[];
  /** What stands for a mode that is not modelled: packets that it would decide about have an uncertain fate. */
  readonly baseChains: readonly NftBaseChain[];
  /** About the node's own settings; what all nodes share stands in the context. */
  readonly findings: readonly Finding[];
}

function nodeAddress(node: DeclaredNode, family: Family): Address | null {
  return (family === 4 ? node.bgpIPv4 : node.bgpIPv6)?.address ?? null;
}

/** The addresses of the node's own interfaces, without those of pods. */
function ownAddresses(node: DeclaredNode, context: FelixContext): readonly Address[] {
  const tunnels = context.tunnels.get(node.name);
  const ofTunnels = [tunnels?.ipip, tunnels?.vxlan4, tunnels?.vxlan6, tunnels?.wireguard4, tunnels?.wireguard6];
  return [
    ...node.interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    ...ofTunnels.flatMap((address) => address ?? []),
  ];
}

/** Whether a node can be the other end of a VXLAN tunnel: one without an address for it is none. */
function hasTunnel(name: string, family: Family, { tunnels }: FelixContext): boolean {
  const own = tunnels.get(name);
  return own === undefined || (family === 4 ? own.vxlan4 : own.vxlan6) !== null;
}

/** The sets that are there whatever the policies are. */
function staticSets(
  node: DeclaredNode,
  context: FelixContext,
  settings: FelixSettings,
  parameters: FelixParameters,
): readonly IpSet[] {
  const { family } = settings;
  const pools = [...context.cluster.ipPools.values()];
  const cidrs = (chosen: typeof pools) => chosen.map(({ cidr, metadata }) => ({ net: cidr, origin: metadata.origin }));
  const nodes = context.nodes.flatMap((other) => {
    const address = nodeAddress(other, family);
    return address === null ? [] : [{ net: hostPrefix(address), origin: other.origin, name: other.name }];
  });
  const external = parameters
    .nets("externalNodesList")
    .map((net) => ({ net, origin: parameters.originOf("externalNodesList") ?? NO_ORIGIN }));
  const tunnelEnds = nodes.filter(({ name }) => name !== node.name && hasTunnel(name, family, context));
  const marking = settings.dscp.flatMap(({ source }) =>
    source.split(",").flatMap((text) => {
      const address = parseAddress(text);
      return address === null ? [] : [{ net: hostPrefix(address), origin: NO_ORIGIN }];
    }),
  );
  const set = (id: string, nets: Parameters<typeof netMembers>[0]): IpSet =>
    felixSet(ipSetName(id, family), "hash:net", family, netMembers(nets, family));
  return [
    felixSet(allPoolsSet(settings), "hash:net", family, netMembers(cidrs(pools), family)),
    set("masq-ipam-pools", cidrs(pools.filter(({ natOutgoing }) => natOutgoing === true))),
    ...(settings.ipipEnabled ? [set("all-hosts-net", [...nodes, ...external])] : []),
    ...(settings.vxlanEnabled ? [set("all-vxlan-net", [...tunnelEnds, ...external])] : []),
    ...(isSince(settings.band, "v3.31") ? [set("dscp-src-net", marking)] : []),
    felixSet(ipSetName("this-host", family), "hash:ip", family, addressMembers(ownAddresses(node, context), family)),
  ];
}

function settingFinding({ origin, field, found, expected }: RefusedParameter, context: FelixContext): Finding {
  const source = sourceOf(context.origins, origin);
  return {
    code: "felix-setting-refused",
    severity: "warning",
    message: `${source?.resource ?? "FelixConfiguration"}: ${field} is ${found}; the default counts.`,
    ...(source?.file === undefined ? {} : { file: source.file }),
    ...(source?.line === undefined ? {} : { line: source.line }),
    expected,
  };
}

/** REJECT is for table filter only; Felix writes its deny action into raw, too. */
function rejectFinding(parameters: FelixParameters, context: FelixContext): readonly Finding[] {
  const name = "iptablesFilterDenyAction";
  if (parameters.choice(name, ["DROP", "REJECT"], "DROP") === "DROP") return [];
  const source = sourceOf(context.origins, parameters.originOf(name) ?? NO_ORIGIN);
  return [
    {
      code: "felix-cannot-program",
      severity: "warning",
      message: `${source?.resource ?? "FelixConfiguration"}: spec.${name} is Reject: the kernel takes REJECT in table filter only, and Felix writes it into raw, too.`,
      ...(source?.file === undefined ? {} : { file: source.file }),
      ...(source?.line === undefined ? {} : { line: source.line }),
    },
  ];
}

function modeFinding({ name, origin }: UnmodelledMode, context: FelixContext): Finding {
  const source = sourceOf(context.origins, origin);
  return {
    code: "felix-mode-not-modelled",
    severity: "warning",
    message: `Felix uses ${name}: what it decides is uncertain.`,
    ...(source?.file === undefined ? {} : { file: source.file }),
    ...(source?.line === undefined ? {} : { line: source.line }),
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
    sets: [...staticSets(node, context, settings, parameters), ...sets],
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
    const findings = [modeFinding(mode, context)];
    return { ipv4: [], ipv6: [], ipSets: [], baseChains: modeBaseChains(mode), findings };
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
    findings: [
      ...ipv4.parameters.refused.map((one) => settingFinding(one, context)),
      ...rejectFinding(ipv4.parameters, context),
    ],
  };
}
