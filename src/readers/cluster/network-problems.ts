import type { Cluster } from "../../calico/cluster.ts";
import type { DeclaredNode } from "../../calico/declared-node.ts";
import type { IPPool } from "../../calico/ip-pool.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import { formatPrefix, type Prefix, prefixContains } from "../../net/prefix.ts";
import type { ClusterProblem } from "./cluster-problem.ts";
import { pathOfNodePort } from "./service-range-problems.ts";

/** Networks of a cluster that get in each other's way, and addresses that two objects have. */
export function networkProblems(cluster: Cluster, nodes: readonly DeclaredNode[]): readonly ClusterProblem[] {
  return [
    ...poolProblems(cluster, nodes),
    ...sameClusterIPs(cluster),
    ...samePodIPs(cluster),
    ...sameNodePorts(cluster),
  ];
}

function overlap(x: Prefix, y: Prefix): boolean {
  if (x.address.family !== y.address.family) return false;
  return prefixContains(x, y.address) || prefixContains(y, x.address);
}

function within(inner: Prefix, outer: Prefix): boolean {
  return (
    inner.address.family === outer.address.family &&
    inner.length >= outer.length &&
    prefixContains(outer, inner.address)
  );
}

function poolProblems(cluster: Cluster, nodes: readonly DeclaredNode[]): readonly ClusterProblem[] {
  const problems: ClusterProblem[] = [];
  const pools = [...cluster.ipPools.values()];
  const { podSubnets, serviceSubnets } = cluster.settings;
  const add = (pool: IPPool, problem: Omit<ClusterProblem, "metadata" | "path">): void => {
    problems.push({
      metadata: pool.metadata,
      path: pool.metadata.kind === "IPPool" ? ["spec", "cidr"] : [],
      ...problem,
    });
  };
  for (const [i, pool] of pools.entries()) {
    const cidr = formatPrefix(pool.cidr);
    const other = pools.slice(0, i).find((earlier) => overlap(earlier.cidr, pool.cidr));
    if (other !== undefined) {
      add(pool, {
        code: "conflicting-objects",
        severity: "error",
        message: `${cidr} overlaps ${formatPrefix(other.cidr)} of pool ${other.metadata.name}; the API server would refuse one of them.`,
        advice: "Give each pool a CIDR of its own.",
      });
    }
    const ofFamily = podSubnets.filter(({ address }) => address.family === pool.cidr.address.family);
    if (ofFamily.length > 0 && !ofFamily.some((subnet) => within(pool.cidr, subnet))) {
      add(pool, {
        code: "pool-outside-pod-subnet",
        severity: "warning",
        message: `${cidr} is not inside ${ofFamily.map(formatPrefix).join(" or ")}, which kubeadm was told (networking.podSubnet).`,
        advice:
          "kube-proxy takes the packets of such pods for traffic from outside and masquerades them. Make one contain the other.",
      });
    }
    const services = serviceSubnets.find((subnet) => overlap(subnet, pool.cidr));
    if (services !== undefined) {
      add(pool, {
        code: "overlapping-networks",
        severity: "error",
        message: `${cidr} overlaps the Services' network ${formatPrefix(services)}.`,
        advice: "Take another CIDR for one of them.",
      });
    }
    const node = nodes.find(({ interfaces }) =>
      interfaces.some(({ addresses }) => addresses.some(({ address }) => prefixContains(pool.cidr, address))),
    );
    if (node !== undefined) {
      add(pool, {
        code: "overlapping-networks",
        severity: "error",
        message: `${cidr} holds an address of node ${node.name}.`,
        advice: "Pods and nodes need networks of their own: take another CIDR for the pool.",
      });
    }
  }
  return problems;
}

/** The first owner of each key, and what to say of the others. */
function twice<T>(
  items: Iterable<T>,
  keysOf: (item: T) => readonly string[],
  say: (item: T, first: T, key: string) => ClusterProblem,
): readonly ClusterProblem[] {
  const owners = new Map<string, T>();
  const problems: ClusterProblem[] = [];
  for (const item of items) {
    for (const key of keysOf(item)) {
      const first = owners.get(key);
      if (first === undefined) owners.set(key, item);
      else if (first !== item) problems.push(say(item, first, key));
    }
  }
  return problems;
}

const texts = (addresses: readonly Address[]): readonly string[] => addresses.map(formatAddress);

function sameClusterIPs(cluster: Cluster): readonly ClusterProblem[] {
  return twice(
    cluster.services.values(),
    ({ clusterIPs }) => texts(clusterIPs),
    ({ metadata }, first, address) => ({
      metadata,
      path: ["spec", "clusterIP"],
      code: "conflicting-objects",
      severity: "error",
      message: `${address} is the cluster IP of Service ${first.metadata.namespace ?? "default"}/${first.metadata.name}; the API server would refuse one of them.`,
      advice: "Leave clusterIP out, or give another one.",
    }),
  );
}

function samePodIPs(cluster: Cluster): readonly ClusterProblem[] {
  const running = [...cluster.pods.values()].filter(
    ({ hostNetwork, phase }) => hostNetwork !== true && phase !== "Succeeded" && phase !== "Failed",
  );
  return twice(
    running,
    ({ podIPs }) => texts(podIPs),
    ({ metadata }, first, address) => ({
      metadata,
      path: ["status", "podIP"],
      code: "duplicate-address",
      severity: "error",
      message: `${address} is the address of Pod ${first.metadata.namespace ?? "default"}/${first.metadata.name} too.`,
      advice: "Remove the older of the two.",
    }),
  );
}

/** A number of a node is given to one Service, whatever the protocol (pkg/registry/core/service/storage/alloc.go). */
function sameNodePorts(cluster: Cluster): readonly ClusterProblem[] {
  return twice(
    cluster.services.values(),
    ({ ports, healthCheckNodePort }) =>
      [...ports.map(({ nodePort }) => nodePort), healthCheckNodePort].filter((port) => port !== 0).map(String),
    (service, first, key) => ({
      metadata: service.metadata,
      path: pathOfNodePort(service, Number(key)),
      code: "conflicting-objects",
      severity: "error",
      message: `node port ${key} is taken by Service ${first.metadata.namespace ?? "default"}/${first.metadata.name}; the API server would refuse one of them.`,
      advice: "Leave nodePort out, or give another one.",
    }),
  );
}
