import type { Interface } from "../../model/interface.ts";
import { type Address, type Family, sameAddress } from "../../net/address.ts";
import type { DeclaredNode } from "../declared-node.ts";
import { type NodeMTU, nodeMTU } from "./mtu.ts";
import type { WiringContext } from "./wiring-context.ts";
import type { WiringSettings } from "./wiring-settings.ts";

/** A node while it is wired: itself, its settings, and what follows from both. */
export interface WiredNode {
  readonly node: DeclaredNode;
  readonly context: WiringContext;
  readonly settings: WiringSettings;
  readonly mtu: NodeMTU;
  /** The kernel has IPv6 there: a device gets a link-local address when it comes up. */
  readonly hasIPv6: boolean;
}

export function wiredNode(node: DeclaredNode, context: WiringContext): WiredNode {
  const settings = context.settingsOf(node.name);
  const disabled = node.sysctls.get("net.ipv6.conf.all.disable_ipv6") === "1";
  const addresses = node.interfaces.flatMap((device) => device.addresses);
  return {
    node,
    context,
    settings,
    mtu: nodeMTU(node.interfaces, settings),
    hasIPv6: !disabled && addresses.some(({ address }) => address.family === 6),
  };
}

/** The address by which other nodes know this one. */
export function nodeAddress(node: DeclaredNode, family: Family): Address | null {
  return (family === 4 ? node.bgpIPv4 : node.bgpIPv6)?.address ?? null;
}

/** The device that has the node's address; null where none has: then Felix cannot make its VXLAN device. */
export function parentDevice(node: DeclaredNode, family: Family): Interface | null {
  const own = nodeAddress(node, family);
  if (own === null) return null;
  return node.interfaces.find(({ addresses }) => addresses.some(({ address }) => sameAddress(address, own))) ?? null;
}
