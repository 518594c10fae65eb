import type { Pod } from "../../kubernetes/pod.ts";
import { hasFinished } from "../../kubernetes/pod.ts";
import type { TunnelAddresses } from "../../kubernetes/tunnel-addresses.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, sourceOf } from "../../model/origin.ts";
import type { Address, Family } from "../../net/address.ts";
import { addressBits, formatPrefix, prefixContains } from "../../net/prefix.ts";
import type { Cluster } from "../cluster.ts";
import { type CNIConfig, cniConfig } from "../cni-config.ts";
import type { ClusterVersions, DeclaredNode } from "../declared-node.ts";
import { felixParameters } from "../felix/parameters.ts";
import type { IPPool } from "../ip-pool.ts";
import { wireguardKey } from "../wireguard-keys.ts";
import type { AddressPlan } from "./address-plan.ts";
import { type Assignment, assignAddress, autoAssign, type Registry } from "./auto-assign.ts";
import {
  addressAt,
  blockStore,
  blocksOf,
  claimBlock,
  declaredBlockHolding,
  giveBack,
  holderOf,
  takeAddress,
} from "./block-store.ts";
import { type AllocationAttribute, secondaryOf } from "./ipam-block.ts";
import { DEFAULT_IPAM_CONFIG } from "./ipam-config.ts";
import { type PodRequest, podRequest } from "./pod-request.ts";
import { blockOf } from "./pool-blocks.ts";
import { enabledPools, poolHolding } from "./pool-choice.ts";
import { reopen } from "./pool-walk.ts";
import { type Refusals, refusals } from "./refusals.ts";
import { reservedAddresses } from "./reserved-addresses.ts";
import { TUNNEL_KINDS, type TunnelKind } from "./tunnel-kinds.ts";

/** What the steps below share. */
interface Assigning {
  readonly registry: Registry;
  readonly cluster: Cluster;
  readonly config: CNIConfig;
  readonly pools: readonly IPPool[];
  /** Of a pod without annotations. */
  readonly usual: PodRequest;
  readonly refusals: Refusals;
}

/**
 * Gives addresses to all nodes and pods as Calico's IPAM would, one after the other: what resources say about blocks and
 * addresses stays, then nodes take the addresses of their tunnels, then pods theirs, each in order of their names. In a
 * cluster the order is that of time, which nobody declares.
 */
export function assignAddresses(
  cluster: Cluster,
  nodes: readonly DeclaredNode[],
  versions: ClusterVersions,
  origins: OriginTable,
): AddressPlan {
  const registry: Registry = {
    store: blockStore(
      cluster.ipamBlocks.values(),
      cluster.blockAffinities.values(),
      reservedAddresses([...cluster.ipReservations.values()].flatMap(({ reservedCIDRs }) => reservedCIDRs)),
    ),
    pools: enabledPools(cluster.ipPools.values(), versions.calico),
    config: cluster.ipamConfigs.get("default") ?? DEFAULT_IPAM_CONFIG,
    calico: versions.calico,
    tidied: new Set(),
    contested: [],
  };
  const config = cniConfig(cluster);
  const pools = [...cluster.ipPools.values()];
  const usual = podRequest(NO_TEXTS, NO_TEXTS, pools, config);
  const assigning: Assigning = { registry, cluster, config, pools, usual, refusals: refusals(origins) };
  const byName = new Map([...nodes].sort((x, y) => (x.name < y.name ? -1 : 1)).map((node) => [node.name, node]));
  const waiting = podsInOrder(cluster.pods);
  const present = presentAllocations(registry);
  for (const one of waiting) {
    const { key, pod } = one;
    const own = pod.podIPs.length > 0 ? pod.podIPs : (present.pods.get(key) ?? []);
    if (own.length === 0) continue;
    for (const address of own) writeDown(registry, pod.nodeName ?? "", address, podAttribute(pod));
    one.addresses = own;
  }
  const tunnels = new Map<string, TunnelAddresses>();
  for (const node of byName.values()) tunnels.set(node.name, tunnelsOf(assigning, node, present.tunnels));

  const asked: { readonly one: WaitingPod; readonly node: DeclaredNode; readonly request: PodRequest }[] = [];
  for (const one of waiting) {
    const node = one.addresses !== null ? undefined : byName.get(one.pod.nodeName ?? "");
    if (node !== undefined) asked.push({ one, node, request: requestOf(assigning, one.pod) });
  }
  if (config.ipam === "host-local") {
    for (const { one, node } of asked) {
      const { pod } = one;
      const addresses = hostLocal(registry, node, podAttribute(pod));
      if (addresses.length > 0) one.addresses = addresses;
      else assigning.refusals.pod(pod, node.name, "no podCIDR available");
    }
    asked.length = 0;
  }
  if (config.ipam === "other") asked.length = 0;
  // who names an address comes first: nobody knows who was first in the cluster, and this order serves all
  for (const early of [true, false]) {
    for (const { one, node, request } of asked) {
      if ((request.kind === "addresses") === early) one.addresses = serve(assigning, one.pod, node, request);
    }
  }
  const pods = new Map<string, readonly Address[]>();
  for (const { key, addresses } of waiting) if (addresses !== null) pods.set(key, addresses);
  return {
    pods,
    blocks: blocksOf(registry.store),
    tunnels,
    findings: [
      ...otherSizes(cluster, origins),
      ...(hasRun(cluster) ? contests(registry.contested) : []),
      ...unknownPlugin(config),
      ...assigning.refusals.findings(),
    ],
  };
}

