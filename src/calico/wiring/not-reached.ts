import type { Finding } from "../../model/finding.ts";

/** Nodes whose routes do not reach a node over BGP. */
export function notReached(
  node: string,
  unreached: ReadonlySet<string>,
  outside: readonly string[],
): readonly Finding[] {
  const [first] = unreached;
  if (first === undefined) return [];
  const others = unreached.size === 1 ? first : `${first} and ${unreached.size - 1} more nodes`;
  const peers = [...new Set(outside)];
  return [
    {
      code: "bgp-no-path",
      severity: "warning",
      message:
        peers.length === 0
          ? `No BGP session leads from ${node} to ${others}: it has no routes to pods there.`
          : `Whether ${node} learns the routes to ${others} depends on BGP peers outside the cluster (${peers.slice(0, 3).join(", ")}); it is taken that it does not.`,
      advice: "See BGPConfiguration.spec.nodeToNodeMeshEnabled, BGPPeers and the nodes' route reflector cluster IDs.",
    },
  ];
}
