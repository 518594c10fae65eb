import { type Interface, interfaceAddress, networkInterface } from "../../model/interface.ts";
import type { Route } from "../../model/route.ts";
import { type Address, ipv6, parseAddress } from "../../net/address.ts";
import { hostPrefix } from "../../net/prefix.ts";
import { deviceKey } from "./device-sysctls.ts";
import { hostEndName } from "./host-end.ts";
import { routeVia } from "./kernel-route.ts";
import type { WiredNode } from "./wired-node.ts";
import type { WiredPod } from "./wiring-context.ts";

/** The hardware address of the host's end of every veth pair (cni-plugin/pkg/dataplane/linux). */
export const HOST_END_MAC = "ee:ee:ee:ee:ee:ee";

/** fe80::ecee:eeff:feee:eeee, the link-local address that the kernel makes of it. */
export const HOST_END_LINK_LOCAL = ipv6(0xfe800000, 0, 0xeceeeeff, 0xfeeeeeee);

/** The host's end of a pod's veth pair, with the pod. */
export interface WorkloadDevice {
  readonly wired: WiredPod;
  readonly device: Interface;
}

/** One device for each pod of the node, in order of their names; `firstIndex` is the first free ifindex. */
export function workloadDevices(wired: WiredNode, firstIndex: number): readonly WorkloadDevice[] {
  const { node, context, mtu, hasIPv6 } = wired;
  return (context.podsOf.get(node.name) ?? []).map((pod, position) => {
    const hasLinkLocal = hasIPv6 || pod.addresses.some(({ family }) => family === 6);
    const device = networkInterface({
      name: hostEndName(pod.key, context.endpoints.get(pod.key)),
      index: firstIndex + position,
      kind: "veth",
      mac: HOST_END_MAC,
      mtu: mtu.pod,
      peerIndex: POD_DEVICE_INDEX,
      addresses: hasLinkLocal
        ? [interfaceAddress({ address: HOST_END_LINK_LOCAL, prefixLength: 64, scope: "link" })]
        : [],
      origin: pod.pod.metadata.origin,
    });
    return { wired: pod, device };
  });
}

/** ifindex of eth0 in a pod: behind lo. */
export const POD_DEVICE_INDEX = 2;

/** Routes to the pods of the node (felix/dataplane/linux/endpoint_mgr.go). */
export function workloadRoutes(wired: WiredNode, devices: readonly WorkloadDevice[]): readonly Route[] {
  const { settings } = wired;
  if (settings.routeSyncDisabled) return [];
  return devices.flatMap(({ wired: { pod, addresses }, device }) =>
    [...addresses, ...(settings.floatingIPs ? floatingIPs(pod.metadata.annotations) : [])].map((address) =>
      routeVia(hostPrefix(address), device.name, null, {
        protocol: settings.deviceRouteProtocol,
        scope: address.family === 4 ? "link" : "global",
        metric: settings.routePriority[address.family],
        origin: pod.metadata.origin,
      }),
    ),
  );
}

/** Annotation cni.projectcalico.org/floatingIPs: a JSON list. */
function floatingIPs(annotations: ReadonlyMap<string, string>): readonly Address[] {
  let list: unknown;
  try {
    list = JSON.parse(annotations.get("cni.projectcalico.org/floatingIPs") ?? "[]");
  } catch {
    return [];
  }
  return Array.isArray(list) ? list.flatMap((one) => (typeof one === "string" ? (parseAddress(one) ?? []) : [])) : [];
}

/** What the CNI plugin and Felix set for the devices of pods (configureSysctls; endpoint_mgr.go, configureInterface). */
export function workloadSysctls(
  wired: WiredNode,
  devices: readonly WorkloadDevice[],
): readonly (readonly [string, string])[] {
  const { node, settings } = wired;
  const filter = node.sysctls.get("net.ipv4.conf.default.rp_filter") ?? null;
  return devices.flatMap(({ wired: { pod, addresses }, device: { name } }) => {
    const isSpoofing = settings.spoofing && pod.metadata.annotations.has("cni.projectcalico.org/allowedSourcePrefixes");
    const hasIPv6 = settings.ipv6 || addresses.some(({ family }) => family === 6);
    const sysctls: (readonly [string, string])[] = [
      [deviceKey(4, name, "route_localnet"), "1"],
      [deviceKey(4, name, "proxy_arp"), "1"],
      [deviceKey(4, name, "proxy_delay", "neigh"), "0"],
      [deviceKey(4, name, "forwarding"), "1"],
      [deviceKey(6, name, "accept_ra"), "0"],
    ];
    // Felix writes that of `default`, which a new device has anyway
    if (isSpoofing) sysctls.push([deviceKey(4, name, "rp_filter"), "0"]);
    else if (filter !== null) sysctls.push([deviceKey(4, name, "rp_filter"), filter]);
    if (hasIPv6) {
      sysctls.push(
        [deviceKey(6, name, "disable_ipv6"), "0"],
        [deviceKey(6, name, "proxy_ndp"), "1"],
        [deviceKey(6, name, "forwarding"), "1"],
      );
    }
    return sysctls;
  });
}
