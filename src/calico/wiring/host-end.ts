import type { Cluster } from "../cluster.ts";
import type { WorkloadEndpoint } from "../workload-endpoint.ts";
import { workloadInterfaceName } from "../workload-interface-name.ts";

/**
 * The name that the pod's WorkloadEndpoint gives, else Calico's hash.
 *
 * @param key `namespace/pod`
 */
export function hostEndName(key: string, endpoint: WorkloadEndpoint | undefined): string {
  if (endpoint?.interfaceName) return endpoint.interfaceName;
  const known = recent.get(key);
  if (known !== undefined) return known;
  const [namespace = "", pod = ""] = key.split("/");
  const name = workloadInterfaceName(namespace, pod);
  if (recent.size >= MOST) recent.clear();
  recent.set(key, name);
  return name;
}

/** Devices, links and chains of a node each ask for the names of its pods. */
const recent = new Map<string, string>();
const MOST = 4096;

/** The WorkloadEndpoint of a pod's first device, by `namespace/pod`. */
export function endpointsOf(cluster: Cluster): ReadonlyMap<string, WorkloadEndpoint> {
  const endpoints = new Map<string, WorkloadEndpoint>();
  for (const endpoint of cluster.workloadEndpoints.values()) {
    if (endpoint.pod === null) continue;
    const key = `${endpoint.metadata.namespace ?? "default"}/${endpoint.pod}`;
    if (endpoint.endpoint === "eth0" || !endpoints.has(key)) endpoints.set(key, endpoint);
  }
  return endpoints;
}
