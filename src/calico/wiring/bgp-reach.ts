import { type Address, type Family, formatAddress } from "../../net/address.ts";
import { DEFAULT_AS_NUMBER } from "../as-number.ts";
import { addressOf, type BgpNode, bgpNodesOf, inOrder } from "../bird/bgp-node.ts";
import { expandPeerings } from "../bird/peering.ts";
import type { Cluster } from "../cluster.ts";
import type { DeclaredNode } from "../declared-node.ts";

/** Whose routes a node has once all sessions are up and nothing changes any more. */
export interface BgpReach {
  /** By name of the node that the routes are of: the next hop that they have. The node itself may be among them. */
  readonly nextHops: ReadonlyMap<string, Address>;
  /** Peers that are no nodes of the cluster: what they pass on is not known. */
  readonly outside: readonly Address[];
}

/** The sessions between nodes of one family, as confd asks BIRD for them. */
export interface BgpGraph {
  reachOf(node: string): BgpReach;
}

interface Session {
  readonly peer: BgpNode;
  readonly isInternal: boolean;
}

/** On the way back from the node that asks: who sends, and to whom in its eyes. */
interface Sender {
  readonly node: BgpNode;
  readonly receiver: "client" | "no client" | "external";
  /** The next hop where an external session set it, nearest to the node that asks. */
  readonly nextHop: Address | null;
}

/**
 * Which routes reach which node: over the mesh, over sessions that BGPPeers ask for, and through route reflectors and
 * other autonomous systems among the nodes. Filters of BGPFilters are not applied.
 */
export function bgpGraph(cluster: Cluster, declared: readonly DeclaredNode[], family: Family): BgpGraph {
  const nodes = bgpNodesOf(cluster, declared);
  const configuration = cluster.bgpConfigurations.get("default") ?? null;
  const asNumber = configuration?.asNumber ?? DEFAULT_AS_NUMBER;
  const asOf = (node: BgpNode): number => node.asNumber ?? asNumber;
  const members =
    configuration?.nodeToNodeMeshEnabled === false
      ? []
      : [...nodes.values()].filter((node) => node.routeReflectorClusterID === null && addressOf(node, family) !== null);
  const inMesh = new Set(members);
  const hasOneAs = new Set([...nodes.values()].map(asOf)).size < 2;
  const peers = [...cluster.bgpPeers.values()].sort((x, y) => inOrder(x.metadata.name, y.metadata.name));
  const peerings = expandPeerings({
    nodes,
    peers,
    asNumber,
    listenPort: configuration?.listenPort ?? null,
    workloadsOf: null,
  });
  const byAddress = new Map(
    [...nodes.values()].flatMap((node) => {
      const address = addressOf(node, family);
      return address === null ? [] : [[formatAddress(address), node] as const];
    }),
  );
  const told = new Map<BgpNode, { readonly sessions: readonly Session[]; readonly outside: readonly Address[] }>();
  const toldOf = (node: BgpNode): { readonly sessions: readonly Session[]; readonly outside: readonly Address[] } => {
    const known = told.get(node);
    if (known !== undefined) return known;
    const sessions: Session[] = [];
    const outside: Address[] = [];
    for (const { address } of [...peerings.global.values(), ...(peerings.ofNode.get(node.name)?.values() ?? [])]) {
      if (address.family !== family) continue;
      const peer = byAddress.get(formatAddress(address));
      if (peer === undefined) outside.push(address);
      else if (peer !== node && !sessions.some((one) => one.peer === peer))
        sessions.push({ peer, isInternal: asOf(peer) === asOf(node) });
    }
    const all = { sessions, outside };
    told.set(node, all);
    return all;
  };
  const meshOf = (node: BgpNode): readonly Session[] =>
    inMesh.has(node)
      ? members.filter((peer) => peer !== node).map((peer) => ({ peer, isInternal: asOf(peer) === asOf(node) }))
      : [];
  // both ends must ask for a session; the mesh does so by itself
  const sessionsOf = (node: BgpNode): readonly Session[] => {
    const mesh = meshOf(node);
    return [
      ...mesh,
      ...toldOf(node).sessions.filter(
        ({ peer }) =>
          !(inMesh.has(node) && inMesh.has(peer)) && toldOf(peer).sessions.some((back) => back.peer === node),
      ),
    ];
  };
  const isClient = (reflector: BgpNode, peer: BgpNode): boolean =>
    reflector.routeReflectorClusterID !== null &&
    reflector.routeReflectorClusterID !== peer.routeReflectorClusterID &&
    asOf(reflector) === asOf(peer);

  // nothing but the mesh: all members have the same routes, each without its own
  const everybody: BgpReach | null =
    peers.length > 0 || !hasOneAs
      ? null
      : {
          nextHops: new Map(
            members.flatMap((node) => {
              const address = addressOf(node, family);
              return address === null ? [] : [[node.name, address] as const];
            }),
          ),
          outside: [],
        };
  return {
    reachOf: (name) => {
      const member = nodes.get(name);
      if (everybody !== null && member !== undefined && inMesh.has(member)) return everybody;
      const nextHops = new Map<string, Address>();
      const start = nodes.get(name);
      if (start === undefined || addressOf(start, family) === null) return { nextHops, outside: [] };
      const outside = [...toldOf(start).outside];
      const queue: Sender[] = [];
      const seen = new Set<string>();
      const enqueue = (session: Session, to: BgpNode, nextHop: Address | null): void => {
        const receiver = !session.isInternal ? "external" : isClient(session.peer, to) ? "client" : "no client";
        const key = `${session.peer.name} ${receiver}`;
        if (seen.has(key)) return;
        seen.add(key);
        const own = addressOf(session.peer, family);
        queue.push({ node: session.peer, receiver, nextHop: nextHop ?? (session.isInternal ? null : own) });
      };
      for (const session of sessionsOf(start)) enqueue(session, start, null);
      for (let at = 0; at < queue.length; at++) {
        const sender = queue[at];
        if (sender === undefined) break;
        const { node, receiver, nextHop } = sender;
        const own = addressOf(node, family);
        // a route that left the node's own system and comes back is refused
        const isLoop = nextHop !== null && asOf(node) === asOf(start);
        if (own !== null && node !== start && !isLoop && !nextHops.has(node.name))
          nextHops.set(node.name, nextHop ?? own);
        const reflects = node.routeReflectorClusterID !== null;
        if (receiver === "no client" && !reflects && hasOneAs) continue;
        for (const session of sessionsOf(node)) {
          const passesOn =
            receiver === "external" ||
            !session.isInternal ||
            (reflects && (receiver === "client" || isClient(node, session.peer)));
          if (session.peer !== start && passesOn) enqueue(session, node, nextHop);
        }
        outside.push(...toldOf(node).outside);
      }
      return { nextHops, outside };
    },
  };
}