/** A pod that is to have addresses of its own, and those that it has got. */
interface WaitingPod {
  readonly key: string;
  readonly pod: Pod;
  addresses: readonly Address[] | null;
}

/** In order of their names. */
function podsInOrder(pods: ReadonlyMap<string, Pod>): readonly WaitingPod[] {
  const keys: string[] = [];
  for (const [key, pod] of pods) if (pod.hostNetwork !== true && !hasFinished(pod)) keys.push(key);
  const waiting: WaitingPod[] = [];
  for (const key of keys.sort()) {
    const pod = pods.get(key);
    if (pod !== undefined) waiting.push({ key, pod, addresses: null });
  }
  return waiting;
}

/** Blocks that are not of the size of their pool: Calico would make others over them, and give addresses twice. */
function otherSizes(cluster: Cluster, origins: OriginTable): readonly Finding[] {
  return [...cluster.ipamBlocks.values()].flatMap(({ cidr, deleted, origin }): readonly Finding[] => {
    const pool = [...cluster.ipPools.values()].find((one) => prefixContains(one.cidr, cidr.address));
    if (pool === undefined || pool.blockSize === cidr.length || deleted) return [];
    const source = sourceOf(origins, origin);
    return [
      {
        code: "block-of-other-size",
        severity: "warning",
        message: `Block ${formatPrefix(cidr)} is in pool ${pool.metadata.name}, whose blocks are /${pool.blockSize}: addresses of it may be given twice.`,
        ...(source?.file === undefined ? {} : { file: source.file }),
        ...(source?.line === undefined ? {} : { line: source.line }),
        advice:
          "A pool's block size cannot be changed; a pool that was made anew with another one needs its old blocks gone.",
      },
    ];
  });
}

/** So many contests are told one by one. */
const CONTESTS = 5;

/** Something of the objects was taken from a cluster that ran: its addresses are facts, with which those here may disagree. */
function hasRun({ pods, nodes, calicoNodes, ipamBlocks, blockAffinities }: Cluster): boolean {
  return (
    ipamBlocks.size + blockAffinities.size + calicoNodes.size > 0 ||
    [...pods.values()].some(({ hostNetwork, podIPs }) => hostNetwork !== true && podIPs.length > 0) ||
    [...nodes.values()].some(({ calicoIPv4, calicoIPv6 }) => calicoIPv4 !== null || calicoIPv6 !== null)
  );
}

function contests(all: Registry["contested"]): readonly Finding[] {
  const findings = all.slice(0, CONTESTS).map(
    ({ node, wanted, holder, got }): Finding => ({
      code: "block-contested",
      severity: "info",
      message: `${node} and ${holder} both begin to look for a block at ${wanted}; ${holder} has it here and ${node} has ${got}, because of the order of their names.`,
      advice: "In a cluster whoever starts first is first.",
    }),
  );
  if (all.length <= CONTESTS) return findings;
  const rest: Finding = {
    code: "block-contested",
    severity: "info",
    message: `${all.length - CONTESTS} more nodes begin to look for a block at one that another node has.`,
  };
  return [...findings, rest];
}

function unknownPlugin({ ipam }: CNIConfig): readonly Finding[] {
  if (ipam !== "other") return [];
  return [
    {
      code: "ipam-not-modelled",
      severity: "warning",
      message:
        "The CNI plugin takes addresses from an IPAM plugin that is neither calico-ipam nor host-local: podpath gives none.",
      advice: "Give the Pods with their status.podIPs.",
    },
  ];
}

/** Most pods ask for nothing special: one request serves them all. */
function requestOf({ cluster, config, pools, usual }: Assigning, pod: Pod): PodRequest {
  const namespace = cluster.policy.namespaces.get(pod.metadata.namespace ?? "default") ?? null;
  if (pod.metadata.annotations.size === 0 && (namespace?.annotations.size ?? 0) === 0) return usual;
  return podRequest(pod.metadata.annotations, namespace?.annotations ?? NO_TEXTS, pools, config);
}

const NO_TEXTS: ReadonlyMap<string, string> = new Map();

