import type { Cluster } from "../../calico/cluster.ts";
import type { Service } from "../../kubernetes/service.ts";
import { formatAddress } from "../../net/address.ts";
import { formatPrefix, type Prefix, prefixContains } from "../../net/prefix.ts";
import type { ClusterProblem } from "./cluster-problem.ts";

/**
 * Services with an address or a node port that the API server's ranges do not have. Such objects are kept: one that was stored before the
 * ranges were changed stays as it is.
 *
 * @param subnets the Services' networks; none where nobody told them
 */
export function serviceRangeProblems(cluster: Cluster, subnets: readonly Prefix[]): readonly ClusterProblem[] {
  return [...cluster.services.values()].flatMap((service) => [
    ...addressesOutside(service, subnets),
    ...nodePortsOutside(service, cluster),
  ]);
}

function addressesOutside({ metadata, clusterIPs }: Service, subnets: readonly Prefix[]): readonly ClusterProblem[] {
  if (subnets.length === 0) return [];
  return clusterIPs.flatMap((address): readonly ClusterProblem[] => {
    if (subnets.some((subnet) => prefixContains(subnet, address))) return [];
    return [
      {
        metadata,
        path: ["spec", "clusterIP"],
        code: "service-outside-range",
        severity: "error",
        message: `${formatAddress(address)} is not in ${subnets.map(formatPrefix).join(" or ")}, the Services' network; the API server would refuse it.`,
        advice: "Leave clusterIP out, or give an address of the network (kubeadm's networking.serviceSubnet).",
      },
    ];
  });
}

function nodePortsOutside(service: Service, cluster: Cluster): readonly ClusterProblem[] {
  const { first, last } = cluster.settings.nodePorts;
  const wanted = new Set([...service.ports.map(({ nodePort }) => nodePort), service.healthCheckNodePort]);
  return [...wanted].flatMap((port): readonly ClusterProblem[] => {
    if (port === 0 || (port >= first && port <= last)) return [];
    return [
      {
        metadata: service.metadata,
        path: pathOfNodePort(service, port),
        code: "service-outside-range",
        severity: "error",
        message: `node port ${port} is not from ${first} to ${last}; the API server would refuse it.`,
        advice:
          "Leave it out, or give one of the range. A range of your own is kube-apiserver's service-node-port-range: apiServer.extraArgs of kubeadm's ClusterConfiguration.",
      },
    ];
  });
}

/** Where a Service has a node port. */
export function pathOfNodePort({ ports }: Service, port: number): ClusterProblem["path"] {
  const at = ports.findIndex(({ nodePort }) => nodePort === port);
  return at < 0 ? ["spec", "healthCheckNodePort"] : ["spec", "ports", at, "nodePort"];
}
