import { isRecord, ownValue } from "../kubernetes/field.ts";
import type { Cluster } from "./cluster.ts";

/** What the CNI plugin is told; null: not told, the installer's default counts. */
export interface CNIConfig {
  readonly ipam: "calico-ipam" | "host-local" | "other";
  readonly assignIPv4: boolean;
  readonly assignIPv6: boolean;
  /** `feature_control.ip_addrs_no_ipam`. */
  readonly allowsNoIpam: boolean;
  /** `feature_control.floating_ips`. */
  readonly allowsFloatingIPs: boolean;
  /** MTU of the pods' devices; null: found out from the machine's devices. */
  readonly mtu: number | null;
}

/** `"true"` and `true`, as the plugin takes both. */
function isTrue(value: unknown): boolean {
  return value === true || value === "true";
}

function isFalse(value: unknown): boolean {
  return value === false || value === "false";
}

/**
 * The configuration that the calico.yaml manifests install (ConfigMap calico-config), or what the operator makes of its
 * Installation: addresses of the families that its pools have. Where neither is declared, families of the pools count.
 */
export function cniConfig(cluster: Cluster): CNIConfig {
  const families = new Set([...cluster.ipPools.values()].map(({ cidr }) => cidr.address.family));
  const byPools = { assignIPv4: families.has(4) || families.size === 0, assignIPv6: families.has(6) };
  const installation = [...cluster.others.values()].find(
    ({ metadata }) => metadata.kind === "Installation" && metadata.apiVersion.startsWith("operator.tigera.io/"),
  );
  const data = ownValue(cluster.others.get("ConfigMap kube-system/calico-config")?.content, "data");
  const plugin = installation === undefined ? calicoPlugin(ownValue(data, "cni_network_config")) : null;
  const network = ownValue(ownValue(installation?.content, "spec"), "calicoNetwork");
  if (plugin === null) {
    const type = ownValue(ownValue(ownValue(ownValue(installation?.content, "spec"), "cni"), "ipam"), "type");
    return {
      ipam: type === "HostLocal" ? "host-local" : type === undefined || type === "Calico" ? "calico-ipam" : "other",
      ...byPools,
      allowsNoIpam: false,
      allowsFloatingIPs: false,
      mtu: mtuOf(ownValue(network, "mtu")),
    };
  }
  const ipam = ownValue(plugin, "ipam");
  const features = ownValue(plugin, "feature_control");
  const type = ownValue(ipam, "type");
  return {
    ipam: type === "calico-ipam" || type === "host-local" ? type : "other",
    assignIPv4: !isFalse(ownValue(ipam, "assign_ipv4")),
    assignIPv6: isTrue(ownValue(ipam, "assign_ipv6")),
    allowsNoIpam: isTrue(ownValue(features, "ip_addrs_no_ipam")),
    allowsFloatingIPs: isTrue(ownValue(features, "floating_ips")),
    mtu: mtuOf(ownValue(plugin, "mtu")) ?? mtuOf(ownValue(data, "veth_mtu")),
  };
}

/** 0 and absence: not told. */
function mtuOf(value: unknown): number | null {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : null;
}

/** The plugin of type `calico` in a network list with placeholders (`__CNI_MTU__`); null where none can be read. */
function calicoPlugin(written: unknown): unknown {
  if (typeof written !== "string") return null;
  let list: unknown;
  try {
    // placeholders for numbers stand without quotes
    list = JSON.parse(written.replace(/:\s*__[A-Z0-9_]+__/g, ": null"));
  } catch {
    return null;
  }
  const plugins = ownValue(list, "plugins");
  const candidates: readonly unknown[] = Array.isArray(plugins) ? plugins : [list];
  return candidates.find((plugin) => isRecord(plugin) && ownValue(plugin, "type") === "calico") ?? null;
}
