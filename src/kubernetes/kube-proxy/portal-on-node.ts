import type { UsableEndpoints } from "./categorise-endpoints.ts";
import type { SharedPortal } from "./kube-proxy-context.ts";
import type { PortalState } from "./portal-state.ts";

/** A service port as it is on a node. */
export interface PortalOnNode {
  readonly shared: SharedPortal;
  readonly usable: UsableEndpoints;
  readonly state: PortalState;
  /** The node's own address is one that `loadBalancerSourceRanges` permits. */
  readonly nodeIPInRanges: boolean;
}
