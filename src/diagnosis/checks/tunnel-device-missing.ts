import { formatPrefix } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** A node with pods and without the device through which a pool's packets go to other nodes. */
export const tunnelDeviceMissing: Check = ({ network, cluster }) =>
  [...network.hosts.values()].flatMap((host) => {
    const devices = [...host.interfaces.values()];
    const pod = devices.find(({ name, kind }) => name.startsWith("cali") && kind === "veth");
    if (host.kind !== "node" || pod === undefined || host.knowledge.get("interfaces") !== undefined) return [];
    return [...cluster.ipPools.values()].flatMap(({ cidr, vxlanMode, ipipMode, disabled, nodeSelector, metadata }) => {
      if (disabled === true || nodeSelector !== "all()" || cidr.address.family !== 4) return [];
      const wanted = isOn(vxlanMode) ? "vxlan" : isOn(ipipMode) ? "ipip" : null;
      if (wanted === null || devices.some(({ kind }) => kind === wanted)) return [];
      const name = wanted === "vxlan" ? "vxlan.calico" : "tunl0";
      return [
        {
          severity: "warning" as const,
          message: `${host.name} has no ${name}, and the IP pool ${metadata.name} (${formatPrefix(cidr)}) uses ${wanted === "vxlan" ? "VXLAN" : "IPIP"}`,
          at: pod.origin,
          beside: metadata.origin,
        },
      ];
    });
  });

function isOn(mode: "Never" | "Always" | "CrossSubnet" | null): boolean {
  return mode === "Always" || mode === "CrossSubnet";
}