/** The addresses that a pod gets; null for none: then it stays in ContainerCreating. */
function serve(
  { registry, cluster, refusals }: Assigning,
  pod: Pod,
  node: DeclaredNode,
  request: PodRequest,
): readonly Address[] | null {
  const refuse = (error: string): null => {
    refusals.pod(pod, node.name, error);
    return null;
  };
  const attribute = podAttribute(pod);
  switch (request.kind) {
    case "refused":
      return refuse(request.error);
    case "unmanaged":
      return request.addresses;
    case "addresses": {
      const given: Extract<Assignment, { error: null }>[] = [];
      for (const address of request.addresses) {
        const assignment = assignAddress(registry, node.name, address, attribute);
        if (assignment.error === null) {
          given.push(assignment);
          continue;
        }
        undo(registry, given);
        return refuse(`error getting IP from IPAM: ${assignment.error}`);
      }
      return request.addresses;
    }
    case "automatic": {
      const namespace = cluster.policy.namespaces.get(pod.metadata.namespace ?? "default");
      const given: Extract<Assignment, { error: null }>[] = [];
      for (const { family, pools } of request.families) {
        const assignment = autoAssign(
          registry,
          {
            node: node.name,
            nodeLabels: node.labels,
            namespaceLabels: namespace?.labels ?? NO_TEXTS,
            family,
            use: "Workload",
            requested: pools,
          },
          attribute,
        );
        if (assignment.error === null) {
          given.push(assignment);
          continue;
        }
        undo(registry, given);
        const isPartial = assignment.error.startsWith("Assigned ");
        return refuse(`${isPartial ? `failed to request IPv${family} addresses: ` : ""}${assignment.error}`);
      }
      return given.length > 0 ? given.map(({ address }) => address) : refuse("no address of any family is asked for");
    }
  }
}

/** The kubelet tries again and again; what was given in vain is free in between. */
function undo(registry: Registry, given: readonly Extract<Assignment, { error: null }>[]): void {
  for (const { address, block } of given) {
    giveBack(block, address);
    const home = poolHolding(registry.pools, address);
    if (home !== null) reopen(home.walk, block.cidr);
  }
}

function podAttribute(pod: Pod): AllocationAttribute {
  return { handle: null, pod, planned: true };
}

interface PresentAllocations {
  readonly pods: ReadonlyMap<string, readonly Address[]>;
  /** By `<type> <node>`. */
  readonly tunnels: ReadonlyMap<string, Address>;
}

/** Who has an address by the attributes of declared blocks. */
function presentAllocations({ store }: Registry): PresentAllocations {
  const pods = new Map<string, Address[]>();
  const tunnels = new Map<string, Address>();
  for (const block of store.blocks.values()) {
    block.allocations.forEach((index, ordinal) => {
      const attribute = index === null ? undefined : block.attributes[index];
      const secondary = attribute === undefined ? NO_TEXTS : secondaryOf(attribute);
      const [pod, namespace, type, node] = ["pod", "namespace", "type", "node"].map((key) => secondary.get(key));
      const address = addressAt(block, ordinal);
      if (pod !== undefined && namespace !== undefined) {
        const key = `${namespace}/${pod}`;
        const known = pods.get(key);
        if (known === undefined) pods.set(key, [address]);
        // the older of two addresses of a family may be left over from an earlier container: the first counts
        else if (!known.some(({ family }) => family === address.family)) known.push(address);
      } else if (type !== undefined && node !== undefined) tunnels.set(`${type} ${node}`, address);
    });
  }
  for (const addresses of pods.values()) addresses.sort((x, y) => x.family - y.family);
  return { pods, tunnels };
}

/** An address that a resource says somebody has: it is given, whatever the rules say now. */
function writeDown(registry: Registry, node: string, address: Address, attribute: AllocationAttribute): void {
  const home = poolHolding(registry.pools, address);
  const { store } = registry;
  const cidr = home === null ? null : blockOf(home.pool, address);
  const block =
    (cidr === null ? undefined : store.blocks.get(formatPrefix(cidr))) ??
    (home === null ? declaredBlockHolding(store, address) : undefined) ??
    (cidr === null || node === "" ? undefined : claimBlock(store, { type: "host", name: node }, cidr));
  if (block !== undefined) takeAddress(block, address, attribute);
}

