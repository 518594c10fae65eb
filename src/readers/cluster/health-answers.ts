import type { Cluster } from "../../calico/cluster.ts";
import type { EndpointSlices } from "../../kubernetes/endpoint-slices-of.ts";
import { describeResource } from "../../kubernetes/metadata.ts";
import type { Finding } from "../../model/finding.ts";
import type { OriginTable } from "../../model/origin.ts";
import { findingAt } from "../snapshot/finding-at.ts";

/** Nodes that are named one by one. */
const NAMED = 5;

/**
 * What kube-proxy answers a load balancer that asks the health check node port of a Service: 200 on nodes with a ready endpoint, 503 on
 * the others (pkg/proxy/healthcheck/service_health.go).
 */
export function healthAnswers(cluster: Cluster, slices: EndpointSlices, origins: OriginTable): readonly Finding[] {
  const nodes = [...cluster.nodes.keys()].sort();
  return [...cluster.services.values()].flatMap((service): readonly Finding[] => {
    const { metadata, type, externalTrafficPolicy, healthCheckNodePort } = service;
    if (type !== "LoadBalancer" || externalTrafficPolicy !== "Local" || healthCheckNodePort === 0) return [];
    const own = slices.get(`${metadata.namespace ?? "default"}/${metadata.name}`) ?? [];
    const healthy = new Set(
      own.flatMap(({ endpoints }) =>
        endpoints.flatMap(({ ready, nodeName }) => (ready && nodeName !== null ? [nodeName] : [])),
      ),
    );
    const answering = (wanted: boolean): string => {
      const names = nodes.filter((name) => healthy.has(name) === wanted);
      if (names.length === 0) return "no node";
      const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
      return `${names.slice(0, NAMED).join(", ")}${more}`;
    };
    const what = describeResource("Service", metadata.namespace, metadata.name);
    return [
      findingAt(origins, metadata.origin, {
        code: "health-check-answers",
        severity: "info",
        message: `${what}: the health check on port ${healthCheckNodePort} answers 200 on ${answering(true)}, 503 on ${answering(false)}. A load balancer sends to the former only.`,
      }),
    ];
  });
}
