import type { Pod } from "../../kubernetes/pod.ts";
import { hasFinished } from "../../kubernetes/pod.ts";
import { NO_TUNNELS, type TunnelAddresses } from "../../kubernetes/tunnel-addresses.ts";
import type { FdbEntry, Neighbour } from "../../model/neighbour.ts";
import { once } from "../../model/once.ts";
import { NO_ORIGIN, type Origin } from "../../model/origin.ts";
import type { Route } from "../../model/route.ts";
import { type Address, type Family, formatAddress, sameAddress } from "../../net/address.ts";

import { formatPrefix, hostPrefix, type Prefix, prefixContains } from "../../net/prefix.ts";
import { longestMatch, type PrefixMap, prefixMap } from "../../net/prefix-map.ts";
import type { Cluster } from "../cluster.ts";
import type { ClusterVersions, DeclaredNode } from "../declared-node.ts";
import type { IPPool } from "../ip-pool.ts";
import type { AddressPlan } from "../ipam/address-plan.ts";
import { addressAt } from "../ipam/block-store.ts";
import { type AllocationAttribute, type IPAMBlock, nodeOfAllocation } from "../ipam/ipam-block.ts";
import type { WorkloadEndpoint } from "../workload-endpoint.ts";
import { type BgpGraph, bgpGraph } from "./bgp-reach.ts";
import { endpointsOf } from "./host-end.ts";
import { type RemoteRoutes, remoteRoutes } from "./remote-routes.ts";
import { type VtepEntries, vtepEntries } from "./tunnel-devices.ts";
import { type WireguardEnd, wireguardEnds } from "./wireguard.ts";
import { type WiringSettings, wiringSettings } from "./wiring-settings.ts";

/** A pod of a node with the addresses that it got. */
export interface WiredPod {
  readonly key: string;
  readonly pod: Pod;
  readonly addresses: readonly Address[];
}

/** A range of addresses that packets must be brought to a node for: a block of it, or an address in another one's block. */
export interface NodeRange {
  readonly destination: Prefix;
  readonly node: string;
  /** Null: in no pool. */
  readonly pool: IPPool | null;
  /** A tunnel address of the node itself. */
  readonly isTunnel: boolean;
  /** Only BIRD tells other nodes of it: Calico's IPAM knows nothing. */
  readonly unmanaged: boolean;
  /** A pod's address in a block of its node: the block's range holds it. */
  readonly inBlock?: true;
  readonly origin: Origin;
}

/** What is equal on all nodes of a cluster, or found by the name of a node; made once. */
export interface WiringContext {
  readonly cluster: Cluster;
  readonly nodes: ReadonlyMap<string, DeclaredNode>;
  readonly podsOf: ReadonlyMap<string, readonly WiredPod[]>;
  readonly tunnels: (node: string) => TunnelAddresses;
  /** Blocks that belong to the node. */
  readonly blocksOf: ReadonlyMap<string, readonly NodeRange[]>;
  /** All ranges of all nodes, blocks first, in order of their addresses. */
  readonly ranges: readonly NodeRange[];
  rangesOf(node: string): readonly NodeRange[];
  /** The addresses of pods in blocks of their nodes. */
  podRanges(): readonly NodeRange[];
  /** By `namespace/pod`. */
  readonly endpoints: ReadonlyMap<string, WorkloadEndpoint>;
  settingsOf(node: string): WiringSettings;
  /** Whose routes reach a node over BGP. */
  bgpOf(family: Family): BgpGraph;
  /** An equal route of another node where there is one: thousands of nodes have the same routes to thousands of blocks. */
  shared(range: NodeRange, route: Route): Route;
  /** Routes that many nodes have, made once for all that give the same key. */
  remote(key: string, make: () => Iterable<readonly [node: string, route: Route]>): RemoteRoutes;
  /** The ends of VXLAN tunnels with what other nodes must know of them, by node. */
  vteps(family: Family): ReadonlyMap<string, VtepEntries>;
  /** The nodes as ends of WireGuard's tunnels. */
  wireguardEnds(family: Family): ReadonlyMap<string, WireguardEnd>;
  /** The entries of all ends of tunnels of these families. */
  vtepLists(families: readonly Family[]): VtepLists;
}

