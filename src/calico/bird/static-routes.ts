import { formatAddress } from "../../net/address.ts";
import type { BgpNode } from "./bgp-node.ts";
import type { BirdContext } from "./bird-context.ts";
import type { NodeBlock } from "./block-routes.ts";
import { type ServiceRoutes, serviceRoutes } from "./service-routes.ts";

/** What bird_aggr.cfg and bird_ipam.cfg of a node say of blocks, Services and the ways to peers, for one family. */
export interface NodeRoutes {
  readonly blocks: readonly NodeBlock[];
  readonly services: ServiceRoutes;
  /** `10.0.0.1/32 via 10.0.1.1`: peers of all nodes, and of this one, that are `reachableBy` a gateway. */
  readonly toGlobalPeers: readonly string[];
  readonly toNodePeers: readonly string[];
}

export function nodeRoutes(node: BgpNode, family: 4 | 6, context: BirdContext): NodeRoutes {
  const ways = (peerings: BirdContext["peerings"]["global"] | undefined): readonly string[] =>
    [...(peerings?.values() ?? [])]
      .filter(({ address }) => address.family === family)
      .sort((x, y) => (x.key < y.key ? -1 : 1))
      .flatMap(({ address, reachableBy }) =>
        reachableBy === null
          ? []
          : [`${formatAddress(address)}/${family === 4 ? 32 : 128} via ${formatAddress(reachableBy)}`],
      );
  return {
    blocks: context.blocks[family].get(node.name) ?? [],
    services: serviceRoutes(
      node,
      family,
      context.serviceRanges,
      context.services,
      context.layout === "commented" ? "spec" : "all",
    ),
    toGlobalPeers: ways(context.peerings.global),
    toNodePeers: ways(context.peerings.ofNode.get(node.name)),
  };
}

/** Static routes with the comments that stand above them. */
export function staticRouteLines(routes: NodeRoutes): readonly string[] {
  const lines: string[] = [];
  const { blocks, services, toGlobalPeers, toNodePeers } = routes;
  if (blocks.length > 0) {
    lines.push("   # IP blocks for this host.");
    for (const { cidr, isSingle } of blocks) if (!isSingle) lines.push(`   route ${cidr} blackhole;`);
  }
  if (services.advertised.length > 0) {
    lines.push("   # Static routes.");
    for (const cidr of services.advertised) lines.push(`   route ${cidr} blackhole;`);
  }
  for (const [ways, which] of [
    [toGlobalPeers, "global"],
    [toNodePeers, "node specific"],
  ] as const) {
    if (ways.length === 0) continue;
    lines.push(`   # Static routes needed for ${which} BGP peers.`);
    for (const way of ways) lines.push(`   route ${way};`);
  }
  return lines;
}

/**
 * `calico_aggr()`: of what is in a block of the node only the block itself is exported. `normalPriority`: a route inside with a smaller
 * metric, that of a pod in live migration, is exported too.
 */
export function aggregationLines(blocks: readonly NodeBlock[], normalPriority: number | null): readonly string[] {
  const lines = [
    "# Aggregation of routes on this host; export the block, nothing beneath it.",
    "function calico_aggr ()",
    "{",
  ];
  for (const { cidr, state } of blocks) {
    lines.push(state === "" ? `      # Block ${cidr} is implicitly confirmed.` : `      # Block ${cidr} is ${state}`);
    if (state !== "" && state !== "confirmed") continue;
    lines.push(`      if ( net = ${cidr} ) then { accept; }`);
    if (normalPriority !== null) {
      lines.push(`      if ( net ~ ${cidr} && krt_metric < ${normalPriority} ) then { accept; }`);
    }
    lines.push(`      if ( net ~ ${cidr} ) then { reject; }`);
  }
  return [...lines, "}"];
}
