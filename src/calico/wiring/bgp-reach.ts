import { append } from "../../model/append.ts";
import { type Address, type Family, formatAddress } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import { DEFAULT_AS_NUMBER } from "../as-number.ts";
import type { BGPFilter } from "../bgp-filter.ts";
import { addressOf, type BgpNode, bgpNodesOf, inOrder } from "../bird/bgp-node.ts";
import { rulesOf } from "../bird/filter-functions.ts";
import { expandPeerings } from "../bird/peering.ts";
import type { Cluster } from "../cluster.ts";
import type { DeclaredNode } from "../declared-node.ts";
import { decisionOf, type FilterPlace } from "./range-filters.ts";

/** Whose routes a node has once all sessions are up and nothing changes any more. */
export interface BgpReach {
  /** By name of the node that the routes are of: the next hop that they have. The node itself may be among them. */
  readonly nextHops: ReadonlyMap<string, Address>;
  /** Peers that are no nodes of the cluster: what they pass on is not known. */
  readonly outside: readonly Address[];
}

/** Routes that BIRD tells its peers of, or would. */
export interface ToldRange {
  readonly destination: Prefix;
  readonly node: string;
  /** Where no BGPFilter decides, Calico's own export filter lets them go from their node, and from those that pass them on. */
  readonly isExported: boolean;
  readonly isPassedOn: boolean;
}

/** The sessions between nodes of one family, as confd asks BIRD for them. */
export interface BgpGraph {
  /** Without regard to BGPFilters. */
  reachOf(node: string): BgpReach;
  /** BGPFilters that sessions between nodes ask. */
  readonly filters: readonly BGPFilter[];
  /** The next hop that a node has towards a range; undefined: it has no route. */
  nextHopOf(node: string, range: ToldRange): Address | undefined;
  /** Equal for nodes whose ways to all others differ in nothing but who they are themselves. */
  placeOf(node: string): string;
}

interface Session {
  readonly peer: BgpNode;
  readonly isInternal: boolean;
  /** That this end asks about routes to and from the peer. */
  readonly filters: readonly BGPFilter[];
  /** Where this end reflects, and takes the peer for a client: its cluster. */
  readonly cluster: string | null;
}

/** Whether a route goes over a session, from who sends it to who receives it. */
type Passes = (session: Session, back: Session | undefined, isLearnt: boolean) => boolean;

/** On the way back from the node that asks: who sends, and to whom in its eyes. */
interface Sender {
  readonly node: BgpNode;
  readonly receiver: "client" | "no client" | "external";
  /** The next hop where an external session set it, nearest to the node that asks. */
  readonly nextHop: Address | null;
  /** Filters let its own routes through, and those that it passes on. */
  readonly sendsOwn: boolean;
  readonly passesOn: boolean;
  /** Clusters of those who receive on the way to the node that asks: they take nothing that has been in one (RFC 4456). */
  readonly refused: ReadonlySet<string>;
}