export interface VtepLists {
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
}

export function wiringContext(
  cluster: Cluster,
  nodes: readonly DeclaredNode[],
  plan: AddressPlan,
  versions: ClusterVersions,
): WiringContext {
  const podsOf = new Map<string, WiredPod[]>();
  for (const [key, addresses] of plan.pods) {
    const pod = cluster.pods.get(key);
    if (pod === undefined || pod.nodeName === null || pod.hostNetwork === true || hasFinished(pod)) continue;
    const same = podsOf.get(pod.nodeName);
    if (same === undefined) podsOf.set(pod.nodeName, [{ key, pod, addresses }]);
    else same.push({ key, pod, addresses });
  }
  const poolOf = poolFinder(cluster.ipPools.values());
  const blocks = plan.blocks.flatMap((block) => blockRange(block, poolOf) ?? []);
  const blocksOf = rangesByNode(blocks);
  const settings = new Map<string, WiringSettings>();
  const graphs: Record<Family, BgpGraph | null> = { 4: null, 6: null };
  const shared = wiringSettings(cluster, "", versions);
  const vteps: Record<Family, ReadonlyMap<string, VtepEntries> | null> = { 4: null, 6: null };
  const wireguards: Record<Family, ReadonlyMap<string, WireguardEnd> | null> = { 4: null, 6: null };
  const routes = new Map<NodeRange, Route[]>();
  const ranges = [...blocks, ...singleAddresses(plan, podsOf, blocksOf, poolOf)];
  let byNode: ReadonlyMap<string, readonly NodeRange[]> | null = null;
  const remotes = new Map<string, RemoteRoutes>();
  const vtepLists = new Map<string, VtepLists>();
  const context: WiringContext = {
    cluster,
    nodes: new Map(nodes.map((node) => [node.name, node])),
    podsOf,
    tunnels: (node) => plan.tunnels.get(node) ?? NO_TUNNELS,
    blocksOf,
    ranges,
    rangesOf: (node) => {
      byNode ??= rangesByNode(ranges);
      return byNode.get(node) ?? [];
    },
    podRanges: once(() =>
      [...podsOf].flatMap(([node, pods]) =>
        pods.flatMap(({ pod, addresses }) =>
          addresses.flatMap((address): readonly NodeRange[] => {
            const block = (blocksOf.get(node) ?? []).find(({ destination }) => prefixContains(destination, address));
            const { origin } = pod.metadata;
            return block === undefined
              ? []
              : [{ ...block, destination: hostPrefix(address), isTunnel: false, inBlock: true, origin }];
          }),
        ),
      ),
    ),
    remote: (key, make) => {
      const known = remotes.get(key) ?? remoteRoutes(make());
      remotes.set(key, known);
      return known;
    },
    endpoints: endpointsOf(cluster),
    bgpOf: (family) => {
      const graph = graphs[family] ?? bgpGraph(cluster, nodes, family);
      graphs[family] = graph;
      return graph;
    },
    settingsOf: (node) => {
      if (!cluster.policy.felixConfigurations.has(`node.${node}`)) return shared;
      const known = settings.get(node) ?? wiringSettings(cluster, node, versions);
      settings.set(node, known);
      return known;
    },
    shared: (range, route) => {
      const present = routes.get(range);
      const equal = present?.find((one) => sameWay(one, route));
      if (equal !== undefined) return equal;
      if (present === undefined) routes.set(range, [route]);
      else present.push(route);
      return route;
    },
    vteps: (family) => {
      const entries = vteps[family] ?? vtepEntries(context, family);
      vteps[family] = entries;
      return entries;
    },
    wireguardEnds: (family) => {
      const ends = wireguards[family] ?? wireguardEnds(context, family);
      wireguards[family] = ends;
      return ends;
    },
    vtepLists: (families) => {
      const key = families.join(" ");
      const known = vtepLists.get(key);
      if (known !== undefined) return known;
      const all = families.flatMap((family) => [...context.vteps(family).values()]);
      const lists = { neighbours: all.map(({ neighbour }) => neighbour), fdb: all.map(({ fdb }) => fdb) };
      vtepLists.set(key, lists);
      return lists;
    },
  };
  return context;
}

