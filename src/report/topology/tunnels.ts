import type { Interface } from "../../model/interface.ts";
import type { Network } from "../../model/network.ts";
import type { TopologyEnd } from "./graph.ts";

/** Devices of several machines that send packets to each other inside of other packets. */
export interface Tunnel {
  readonly protocol: "vxlan" | "ipip" | "wireguard";
  /** `VXLAN 4096 port 4789`, `IPIP`. */
  readonly name: string;
  readonly ends: readonly TopologyEnd[];
}

/** Tunnel devices by what they can talk to: those of one VXLAN network and port, all of IPIP, all of WireGuard. */
export function tunnelsOf(network: Network): readonly Tunnel[] {
  const tunnels = new Map<string, { readonly protocol: Tunnel["protocol"]; readonly ends: TopologyEnd[] }>();
  for (const host of network.hosts.values()) {
    for (const device of host.interfaces.values()) {
      const tunnel = tunnelOf(device);
      if (tunnel === null) continue;
      const known = tunnels.get(tunnel.name) ?? { protocol: tunnel.protocol, ends: [] };
      known.ends.push({ host: host.name, interface: device.name });
      tunnels.set(tunnel.name, known);
    }
  }
  return [...tunnels].map(([name, { protocol, ends }]) => ({ protocol, name, ends }));
}

function tunnelOf({ kind, vxlan }: Interface): Pick<Tunnel, "protocol" | "name"> | null {
  switch (kind) {
    case "vxlan": {
      if (vxlan === null) return { protocol: kind, name: "VXLAN" };
      const network = vxlan.vni < 0 ? "external" : String(vxlan.vni);
      return { protocol: kind, name: `VXLAN ${network} port ${vxlan.port}` };
    }
    case "ipip":
      return { protocol: kind, name: "IPIP" };
    case "wireguard":
      return { protocol: kind, name: "WireGuard" };
    default:
      return null;
  }
}
