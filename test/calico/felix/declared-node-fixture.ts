import type { DeclaredNode } from "../../../src/calico/declared-node.ts";
import { NO_ORIGIN } from "../../../src/model/origin.ts";

/** A node of which nothing is declared but its name, and what is given. */
export function declaredNode(name: string, fields: Partial<DeclaredNode> = {}): DeclaredNode {
  return {
    name,
    labels: new Map(),
    interfaces: [],
    routes: [],
    sysctls: new Map(),
    firewall: [],
    nftBaseChains: [],
    sockets: [],
    bgpIPv4: null,
    bgpIPv6: null,
    asNumber: null,
    podCIDRs: [],
    origin: NO_ORIGIN,
    ...fields,
  };
}
