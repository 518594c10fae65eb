import { type Address, formatAddress } from "../../net/address.ts";
import type { BGPPeer } from "../bgp-peer.ts";
import { matchesSelector } from "../selector/matches-selector.ts";
import type { WrittenSelector } from "../written-selector.ts";
import { addressOf, type BgpNode } from "./bgp-node.ts";

/** A session that a BGPPeer asks of a node, as confd's backend keeps it. */
export interface Peering {
  /** Where confd keeps it, behind its node or `global`: the address, and a port that is not 179. */
  readonly key: string;
  readonly address: Address;
  readonly port: number | null;
  /** 0 where the BGPPeer tells none. */
  readonly asNumber: number;
  readonly routeReflectorClusterID: string | null;
  /** The BGPPeer names a node by this address. */
  readonly isCalicoNode: boolean;
  readonly isLocalWorkload: boolean;
  readonly keepOriginalNextHop: boolean;
  readonly reachableBy: Address | null;
  readonly numAllowedLocalASNumbers: number;
  /** What asks for it. */
  readonly from: BGPPeer;
}

/** A workload of a node that may peer with it. */
export interface BgpWorkload {
  readonly labels: ReadonlyMap<string, string>;
  readonly addresses: readonly Address[];
}

export interface PeeringContext {
  /** By name, in the order of names. */
  readonly nodes: ReadonlyMap<string, BgpNode>;
  /** In the order of names. */
  readonly peers: readonly BGPPeer[];
  readonly asNumber: number;
  /** Of `default`; null: not set. */
  readonly listenPort: number | null;
  /** Pods of a node, for localWorkloadSelector; null where Calico is older than that, and than reversePeering. */
  readonly workloadsOf: ((node: string) => readonly BgpWorkload[]) | null;
}

/** A BGPPeer that asks for a session which another one has already. */
export interface LostPeering {
  readonly peer: BGPPeer;
  readonly to: BGPPeer;
  readonly address: Address;
}

type Keyed = ReadonlyMap<string, Peering>;

export interface Peerings {
  /** Of all nodes, by key. */
  readonly global: Keyed;
  /** By node, by key. */
  readonly ofNode: ReadonlyMap<string, Keyed>;
  readonly lost: readonly LostPeering[];
}

/**
 * The sessions that BGPPeers ask for: first the global ones, then those of nodes, then the way back from nodes that are peers of others
 * (confd/pkg/backends/calico/client.go, updatePeersV1). The first of a key counts. confd goes through BGPPeers in Go's random order of maps,
 * podpath in that of their names.
 */
export function expandPeerings(context: PeeringContext): Peerings {
  const global = new Map<string, Peering>();
  const ofNode = new Map<string, Map<string, Peering>>();
  const lost = new Map<string, LostPeering>();
  const emit = (node: string | null, peering: Peering): Peering | null => {
    let peerings = global;
    if (node !== null) {
      peerings = ofNode.get(node) ?? new Map<string, Peering>();
      ofNode.set(node, peerings);
    }
    const earlier = peerings.get(peering.key) ?? global.get(peering.key);
    if (earlier === undefined) peerings.set(peering.key, peering);
    return earlier ?? null;
  };
  const look = lookUp(context);
  for (const isGlobalPass of [true, false]) {
    for (const peer of context.peers) {
      if (peer.localWorkloadSelector !== null || isGlobal(peer) !== isGlobalPass) continue;
      const locals = isGlobalPass ? [null] : look.localNodes(peer).map(({ name }) => name);
      for (const peering of look.askedFor(peer)) {
        for (const node of locals) {
          const earlier = emit(node, peering);
          if (earlier === null || earlier.from === peer) continue;
          const about = `${peer.metadata.name}\n${earlier.from.metadata.name}\n${peering.key}`;
          if (!lost.has(about)) lost.set(about, { peer, to: earlier.from, address: peering.address });
        }
      }
    }
  }
  if (context.workloadsOf !== null) emitLocalWorkloads(context, look, context.workloadsOf, emit);
  for (const peer of context.peers) {
    if (peer.localWorkloadSelector !== null) continue;
    if (peer.reversePeering === "Manual" && context.workloadsOf !== null) continue;
    const { nodes, families } = look.peersThatAreNodes(peer);
    if (nodes.length === 0) continue;
    const back = look.localNodes(peer).flatMap((node) => nodeAsPeer(node, families, peer, context));
    for (const { name } of nodes) for (const peering of back) emit(name, peering);
  }
  return { global, ofNode, lost: [...lost.values()] };
}

/** A peer of all nodes. */
export function isGlobal(peer: BGPPeer): boolean {
  return peer.node === null && peer.nodeSelector === null;
}

interface LookUp {
  /** The nodes whose session it is; all of them for a global peer. */
  readonly localNodes: (peer: BGPPeer) => readonly BgpNode[];
  readonly askedFor: (peer: BGPPeer) => readonly Peering[];
  readonly peersThatAreNodes: (peer: BGPPeer) => {
    readonly nodes: readonly BgpNode[];
    readonly families: readonly (4 | 6)[];
  };
}

