import type { Interface } from "../../model/interface.ts";
import type { Address, Family } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import type { AddressWithLength } from "../address-field.ts";
import type { KubernetesNode } from "../node.ts";

/** What kube-proxy needs to know of the node it runs on. */
export interface ProxiedNode {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly interfaces: readonly Interface[];
  readonly sysctls: ReadonlyMap<string, string>;
  readonly bgpIPv4: AddressWithLength | null;
  readonly bgpIPv6: AddressWithLength | null;
  readonly podCIDRs: readonly Prefix[];
}

/** The node's own addresses: of its Node object, else those that Calico uses. */
export function nodeAddresses(node: ProxiedNode, object: KubernetesNode | undefined): readonly Address[] {
  if (object !== undefined && object.internalIPs.length > 0) return object.internalIPs;
  return [node.bgpIPv4, node.bgpIPv6].flatMap((one) => (one === null ? [] : [one.address]));
}

/** All addresses of the node's devices, in order. */
export function deviceAddresses(node: ProxiedNode, family: Family): readonly Address[] {
  return node.interfaces.flatMap(({ addresses }) =>
    addresses.map(({ address }) => address).filter((address) => address.family === family),
  );
}
