import { addressesOfTwoNodes } from "../../analysis/addresses-of-two-nodes.ts";
import type { Check } from "./check.ts";

/**
 * Two nodes with one address on their own devices, tunnels included: clones of a machine, or two that share a name. Machines behind a NAT of
 * their own each, as VirtualBox makes them, have it by design.
 */
export const nodeAddressTwice: Check = ({ network }) =>
  addressesOfTwoNodes(network).map(({ address, host, device, origin, first }) => ({
    severity: "warning" as const,
    message: `${device} of ${host} has ${address}, which ${first.host} has too`,
    at: origin,
    beside: first.origin,
  }));
