import type { Link } from "../../model/link.ts";
import type { Network } from "../../model/network.ts";
import { formatSource, sourceOf } from "../../model/origin.ts";
import type { TopologyEnd } from "./graph.ts";

/** Machines that hear each other's frames: a wire or a segment. */
export interface Segment {
  readonly name: string;
  /** Nobody else is on it than its ends. */
  readonly closed: boolean;
  readonly ends: readonly TopologyEnd[];
  readonly source: string;
}

/** The links between machines. What joins a pod to its node is no segment: the pod is drawn inside of it. */
export function segmentsOf(network: Network): readonly Segment[] {
  return network.links
    .filter((link) => !isPodLink(network, link))
    .map(({ name, closed, members, origin }) => ({
      name,
      closed,
      ends: members,
      source: formatSource(sourceOf(network.origins, origin)),
    }));
}

function isPodLink(network: Network, { members }: Link): boolean {
  const [first, second] = members;
  if (members.length !== 2 || first === undefined || second === undefined) return false;
  const isInside = (pod: string, node: string): boolean => network.hosts.get(pod)?.node === node;
  return isInside(first.host, second.host) || isInside(second.host, first.host);
}
