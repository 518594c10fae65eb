import type { EndpointSlices } from "../../kubernetes/endpoint-slices-of.ts";
import type { Service } from "../../kubernetes/service.ts";
import type { AdvertisedService } from "./service-routes.ts";

/** The Services with their ready endpoints. confd reads Endpoints objects, which say the same as the slices. */
export function advertisedServices(
  services: ReadonlyMap<string, Service>,
  slices: EndpointSlices,
): readonly AdvertisedService[] {
  return [...services].map(([key, service]) => ({
    type: service.type,
    clusterIP: service.headless ? null : (service.clusterIPs[0] ?? null),
    externalTrafficPolicy: service.externalTrafficPolicy,
    externalIPs: service.externalIPs,
    loadBalancerIP: service.loadBalancerIP,
    ingressIPs: service.loadBalancerIngress,
    endpoints:
      slices
        .get(key)
        ?.flatMap(({ endpoints }) => endpoints)
        .filter(({ ready }) => ready)
        .flatMap(({ addresses, nodeName }) => addresses.map((address) => ({ address, nodeName }))) ?? null,
  }));
}
