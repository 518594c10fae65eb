import type { Cluster } from "../../calico/cluster.ts";
import { hasEndpoint } from "../../calico/labelled-class.ts";
import { workloadInterfaceName } from "../../calico/workload-interface-name.ts";
import { describeResource } from "../../kubernetes/metadata.ts";
import type { Pod } from "../../kubernetes/pod.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import type { OriginTable } from "../../model/origin.ts";
import type { Route } from "../../model/route.ts";
import { formatAddress } from "../../net/address.ts";
import { addressBits } from "../../net/prefix.ts";
import { findingAt } from "../../readers/snapshot/finding-at.ts";

/** Routes to pods that are missing on the pods' node, and those that lead to no pod of it. */
export function routeDrift(
  host: Host,
  pods: readonly Pod[],
  cluster: Cluster,
  origins: OriginTable,
): readonly Finding[] {
  const findings: Finding[] = [];
  const routes = new Map<string, Route>();
  for (const route of host.routes) {
    const { address, length } = route.destination;
    if (deviceOf(route).startsWith("cali") && length === addressBits(address.family)) {
      routes.set(formatAddress(address), route);
    }
  }
  const devices = declaredDevices(cluster);
  const wanted = new Set<string>();
  for (const pod of pods.filter(hasEndpoint)) {
    const { namespace, name, origin } = pod.metadata;
    const key = `${namespace ?? "default"}/${name}`;
    for (const address of pod.podIPs) {
      const text = formatAddress(address);
      wanted.add(text);
      const known = host.knowledge.get(address.family === 4 ? "routes" : "routes6") ?? "known";
      if (known === "unknown" || known === "assumed" || routes.has(text)) continue;
      const device = devices.get(key) ?? workloadInterfaceName(namespace ?? "default", name);
      findings.push(
        findingAt(origins, origin, {
          code: "workload-route-missing",
          severity: "warning",
          message: `${host.name} has no route to ${text} of ${describeResource("Pod", namespace, name)}; Felix ought to have one over ${device}.`,
          advice: "Look at the log of Felix on the node; the dump may be older than the pod.",
        }),
      );
    }
  }
  for (const [text, route] of routes) {
    if (wanted.has(text)) continue;
    findings.push(
      findingAt(origins, route.origin, {
        code: "workload-route-left-over",
        severity: "info",
        message: `${host.name} has a route to ${text} over ${deviceOf(route)}, and no pod of the node has that address.`,
        advice: "The pod is gone and its route was left, or the pod was not collected.",
      }),
    );
  }
  return findings;
}

function deviceOf({ nextHops }: Route): string {
  return nextHops[0]?.interface ?? "";
}

/** The devices that WorkloadEndpoints name, by `namespace/pod`. */
function declaredDevices(cluster: Cluster): ReadonlyMap<string, string> {
  const devices = new Map<string, string>();
  for (const { metadata, pod, interfaceName } of cluster.workloadEndpoints.values()) {
    if (pod !== null && interfaceName !== "") devices.set(`${metadata.namespace ?? "default"}/${pod}`, interfaceName);
  }
  return devices;
}
