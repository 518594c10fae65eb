import type { UsableEndpoints } from "./categorise-endpoints.ts";
import type { ServicePortal } from "./service-portal.ts";

/** What a service port is on a node: which of its chains exist and which of its addresses are refused. */
export interface PortalState {
  readonly hasEndpoints: boolean;
  /** The cluster address leads to endpoints. */
  readonly hasInternal: boolean;
  /** Node ports and outside addresses lead to endpoints. */
  readonly hasExternal: boolean;
  /** Traffic to load balancer addresses passes source ranges first. */
  readonly usesFirewall: boolean;
  /** Equal texts are equal states. */
  readonly key: string;
}

/** `pkg/proxy/iptables/proxier.go` syncProxyRules, the part before rules are written. */
export function portalState(portal: ServicePortal, usable: UsableEndpoints): PortalState {
  const hasEndpoints = usable.any;
  const hasLocal = usable.local.length > 0;
  const hasInternal = hasEndpoints && (!portal.internalLocal || hasLocal);
  const hasExternal = hasEndpoints && (!portal.externalLocal || hasLocal);
  const usesFirewall = hasEndpoints && portal.loadBalancerVIPs.length > 0 && portal.sourceRanges.length > 0;
  const key = [hasEndpoints, hasInternal, hasExternal].map(Number).join("");
  return { hasEndpoints, hasInternal, hasExternal, usesFirewall, key };
}