/**
 * Which routes reach which node: over the mesh, over sessions that BGPPeers ask for, and through route reflectors and
 * other autonomous systems among the nodes.
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
    for (const { address, from, routeReflectorClusterID: other } of [
      ...peerings.global.values(),
      ...(peerings.ofNode.get(node.name)?.values() ?? []),
    ]) {
      if (address.family !== family) continue;
      const peer = byAddress.get(formatAddress(address));
      if (peer === undefined) outside.push(address);
      else if (peer !== node && !sessions.some((one) => one.peer === peer)) {
        const own = node.routeReflectorClusterID;
        const isInternal = asOf(peer) === asOf(node);
        sessions.push({
          peer,
          isInternal,
          cluster: isInternal && own !== other ? own : null,
          filters: from.filters.flatMap((name) => cluster.bgpFilters.get(name) ?? []),
        });
      }
    }
    const all = { sessions, outside };
    told.set(node, all);
    return all;
  };
  const meshOf = (node: BgpNode): readonly Session[] =>
    inMesh.has(node)
      ? members
          .filter((peer) => peer !== node)
          .map((peer) => ({ peer, isInternal: asOf(peer) === asOf(node), filters: [], cluster: null }))
      : [];
  // both ends must ask for a session; the mesh does so by itself
  const sessionsOf = (node: BgpNode, withMesh = true): readonly Session[] => {
    const mesh = withMesh ? meshOf(node) : [];
    return [
      ...mesh,
      ...toldOf(node).sessions.filter(
        ({ peer }) =>
          !(inMesh.has(node) && inMesh.has(peer)) && toldOf(peer).sessions.some((back) => back.peer === node),
      ),
    ];
  };
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
  /** What the sender's own filters and those of the receiver leave of the ways to a node. */
  const search = (name: string, passes: Passes | null): BgpReach => {
    const nextHops = new Map<string, Address>();
    const start = nodes.get(name);
    if (start === undefined || addressOf(start, family) === null) return { nextHops, outside: [] };
    const outside = [...toldOf(start).outside];
    const queue: Sender[] = [];
    const seen = new Set<string>();
    const enqueue = (session: Session, to: BgpNode, nextHop: Address | null, before: ReadonlySet<string>): void => {
      const isOfMesh = inMesh.has(session.peer) && inMesh.has(to);
      const back = isOfMesh ? undefined : toldOf(session.peer).sessions.find(({ peer }) => peer === to);
      const receiver = !session.isInternal ? "external" : (back?.cluster ?? null) === null ? "no client" : "client";
      const sendsOwn = passes?.(session, back, false) ?? true;
      const passesOn = passes?.(session, back, true) ?? true;
      // cluster lists stay in their autonomous system
      const refused = !session.isInternal
        ? NONE
        : session.cluster === null
          ? before
          : new Set([...before, session.cluster]);
      const key = `${session.peer.name} ${receiver} ${sendsOwn} ${passesOn} ${[...refused].sort().join(" ")}`;
      if (seen.has(key)) return;
      seen.add(key);
      const own = addressOf(session.peer, family);
      const hop = nextHop ?? (session.isInternal ? null : own);
      queue.push({ node: session.peer, receiver, nextHop: hop, sendsOwn, passesOn, refused });
    };
    for (const session of sessionsOf(start)) enqueue(session, start, null, NONE);
    for (let at = 0; at < queue.length; at++) {
      const sender = queue[at];
      if (sender === undefined) break;
      const { node, receiver, nextHop, sendsOwn } = sender;
      const own = addressOf(node, family);
      // a route that left the node's own system and comes back is refused
      const isLoop = nextHop !== null && asOf(node) === asOf(start);
      if (sendsOwn && own !== null && node !== start && !isLoop && !nextHops.has(node.name))
        nextHops.set(node.name, nextHop ?? own);
      if (!sender.passesOn) continue;
      const reflects = node.routeReflectorClusterID !== null;
      if (receiver === "no client" && !reflects && hasOneAs) continue;
      for (const session of sessionsOf(node)) {
        const passesOn =
          receiver === "external" ||
          !session.isInternal ||
          (reflects && (receiver === "client" || session.cluster !== null));
        // who reflects adds the cluster of its client, of who told or of who is told
        const isReflected = receiver !== "external" && session.isInternal && reflects;
        const added =
          isReflected && (receiver === "client" || session.cluster !== null) ? node.routeReflectorClusterID : null;
        const isTaken = added === null || !sender.refused.has(added);
        if (session.peer !== start && passesOn && isTaken) enqueue(session, node, nextHop, sender.refused);
      }
      append(outside, toldOf(node).outside);
    }
    return { nextHops, outside };
  };
  const filters = [
    ...new Set(peers.flatMap((peer) => peer.filters.flatMap((one) => cluster.bgpFilters.get(one) ?? []))),
  ].filter((filter) => PLACES.some(({ direction }) => rulesOf(filter, direction, family).length > 0));
  const reachOf = (name: string): BgpReach => {
    const member = nodes.get(name);
    return everybody !== null && member !== undefined && inMesh.has(member) ? everybody : search(name, null);
  };
  const filtered = new Map<string, BgpReach>();
  return {
    filters,
    reachOf,
    nextHopOf: (name, range) => {
      // ranges of which all filters say the same go the same ways
      const said = filters.flatMap((filter) => PLACES.map((place) => decisionOf([filter], place, range.destination)));
      const key = `${name} ${range.isExported} ${range.isPassedOn} ${said.join(" ")}`;
      const known = filtered.get(key) ?? search(name, passesFor(range));
      filtered.set(key, known);
      return known.nextHops.get(range.node);
    },
    placeOf: (name) => {
      const node = nodes.get(name);
      if (node === undefined) return name;
      const { outside } = toldOf(node);
      const told = sessionsOf(node, false).map(({ peer }) => peer.name);
      return [
        inMesh.has(node),
        asOf(node),
        node.routeReflectorClusterID,
        ...told.sort(),
        ...outside.map(formatAddress),
      ].join(" ");
    },
  };
}

const NONE: ReadonlySet<string> = new Set();

/** All that a filter may be asked. */
const PLACES: readonly FilterPlace[] = [true, false].flatMap((isSameAS) => [
  { direction: "import" as const, isSameAS, isLearnt: true },
  { direction: "export" as const, isSameAS, isLearnt: true },
  { direction: "export" as const, isSameAS, isLearnt: false },
]);

/** Over each session the sender exports and the receiver imports; what a filter accepts needs no other word. */
function passesFor({ destination, isExported, isPassedOn }: ToldRange): Passes {
  return ({ isInternal, filters }, back, isLearnt) => {
    const place = { isSameAS: isInternal, isLearnt };
    const sent = decisionOf(back?.filters ?? [], { ...place, direction: "export" }, destination);
    if (sent === "Reject" || (sent === null && !(isLearnt ? isPassedOn : isExported))) return false;
    return decisionOf(filters, { ...place, direction: "import", isLearnt: true }, destination) !== "Reject";
  };
}