function rangesByNode(ranges: readonly NodeRange[]): ReadonlyMap<string, readonly NodeRange[]> {
  const byNode = new Map<string, NodeRange[]>();
  for (const range of ranges) {
    const same = byNode.get(range.node);
    if (same === undefined) byNode.set(range.node, [range]);
    else same.push(range);
  }
  return byNode;
}

/** Whether two routes to one destination are equal. */
function sameWay(x: Route, y: Route): boolean {
  const [a, b] = [x.nextHops[0], y.nextHops[0]];
  return (
    x.type === y.type &&
    x.protocol === y.protocol &&
    x.metric === y.metric &&
    x.mtu === y.mtu &&
    x.scope === y.scope &&
    a?.interface === b?.interface &&
    a?.onlink === b?.onlink &&
    (a?.gateway == null || b?.gateway == null ? a?.gateway === b?.gateway : sameAddress(a.gateway, b.gateway))
  );
}

type PoolFinder = (address: Address) => IPPool | null;

/** The smallest pool that holds an address. */
function poolFinder(pools: Iterable<IPPool>): PoolFinder {
  const all = [...pools];
  const ofFamily = (family: Family): PrefixMap<IPPool> =>
    prefixMap(
      family,
      all.filter(({ cidr }) => cidr.address.family === family).map((pool) => [pool.cidr, pool] as const),
    );
  const maps = { 4: ofFamily(4), 6: ofFamily(6) };
  return (address) => longestMatch(maps[address.family], address);
}

function blockRange(block: IPAMBlock, poolOf: PoolFinder): NodeRange | null {
  if (block.affinity?.type !== "host" || block.deleted) return null;
  const [only] = block.allocations.length === 1 ? block.allocations : [];
  const attribute = only == null ? undefined : block.attributes[only];
  const pool = poolOf(block.cidr.address);
  return {
    destination: block.cidr,
    node: block.affinity.name,
    pool,
    isTunnel: attribute !== undefined && isOfTunnel(attribute),
    unmanaged: false,
    // a block that nobody declares is there because of its pool
    origin: block.origin || (pool?.metadata.origin ?? NO_ORIGIN),
  };
}

function isOfTunnel(attribute: AllocationAttribute): boolean {
  if ("pod" in attribute) return false;
  return attribute.secondary.has("type") && !attribute.secondary.has("pod");
}

/** Addresses that a node has outside its own blocks. */
function singleAddresses(
  plan: AddressPlan,
  podsOf: ReadonlyMap<string, readonly WiredPod[]>,
  blocksOf: ReadonlyMap<string, readonly NodeRange[]>,
  poolOf: PoolFinder,
): readonly NodeRange[] {
  const ranges = new Map<string, NodeRange>();
  const add = (node: string, address: Address, fields: Pick<NodeRange, "isTunnel" | "unmanaged" | "origin">): void => {
    if ((blocksOf.get(node) ?? []).some(({ destination }) => prefixContains(destination, address))) return;
    const key = formatAddress(address);
    if (ranges.has(key)) return;
    const pool = poolOf(address);
    const origin = fields.origin || (pool?.metadata.origin ?? NO_ORIGIN);
    ranges.set(key, { destination: hostPrefix(address), node, pool, ...fields, origin });
  };
  for (const block of plan.blocks) {
    block.allocations.forEach((index, ordinal) => {
      const attribute = index === null ? undefined : block.attributes[index];
      if (attribute === undefined) return;
      const node = nodeOfAllocation(attribute) ?? "";
      if (node === "" || (block.affinity?.type === "host" && block.affinity.name === node)) return;
      add(node, addressAt(block, ordinal), {
        isTunnel: isOfTunnel(attribute),
        unmanaged: false,
        origin: block.origin,
      });
    });
  }
  for (const [node, pods] of podsOf) {
    for (const { pod, addresses } of pods) {
      for (const address of addresses)
        add(node, address, { isTunnel: false, unmanaged: true, origin: pod.metadata.origin });
    }
  }
  return [...ranges.values()].sort((x, y) => (formatPrefix(x.destination) < formatPrefix(y.destination) ? -1 : 1));
}
