import type { Finding } from "../../model/finding.ts";
import {
  type Interface,
  type InterfaceAddress,
  interfaceAddress,
  networkInterface,
  vxlanDevice,
} from "../../model/interface.ts";
import type { FdbEntry, Neighbour } from "../../model/neighbour.ts";
import { NO_ORIGIN } from "../../model/origin.ts";
import { type Address, type Family, formatAddress, ipv6 } from "../../net/address.ts";
import { addressBits } from "../../net/prefix.ts";
import type { DeclaredNode } from "../declared-node.ts";
import { vtepMac } from "../vtep-mac.ts";
import { nodeAddress, parentDevice, type WiredNode } from "./wired-node.ts";
import type { WiringContext } from "./wiring-context.ts";

export const VXLAN_DEVICE: Readonly<Record<Family, string>> = { 4: "vxlan.calico", 6: "vxlan-v6.calico" };
export const IPIP_DEVICE = "tunl0";

/** The tunnel address of a device, as Felix adds it. */
function tunnelAddress(address: Address): InterfaceAddress {
  return interfaceAddress({ address, prefixLength: addressBits(address.family) });
}

/** The address that the kernel makes of a MAC address when a device comes up (RFC 4291, appendix A). */
function linkLocal(mac: string): InterfaceAddress {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(":").map((octet) => Number.parseInt(octet, 16));
  const address = ipv6(
    0xfe800000,
    0,
    (((a ^ 2) << 24) | (b << 16) | (c << 8) | 0xff) >>> 0,
    (0xfe000000 | (d << 16) | (e << 8) | f) >>> 0,
  );
  return interfaceAddress({ address, prefixLength: 64, scope: "link" });
}

/**
 * tunl0, which the kernel's module makes and Felix sets up. Without a tunnel address it has none, and packets of the node
 * itself go through it with whatever source the routes give.
 */
export function ipipDevice({ node, context, settings, mtu }: WiredNode, index: number): Interface | null {
  if (!settings.ipipEnabled) return null;
  const { ipip } = context.tunnels(node.name);
  return networkInterface({
    name: IPIP_DEVICE,
    index,
    kind: "ipip",
    mtu: mtu.ipip,
    noArp: true,
    ipip: { local: null, remote: null },
    addresses: ipip === null ? [] : [tunnelAddress(ipip)],
    origin: NO_ORIGIN,
  });
}

function vxlanAddress(context: WiringContext, node: string, family: Family): Address | null {
  const tunnels = context.tunnels(node);
  return family === 4 ? tunnels.vxlan4 : tunnels.vxlan6;
}

/** The hardware address that the node's resource gives, else the one that is made of its name. */
function macOf(context: WiringContext, node: string, family: Family): string {
  const annotation = family === 4 ? "projectcalico.org/VXLANTunnelMACAddr" : "projectcalico.org/VXLANTunnelMACAddrV6";
  const written = context.cluster.nodes.get(node)?.metadata.annotations.get(annotation);
  return written?.toLowerCase() || vtepMac(node, family);
}

/** A node as the end of a VXLAN tunnel; null where it has no address of the family or none for its tunnel. */
interface Vtep {
  readonly node: string;
  readonly tunnel: Address;
  readonly machine: Address;
  readonly mac: string;
}

function vtepOf(context: WiringContext, node: DeclaredNode, family: Family): Vtep | null {
  const tunnel = vxlanAddress(context, node.name, family);
  const machine = nodeAddress(node, family);
  return tunnel === null || machine === null
    ? null
    : { node: node.name, tunnel, machine, mac: macOf(context, node.name, family) };
}

/** Felix's VXLAN device of a family (felix/dataplane/linux/vxlan_mgr.go). */
export function vxlanInterface(
  { node, context, settings, mtu, hasIPv6 }: WiredNode,
  family: Family,
  index: number,
): { readonly device: Interface | null; readonly findings: readonly Finding[] } {
  const vtep = settings.vxlanEnabled[family] ? vtepOf(context, node, family) : null;
  if (vtep === null) return { device: null, findings: [] };
  const parent = parentDevice(node, family);
  if (parent === null) return { device: null, findings: [noParent(node.name, family, vtep.machine)] };
  return {
    device: networkInterface({
      name: VXLAN_DEVICE[family],
      index,
      kind: "vxlan",
      mac: vtep.mac,
      mtu: mtu.vxlan[family],
      addresses: [tunnelAddress(vtep.tunnel), ...(hasIPv6 ? [linkLocal(vtep.mac)] : [])],
      vxlan: vxlanDevice({
        vni: settings.vxlanVNI,
        port: settings.vxlanPort,
        local: vtep.machine,
        device: parent.name,
        learning: false,
      }),
      origin: NO_ORIGIN,
    }),
    findings: [],
  };
}

export function noParent(node: string, family: Family, address: Address): Finding {
  return {
    code: "vxlan-without-parent",
    severity: "warning",
    message: `${node} has no device with ${formatAddress(address)}: Felix cannot make ${VXLAN_DEVICE[family]}.`,
    advice: "Correct the node's address (projectcalico.org/IPv4Address, IP_AUTODETECTION_METHOD).",
  };
}

/** The entries of one VTEP, equal on all other nodes. */
export interface VtepEntries {
  readonly node: string;
  readonly tunnel: Address;
  readonly neighbour: Neighbour;
  readonly fdb: FdbEntry;
}

/** By node. */
export function vtepEntries(context: WiringContext, family: Family): ReadonlyMap<string, VtepEntries> {
  const entries = new Map<string, VtepEntries>();
  for (const node of context.nodes.values()) {
    const vtep = vtepOf(context, node, family);
    if (vtep === null) continue;
    const device = VXLAN_DEVICE[family];
    entries.set(node.name, {
      node: vtep.node,
      tunnel: vtep.tunnel,
      neighbour: {
        address: vtep.tunnel,
        interface: device,
        mac: vtep.mac,
        state: "PERMANENT",
        router: false,
        proxy: false,
        origin: node.origin,
      },
      fdb: {
        mac: vtep.mac,
        interface: device,
        destination: vtep.machine,
        vlan: null,
        master: null,
        permanent: true,
        origin: node.origin,
      },
    });
  }
  return entries;
}
