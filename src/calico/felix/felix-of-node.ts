import type { Finding } from "../../model/finding.ts";
import type { IpSet } from "../../model/ip-set.ts";
import type { RestoreChain, RestoreTable } from "../../model/restore-table.ts";
import type { Address, Family } from "../../net/address.ts";
import { hostPrefix } from "../../net/prefix.ts";
import type { DeclaredNode } from "../declared-node.ts";
import { endpointTables } from "./endpoint-tables.ts";
import { type FelixContext, felixSet } from "./felix-context.ts";
import type { FelixSettings } from "./felix-settings.ts";
import { ipSetName, type SetDefinition } from "./ip-set-names.ts";
import { nodeSettings } from "./node-settings.ts";
import { reachableChains } from "./restore-chain.ts";
import { addressMembers, netMembers } from "./set-members.ts";
import { allPoolsSet } from "./static-sets.ts";

/** What Felix programs on a node. */
export interface FelixOfNode {
  readonly ipv4: readonly RestoreTable[];
  /** None where Felix does not look after IPv6. */
  readonly ipv6: readonly RestoreTable[];
  readonly ipSets: readonly IpSet[];
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

/** The sets that are there whatever the policies are. */
function staticSets(node: DeclaredNode, context: FelixContext, settings: FelixSettings): readonly IpSet[] {
  const { family } = settings;
  const pools = [...context.cluster.ipPools.values()];
  const cidrs = (chosen: typeof pools) => chosen.map(({ cidr, metadata }) => ({ net: cidr, origin: metadata.origin }));
  const nodes = context.nodes.flatMap((other) => {
    const address = nodeAddress(other, family);
    return address === null ? [] : [{ net: hostPrefix(address), origin: other.origin, name: other.name }];
  });
  const set = (id: string, nets: Parameters<typeof netMembers>[0]): IpSet =>
    felixSet(ipSetName(id, family), "hash:net", family, netMembers(nets, family));
  return [
    felixSet(allPoolsSet(settings), "hash:net", family, netMembers(cidrs(pools), family)),
    set("masq-ipam-pools", cidrs(pools.filter(({ natOutgoing }) => natOutgoing === true))),
    ...(settings.ipipEnabled ? [set("all-hosts-net", nodes)] : []),
    ...(settings.vxlanEnabled
      ? [
          set(
            "all-vxlan-net",
            nodes.filter(({ name }) => name !== node.name),
          ),
        ]
      : []),
    felixSet(ipSetName("this-host", family), "hash:ip", family, addressMembers(ownAddresses(node, context), family)),
  ];
}

function ofFamily(node: DeclaredNode, context: FelixContext, family: Family) {
  const pools = [...context.cluster.ipPools.values()];
  const settings = nodeSettings(context.band, family, pools, context.tunnels.get(node.name));
  const rendering = context.rendering(settings);
  const endpoints = endpointTables(node, context, rendering);
  const tables = rendering.tables.map((table): RestoreTable => {
    const chains = new Map<string, RestoreChain>();
    for (const chain of table.chains) chains.set(chain.name, chain);
    for (const chain of endpoints.chains.get(table.name) ?? []) chains.set(chain.name, chain);
    return { ...table, chains: reachableChains(table.hooks, chains) };
  });
  const sets = [...endpoints.sets].map(([id, definition]: readonly [string, SetDefinition]) =>
    context.setOf(id, definition, family),
  );
  return { tables, sets: [...staticSets(node, context, settings), ...sets] };
}

/**
 * What Felix programs into the tables and sets of a node (felix/dataplane/linux/int_dataplane.go). IPv6 is looked after
 * where the cluster has a pool of it, as the operator configures it.
 */
export function felixOfNode(node: DeclaredNode, context: FelixContext): FelixOfNode {
  const ipv4 = ofFamily(node, context, 4);
  const hasIPv6 = [...context.cluster.ipPools.values()].some(({ cidr }) => cidr.address.family === 6);
  const ipv6 = hasIPv6 ? ofFamily(node, context, 6) : { tables: [], sets: [] };
  return { ipv4: ipv4.tables, ipv6: ipv6.tables, ipSets: [...ipv4.sets, ...ipv6.sets], findings: context.findings };
}