function tunnelsOf(assigning: Assigning, node: DeclaredNode, present: ReadonlyMap<string, Address>): TunnelAddresses {
  const declared = declaredTunnels(assigning.cluster, node.name);
  const tunnel = (field: keyof TunnelAddresses): Address | null => {
    const kind = TUNNEL_KINDS.find((one) => one.field === field);
    return kind === undefined ? null : tunnelOf(assigning, node, kind, declared?.[field] ?? null, present);
  };
  // a node that starts for the first time has no key yet, and takes these addresses last
  const isNew = declared === null;
  const early = isNew ? null : { 4: tunnel("wireguard4"), 6: tunnel("wireguard6") };
  const others = { ipip: tunnel("ipip"), vxlan4: tunnel("vxlan4"), vxlan6: tunnel("vxlan6") };
  const wireguard = early ?? { 4: tunnel("wireguard4"), 6: tunnel("wireguard6") };
  return { wireguard4: wireguard[4], wireguard6: wireguard[6], ...others };
}

function declaredTunnels(cluster: Cluster, node: string): TunnelAddresses | null {
  return cluster.calicoNodes.get(node)?.tunnels ?? cluster.nodes.get(node)?.tunnels ?? null;
}

/** Whether Felix makes a key of WireGuard's on the node, and the node has published it. */
function publishesKey(cluster: Cluster, node: string, family: Family): boolean {
  const { felixConfigurations } = cluster.policy;
  if (felixConfigurations.size === 0) return false;
  const parameters = felixParameters(felixConfigurations, node);
  return (
    parameters.flag(family === 4 ? "wireguardEnabled" : "wireguardEnabledV6", false) &&
    wireguardKey(cluster, node, family) !== null
  );
}

/** One tunnel address of a node (node/pkg/allocateip/allocateip.go, reconcileTunnelAddrs). */
function tunnelOf(
  { cluster, registry, config, refusals }: Assigning,
  node: DeclaredNode,
  kind: TunnelKind,
  declared: Address | null,
  present: ReadonlyMap<string, Address>,
): Address | null {
  const isWireguard = kind.field === "wireguard4" || kind.field === "wireguard6";
  // only nodes that have published a key of WireGuard's have such an address
  if (isWireguard && declared === null && !publishesKey(cluster, node.name, kind.family)) return null;
  if (config.ipam === "host-local") return firstOfPodCIDR(node, kind.family);
  const pools = registry.pools.filter(
    ({ pool, selectsNode }) =>
      pool.cidr.address.family === kind.family &&
      kind.uses(pool) &&
      pool.allowedUses.includes("Tunnel") &&
      selectsNode(node.labels),
  );
  if (pools.length === 0) return null;
  const attribute: AllocationAttribute = {
    handle: kind.handle + node.name,
    planned: true,
    secondary: new Map([
      ["node", node.name],
      ["type", kind.type],
    ]),
  };
  const inPools = (address: Address): boolean => pools.some(({ pool }) => prefixContains(pool.cidr, address));
  const known = declared ?? present.get(`${kind.type} ${node.name}`) ?? null;
  if (known !== null && inPools(known)) {
    writeDown(registry, node.name, known, attribute);
    const home = poolHolding(registry.pools, known);
    const block = home === null ? undefined : registry.store.blocks.get(formatPrefix(blockOf(home.pool, known)));
    const holder = block === undefined ? null : holderOf(block, known);
    const held = holder === null ? NO_TEXTS : secondaryOf(holder);
    if (held.get("type") === kind.type && held.get("node") === node.name) return known;
  }
  const assignment = autoAssign(
    registry,
    {
      node: node.name,
      nodeLabels: node.labels,
      namespaceLabels: null,
      family: kind.family,
      use: "Tunnel",
      requested: pools.map(({ pool }) => pool.cidr),
    },
    attribute,
  );
  if (assignment.error === null) return assignment.address;
  refusals.tunnel(node.name, kind.type, assignment.error);
  return null;
}

/**
 * The host-local plugin with `usePodCIDR`: the addresses of the node's CIDRs in order, from the third on, as the first is
 * the network's and the second the gateway's; the last one of IPv4 is left out. Calico treats the CIDR as the node's block.
 */
function hostLocal({ store }: Registry, node: DeclaredNode, attribute: AllocationAttribute): readonly Address[] {
  return node.podCIDRs.flatMap((cidr) => {
    const bits = addressBits(cidr.address.family) - cidr.length;
    if (bits < 2 || bits > 16) return [];
    const key = formatPrefix(cidr);
    const block = store.blocks.get(key) ?? claimBlock(store, { type: "host", name: node.name }, cidr);
    const last = cidr.address.family === 4 ? block.allocations.length - 2 : block.allocations.length - 1;
    const ordinal = block.unallocated.find((one) => one >= 2 && one <= last);
    if (ordinal === undefined) return [];
    const address = addressAt(block, ordinal);
    return takeAddress(block, address, attribute) ? [address] : [];
  });
}

/** With host-local IPAM tunnels have the first address of the node's CIDR. */
function firstOfPodCIDR(node: DeclaredNode, family: Family): Address | null {
  const cidr = node.podCIDRs.find(({ address }) => address.family === family);
  return cidr === undefined ? null : addressAt({ cidr }, 1);
}
