import type { BgpNode } from "./bgp-node.ts";
import type { BirdContext } from "./bird-context.ts";
import { fileStem } from "./bird-head.ts";
import { commentedAggregationFile, commentedIpamFile } from "./commented-ipam.ts";
import { commentedBirdFile } from "./commented-layout.ts";
import { flatAggregationFile, flatIpamFile } from "./flat-ipam.ts";
import { flatBirdFile } from "./flat-layout.ts";
import { nodeRoutes } from "./static-routes.ts";

/** The files in /etc/calico/confd/config of calico-node: two daemons, three files each. */
export const BIRD_FILES = [
  "bird.cfg",
  "bird_aggr.cfg",
  "bird_ipam.cfg",
  "bird6.cfg",
  "bird6_aggr.cfg",
  "bird6_ipam.cfg",
] as const;
export type BirdFile = (typeof BIRD_FILES)[number];

/**
 * BIRD's configuration on a node as confd renders it from the resources, passwords included. Compared with upstream's expectations
 * (confd/tests/compiled_templates of v3.29.2 and of v3.33-dev) as upstream compares: line by line without blank lines.
 *
 * @returns null for a node that the context does not have
 */
export function birdFilesOf(name: string, context: BirdContext): ReadonlyMap<BirdFile, string> | null {
  const node = context.nodes.get(name);
  return node === undefined ? null : new Map([...filesOf(node, 4, context), ...filesOf(node, 6, context)]);
}

function filesOf(node: BgpNode, family: 4 | 6, context: BirdContext): readonly (readonly [BirdFile, string])[] {
  const stem = fileStem(family);
  const routes = nodeRoutes(node, family, context);
  const isFlat = context.layout === "flat";
  const [bird, aggregation, ipam] = isFlat
    ? [
        flatBirdFile(node, family, context),
        flatAggregationFile(routes, family, context),
        flatIpamFile(node, family, routes, context),
      ]
    : [
        commentedBirdFile(node, family, context),
        commentedAggregationFile(routes),
        commentedIpamFile(node, family, routes, context),
      ];
  return [
    [`${stem}.cfg`, textOf(bird)],
    [`${stem}_aggr.cfg`, textOf(aggregation)],
    [`${stem}_ipam.cfg`, textOf(ipam)],
  ];
}

function textOf(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
