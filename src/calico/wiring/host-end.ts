import type { Cluster } from "../cluster.ts";
import type { WorkloadEndpoint } from "../workload-endpoint.ts";
import { workloadInterfaceName } from "../workload-interface-name.ts";

/** The name that the pod's WorkloadEndpoint gives, else Calico's hash. */
export function hostEndName(key: string, endpoint: WorkloadEndpoint | undefined): string {
  const [namespace = "", name = ""] = key.split("/");
  return endpoint?.interfaceName || workloadInterfaceName(namespace, name);
}

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
