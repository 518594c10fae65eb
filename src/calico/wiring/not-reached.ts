import type { Finding } from "../../model/finding.ts";

/**
 * Nodes whose routes do not reach others over BGP.
 *
 * @param names of nodes that all miss as many others as the first one
 */
export function notReached(
  names: readonly string[],
  unreached: ReadonlySet<string>,
  outside: readonly string[],
): readonly Finding[] {
  const [first] = unreached;
  if (first === undefined) return [];
  const others = unreached.size === 1 ? first : `${first} and ${unreached.size - 1} more nodes`;
  const peers = [...new Set(outside)].slice(0, 3).join(", ");
  const [name = "", ...alike] = names;
  const isOne = alike.length === 0;
  const who = isOne ? name : `${name} and ${alike.length} more nodes like it`;
  return [
    {
      code: "bgp-no-path",
      severity: "warning",
      message:
        peers === ""
          ? `No BGP session leads from ${who} to ${others}: ${isOne ? "it has" : "they have"} no routes to pods there.`
          : `Whether ${who} ${isOne ? "learns" : "learn"} the routes to ${others} depends on BGP peers outside the cluster (${peers}); it is taken that ${isOne ? "it does" : "they do"} not.`,
      advice: "See BGPConfiguration.spec.nodeToNodeMeshEnabled, BGPPeers and the nodes' route reflector cluster IDs.",
    },
  ];
}
