import type { Cluster } from "./cluster.ts";
import type { ServiceEndpoint } from "./verdict/rule-matches.ts";

/** Looks up the endpoints of a Service by `namespace/name`. */
export type ServiceEndpoints = (name: string) => readonly ServiceEndpoint[];

/**
 * The endpoints of Services as rules that name it see them: all addresses of its EndpointSlices, ready
 * or not, with every port that has a number (felix/serviceindex).
 */
export function serviceEndpoints(cluster: Cluster): ServiceEndpoints {
  const byService = new Map<string, ServiceEndpoint[]>();
  for (const [key, slice] of cluster.endpointSlices) {
    if (slice.service === null) continue;
    const name = `${key.slice(0, key.indexOf("/"))}/${slice.service}`;
    const found = byService.get(name) ?? [];
    byService.set(name, found);
    const ports = slice.ports.flatMap(({ protocol, port }) => (port === null ? [] : [{ protocol, port }]));
    for (const { addresses } of slice.endpoints) {
      for (const address of addresses) found.push({ address, ports });
    }
  }
  return (name) => byService.get(name) ?? [];
}
