import { policyKey } from "../../calico/felix/endpoint-tiers.ts";
import type { FelixContext } from "../../calico/felix/felix-context.ts";
import { policyChainName, profileChainName } from "../../calico/felix/policy-chain-names.ts";
import { hasEndpoint } from "../../calico/labelled-class.ts";
import { hostEndName } from "../../calico/wiring/host-end.ts";
import { serviceChainName } from "../../kubernetes/kube-proxy/chain-names.ts";
import type { KubeProxyContext } from "../../kubernetes/kube-proxy/kube-proxy-context.ts";
import { NO_ORIGIN, type Origin } from "../../model/origin.ts";

/** The resource that each chain of Felix and kube-proxy stands for, by the chain's name. */
export function chainCauses(felix: FelixContext, proxy: KubeProxyContext): ReadonlyMap<string, Origin> {
  const causes = new Map<string, Origin>();
  const add = (name: string, origin: Origin): void => {
    if (origin !== NO_ORIGIN) causes.set(name, origin);
  };
  for (const direction of ["ingress", "egress"] as const) {
    for (const policy of felix.declared.policies) {
      add(policyChainName(direction, policyKey(policy, felix.band), felix.band), policy.origin);
    }
    for (const profile of felix.declared.profiles.values()) {
      add(profileChainName(direction, profile.name), profile.origin);
    }
  }
  for (const [key, pod] of felix.cluster.pods) {
    if (!hasEndpoint(pod)) continue;
    const device = hostEndName(key, felix.workloadEndpoints.get(key));
    for (const prefix of ["cali-tw-", "cali-fw-"]) add(prefix + device, pod.metadata.origin);
  }
  for (const { portal } of [...proxy.ipv4.portals, ...proxy.ipv6.portals]) {
    for (const kind of ["SVC", "SVL", "EXT", "FW"] as const) {
      add(serviceChainName(kind, portal.name, portal.protocol), portal.service.metadata.origin);
    }
    for (const { chain } of portal.endpoints) add(chain, portal.service.metadata.origin);
  }
  return causes;
}
