import { formatAddress } from "../../net/address.ts";
import type { Check } from "./check.ts";
import { livePods, podName } from "./live-pods.ts";

/** An address of a tunnel device (tunl0, vxlan.calico) that a pod has too: table local wins over the route to the pod. */
export const tunnelAddressOfPod: Check = ({ network, cluster }) => {
  const pods = new Map(livePods(cluster).flatMap((pod) => pod.podIPs.map((one) => [formatAddress(one), pod] as const)));
  return [...network.hosts.values()]
    .filter(({ kind }) => kind === "node")
    .flatMap((host) =>
      [...host.interfaces.values()]
        .filter(({ kind }) => kind === "vxlan" || kind === "ipip" || kind === "wireguard")
        .flatMap(({ name, addresses }) =>
          addresses.flatMap(({ address, origin }) => {
            const pod = pods.get(formatAddress(address));
            if (pod === undefined) return [];
            return [
              {
                severity: "error" as const,
                message: `${name} of ${host.name} has ${formatAddress(address)}, which is the address of ${podName(pod)}`,
                at: origin,
                beside: pod.metadata.origin,
              },
            ];
          }),
        ),
    );
};
