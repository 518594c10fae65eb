import { formatAddress } from "../../net/address.ts";
import type { BGPFilter } from "../bgp-filter.ts";
import { addressOf, type BgpNode, inOrder } from "./bgp-node.ts";
import type { BirdContext } from "./bird-context.ts";
import type { Peering } from "./peering.ts";

export type PeerGroup = "Mesh" | "Global" | "Node" | "Local_Workload";

/** A session of a node, with all that its `protocol bgp` says. */
export interface BirdPeer {
  readonly group: PeerGroup;
  /** The protocol's: `Mesh_10_0_0_1`, `Node_fd00__1_port_1179`. */
  readonly name: string;
  readonly neighbor: string;
  readonly port: number | null;
  readonly asNumber: number;
  readonly localASNumber: number | null;
  /** The peer is of the node's own AS, which is the one it says it is. */
  readonly isSameAS: boolean;
  readonly sourceAddress: string | null;
  /** Hops; null: off. */
  readonly ttlSecurity: number | null;
  readonly filters: readonly BGPFilter[];
  readonly isPassive: boolean;
  /** Seconds, here and below. */
  readonly gracefulRestartTime: number | null;
  readonly keepaliveTime: number | null;
  /** The peer is a client of this route reflector. */
  readonly clientOfCluster: string | null;
  readonly password: string | null;
  readonly nextHop: "keep" | "self" | null;
  readonly allowLocalAS: number;
}

/** A place in confd's list of sessions, in the order of its keys. */
export interface PeerEntry {
  readonly key: string;
  readonly session:
    | { readonly kind: "peer"; readonly peer: BirdPeer }
    | { readonly kind: "ourselves"; readonly address: string }
    | { readonly kind: "route reflector"; readonly address: string; readonly node: string; readonly cluster: string };
}

/** A protocol's name: BIRD's symbols have neither dots nor colons. */
function protocolName(group: PeerGroup, address: string, port: number | null): string {
  return `${group}_${address.replace(/[.:]/g, "_")}${port === null ? "" : `_port_${port}`}`;
}

/**
 * The sessions of the node-to-node mesh: with every other node that has an address of the family and is no route reflector. Of two nodes the
 * one waits whose address comes first as a text; BIRD's `passive on`.
 */
export function meshEntries(node: BgpNode, family: 4 | 6, context: BirdContext): readonly PeerEntry[] {
  const own = addressOf(node, family);
  if (own === null) return [];
  const sourceAddress = formatAddress(own);
  const entries: PeerEntry[] = [];
  for (const other of context.nodes.values()) {
    const address = addressOf(other, family);
    if (address === null) continue;
    const neighbor = formatAddress(address);
    const key = `/bgp/v1/host/${other.name}/ip_addr_v${family}`;
    if (neighbor === sourceAddress) {
      entries.push({ key, session: { kind: "ourselves", address: sourceAddress } });
      continue;
    }
    const cluster = other.routeReflectorClusterID;
    if (cluster !== null) {
      entries.push({ key, session: { kind: "route reflector", address: neighbor, node: other.name, cluster } });
      continue;
    }
    const asNumber = other.asNumber ?? (context.layout === "flat" ? asNumberOf(node, context) : context.asNumber);
    const peer: BirdPeer = {
      group: "Mesh",
      name: protocolName("Mesh", neighbor, null),
      neighbor,
      port: other.listenPort ?? context.listenPort,
      asNumber,
      localASNumber: null,
      isSameAS: context.layout === "commented" || asNumber === asNumberOf(node, context),
      sourceAddress,
      ttlSecurity: null,
      filters: [],
      isPassive: neighbor > sourceAddress,
      gracefulRestartTime: context.meshRestartTime,
      keepaliveTime: null,
      clientOfCluster: null,
      password: context.meshPassword,
      nextHop: null,
      allowLocalAS: 0,
    };
    entries.push({ key, session: { kind: "peer", peer } });
  }
  return entries;
}

/** The sessions that BGPPeers ask for: of all nodes, or of this one. */
export function peeringEntries(
  node: BgpNode,
  family: 4 | 6,
  which: "Global" | "Node",
  context: BirdContext,
): readonly PeerEntry[] {
  const own = addressOf(node, family);
  if (own === null) return [];
  const sourceAddress = formatAddress(own);
  const peerings = which === "Global" ? context.peerings.global : context.peerings.ofNode.get(node.name);
  const place = which === "Global" ? "global" : `host/${node.name}`;
  return [...(peerings?.values() ?? [])]
    .filter(({ address }) => address.family === family)
    .sort((x, y) => inOrder(x.key, y.key))
    .map((peering): PeerEntry => {
      const key = `/bgp/v1/${place}/peer_v${family}/${peering.key}`;
      if (formatAddress(peering.address) === sourceAddress)
        return { key, session: { kind: "ourselves", address: sourceAddress } };
      return { key, session: { kind: "peer", peer: peerOf(peering, which, node, sourceAddress, context) } };
    });
}

/** All sessions of a node by name. */
export function peersOf(node: BgpNode, family: 4 | 6, context: BirdContext): readonly BirdPeer[] {
  const isInMesh = context.isMeshEnabled && node.routeReflectorClusterID === null;
  return [
    ...(isInMesh ? meshEntries(node, family, context) : []),
    ...peeringEntries(node, family, "Global", context),
    ...peeringEntries(node, family, "Node", context),
  ]
    .flatMap(({ session }) => (session.kind === "peer" ? [session.peer] : []))
    .sort((x, y) => inOrder(x.name, y.name));
}

/** The AS that a node belongs to. */
export function asNumberOf(node: BgpNode, context: { readonly asNumber: number }): number {
  return node.asNumber ?? context.asNumber;
}

function peerOf(
  peering: Peering,
  which: "Global" | "Node",
  node: BgpNode,
  sourceAddress: string,
  context: BirdContext,
): BirdPeer {
  const { from, asNumber } = peering;
  const isFlat = context.layout === "flat";
  const group = peering.isLocalWorkload ? "Local_Workload" : which;
  const neighbor = formatAddress(peering.address);
  const localASNumber = isFlat && from.localASNumber !== null && from.localASNumber !== 0 ? from.localASNumber : null;
  const isSameAS = asNumber === (localASNumber ?? asNumberOf(node, context));
  const keeps = (isFlat && from.nextHopMode === "Keep") || (!isSameAS && peering.keepOriginalNextHop);
  const cluster = node.routeReflectorClusterID;
  const waits = peering.isCalicoNode && neighbor > sourceAddress;
  return {
    group,
    name: protocolName(group, neighbor, peering.port),
    neighbor,
    port: peering.port,
    asNumber,
    localASNumber,
    isSameAS,
    sourceAddress: from.sourceAddress === "UseNodeIP" && !peering.isLocalWorkload ? sourceAddress : null,
    ttlSecurity: from.ttlSecurity === 0 ? null : from.ttlSecurity,
    filters: from.filters.flatMap((name) => context.filters.get(name) ?? []),
    isPassive: peering.isLocalWorkload || (which === "Global" && waits),
    gracefulRestartTime: from.maxRestartTime === null ? null : Math.round(from.maxRestartTime),
    keepaliveTime: isFlat && from.keepaliveTime !== null ? Math.round(from.keepaliveTime) : null,
    clientOfCluster: isSameAS && cluster !== null && peering.routeReflectorClusterID !== cluster ? cluster : null,
    password: context.passwordOf(from.password),
    nextHop: isFlat && from.nextHopMode === "Self" ? "self" : keeps ? "keep" : null,
    allowLocalAS: peering.numAllowedLocalASNumbers,
  };
}
