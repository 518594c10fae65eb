import type { Host } from "../../model/host.ts";
import { type Address, sameAddress } from "../../net/address.ts";
import { addressBits } from "../../net/prefix.ts";
import type { Check } from "./check.ts";
import { livePods, podName } from "./live-pods.ts";

/** A pod without a route of its own on its node, where other pods have one: packets to it go the way of its block. */
export const podWithoutRoute: Check = ({ network, cluster }) => {
  const byNode = new Map<string, ReturnType<typeof livePods>>();
  for (const pod of livePods(cluster)) {
    if (pod.nodeName !== null && pod.phase === "Running") {
      byNode.set(pod.nodeName, [...(byNode.get(pod.nodeName) ?? []), pod]);
    }
  }
  return [...byNode].flatMap(([node, pods]) => {
    const host = network.hosts.get(node);
    if (host === undefined || !pods.some(({ podIPs }) => podIPs.some((address) => hasRoute(host, address)))) return [];
    return pods.flatMap((pod) =>
      pod.podIPs.flatMap((address) => {
        const knowledge = host.knowledge.get(address.family === 4 ? "routes" : "routes6");
        const unknown = knowledge === "unknown" || knowledge === "assumed";
        const familyHasRoutes = pods.some(({ podIPs }) =>
          podIPs.some((one) => one.family === address.family && hasRoute(host, one)),
        );
        if (unknown || !familyHasRoutes || hasRoute(host, address)) return [];
        return [
          {
            severity: "error" as const,
            message: `${node} has no route to the address of ${podName(pod)}, and has routes to other pods`,
            at: pod.metadata.origin,
            beside: 0,
          },
        ];
      }),
    );
  });
};

function hasRoute({ routes }: Host, address: Address): boolean {
  return routes.some(
    ({ type, destination }) =>
      type === "unicast" &&
      destination.length === addressBits(address.family) &&
      sameAddress(destination.address, address),
  );
}
