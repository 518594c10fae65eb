import { addressOf, type BgpNode } from "../calico/bird/bgp-node.ts";
import type { BirdContext } from "../calico/bird/bird-context.ts";
import { routerIdOf } from "../calico/bird/bird-head.ts";
import { asNumberOf, peersOf } from "../calico/bird/bird-peer.ts";
import { formatAddress } from "../net/address.ts";
import { plural } from "./plural.ts";

/** What a node is to BGP. */
export interface BirdNode {
  readonly node: string;
  /** Null where nothing tells one: BIRD refuses the configuration. */
  readonly routerId: string | null;
  readonly asNumber: number;
  readonly routeReflectorClusterID: string | null;
  /** Null without an address of the family. */
  readonly ipv4: BirdSessions | null;
  readonly ipv6: BirdSessions | null;
}

export interface BirdSessions {
  readonly address: string;
  readonly sessions: readonly {
    readonly name: string;
    readonly neighbor: string;
    readonly port: number;
    readonly asNumber: number;
    readonly passive: boolean;
  }[];
}

export function birdNodes(context: BirdContext): readonly BirdNode[] {
  return [...context.nodes.values()].map((node) => ({
    node: node.name,
    routerId: routerIdOf(node, context) || null,
    asNumber: asNumberOf(node, context),
    routeReflectorClusterID: node.routeReflectorClusterID,
    ipv4: sessionsOf(node, 4, context),
    ipv6: sessionsOf(node, 6, context),
  }));
}

function sessionsOf(node: BgpNode, family: 4 | 6, context: BirdContext): BirdSessions | null {
  const address = addressOf(node, family);
  if (address === null) return null;
  return {
    address: formatAddress(address),
    sessions: peersOf(node, family, context).map(({ name, neighbor, port, asNumber, isPassive }) => ({
      name,
      neighbor,
      port: port ?? 179,
      asNumber,
      passive: isPassive,
    })),
  };
}

/** One line for each node. */
export function birdNodesText(nodes: readonly BirdNode[]): string {
  const sessions = (one: BirdSessions | null): string =>
    one === null ? "no address" : `${one.address}, ${plural(one.sessions.length, "session")}`;
  const rows = [
    ["NODE", "ROUTER ID", "AS", "REFLECTOR", "IPV4", "IPV6"],
    ...nodes.map(({ node, routerId, asNumber, routeReflectorClusterID, ipv4, ipv6 }) => [
      node,
      routerId ?? "none",
      String(asNumber),
      routeReflectorClusterID ?? "no",
      sessions(ipv4),
      sessions(ipv6),
    ]),
  ];
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("   ")
          .trimEnd()}\n`,
    )
    .join("");
}