function lookUp(context: PeeringContext): LookUp {
  const chosen = new Map<string, readonly BgpNode[]>();
  const matching = ({ text, selector }: WrittenSelector): readonly BgpNode[] => {
    const known = chosen.get(text);
    if (known !== undefined) return known;
    const found =
      selector === null
        ? []
        : [...context.nodes.values()].filter(({ labels }) => matchesSelector(selector, (label) => labels.get(label)));
    chosen.set(text, found);
    return found;
  };
  const byAddress = new Map<string, BgpNode[]>();
  for (const node of context.nodes.values()) {
    for (const family of [4, 6] as const) {
      const address = addressOf(node, family);
      if (address === null) continue;
      const text = formatAddress(address);
      const others = byAddress.get(text);
      if (others === undefined) byAddress.set(text, [node]);
      else others.push(node);
    }
  }
  /** Nodes with the peer's address and AS, which listen on its port if it tells one (client.go, nodesWithIPPortAndAS). */
  const named = ({ peerIP, asNumber }: BGPPeer): readonly BgpNode[] => {
    if (peerIP === null) return [];
    const as = asNumber === null || asNumber === 0 ? context.asNumber : asNumber;
    const { port } = peerIP;
    return (byAddress.get(formatAddress(peerIP.address)) ?? []).filter((node) => {
      if ((node.asNumber ?? context.asNumber) !== as) return false;
      if (port === null) return true;
      if (node.listenPort !== null && node.listenPort !== port) return false;
      return context.listenPort === null || context.listenPort === port;
    });
  };
  return {
    localNodes: (peer) => {
      if (peer.nodeSelector !== null) return matching(peer.nodeSelector);
      if (peer.node === null) return [...context.nodes.values()];
      const node = context.nodes.get(peer.node);
      return node === undefined ? [] : [node];
    },
    askedFor: (peer) => {
      if (peer.peerSelector !== null) {
        return matching(peer.peerSelector).flatMap((node) => nodeAsPeer(node, [4, 6], peer, context));
      }
      const { peerIP, reachableBy } = peer;
      if (peerIP === null) return [];
      const first = named(peer)[0];
      const port = peerIP.port ?? (first === undefined ? null : (first.listenPort ?? context.listenPort));
      return [
        {
          key: keyOf(peerIP.address, port),
          address: peerIP.address,
          port,
          asNumber: peer.asNumber ?? 0,
          routeReflectorClusterID: null,
          isCalicoNode: byAddress.has(formatAddress(peerIP.address)),
          isLocalWorkload: false,
          keepOriginalNextHop: peer.keepOriginalNextHop,
          reachableBy,
          numAllowedLocalASNumbers: peer.numAllowedLocalASNumbers ?? 0,
          from: peer,
        },
      ];
    },
    peersThatAreNodes: (peer) =>
      peer.peerSelector !== null
        ? { nodes: matching(peer.peerSelector), families: [4, 6] }
        : { nodes: named(peer), families: peer.peerIP === null ? [] : [peer.peerIP.address.family] },
  };
}

/** A port of 179 counts as none (libcalico-go/lib/backend/model/bgppeer.go, combineIPAndPort). */
function keyOf(address: Address, port: number | null): string {
  return `${formatAddress(address)}${port === null || port === 179 ? "" : `-${port}`}`;
}

function nodeAsPeer(
  node: BgpNode,
  families: readonly (4 | 6)[],
  from: BGPPeer,
  context: PeeringContext,
): readonly Peering[] {
  return families.flatMap((family) => {
    const address = addressOf(node, family);
    if (address === null) return [];
    const port = node.listenPort ?? context.listenPort;
    return [
      {
        key: keyOf(address, port),
        address,
        port,
        asNumber: node.asNumber ?? context.asNumber,
        routeReflectorClusterID: node.routeReflectorClusterID,
        isCalicoNode: false,
        isLocalWorkload: false,
        keepOriginalNextHop: false,
        reachableBy: from.reachableBy,
        numAllowedLocalASNumbers: 0,
        from,
      },
    ];
  });
}

/** One session for each workload that a BGPPeer chooses; of several BGPPeers the first by name. */
function emitLocalWorkloads(
  context: PeeringContext,
  look: LookUp,
  workloadsOf: (node: string) => readonly BgpWorkload[],
  emit: (node: string, peering: Peering) => Peering | null,
): void {
  const choosing = context.peers.flatMap((peer) => {
    const selector = peer.localWorkloadSelector?.selector ?? null;
    return selector === null ? [] : [{ peer, selector, nodes: new Set(look.localNodes(peer)) }];
  });
  if (choosing.length === 0) return;
  for (const node of context.nodes.values()) {
    for (const { labels, addresses } of workloadsOf(node.name)) {
      const found = choosing.find(
        ({ selector, nodes }) => nodes.has(node) && matchesSelector(selector, (label) => labels.get(label)),
      );
      if (found === undefined) continue;
      for (const family of [4, 6] as const) {
        const address = addresses.find((one) => one.family === family);
        if (address === undefined) continue;
        emit(node.name, {
          key: keyOf(address, null),
          address,
          port: null,
          asNumber: found.peer.asNumber ?? 0,
          routeReflectorClusterID: null,
          isCalicoNode: false,
          isLocalWorkload: true,
          keepOriginalNextHop: false,
          reachableBy: null,
          numAllowedLocalASNumbers: found.peer.numAllowedLocalASNumbers ?? 0,
          from: found.peer,
        });
      }
    }
  }
}
