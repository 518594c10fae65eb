import { ownValue } from "../../kubernetes/field.ts";
import type { Family } from "../../net/address.ts";
import { FELIX_ENVIRONMENT } from "../calico-node-environment.ts";
import { isCalicoSince } from "../calico-version.ts";
import type { Cluster } from "../cluster.ts";
import { cniConfig } from "../cni-config.ts";
import type { ClusterVersions } from "../declared-node.ts";
import type { IPPool } from "../ip-pool.ts";
import { type WireguardSettings, wireguardSettings } from "./wireguard-settings.ts";

/** Who programs the routes to other nodes' blocks. VXLAN's are always Felix's. */
export interface RouteOwners {
  readonly ipip: "felix" | "bird" | "nobody";
  readonly noEncap: "felix" | "bird" | "nobody";
}

/** What decides the wiring of a node: FelixConfiguration, BGPConfiguration and how Calico was installed. */
export interface WiringSettings {
  readonly ipipEnabled: boolean;
  readonly vxlanEnabled: Readonly<Record<Family, boolean>>;
  /** Felix sets sysctls and routes for pods' IPv6. */
  readonly ipv6: boolean;
  /** Of the tunnels' devices; null: from the machine's devices. */
  readonly ipipMTU: number | null;
  readonly vxlanMTU: Readonly<Record<Family, number | null>>;
  readonly wireguard: WireguardSettings;
  /** Of the pods' devices; null: the smallest of the tunnels'. */
  readonly podMTU: number | null;
  readonly mtuInterfacePattern: RegExp;
  readonly vxlanVNI: number;
  readonly vxlanPort: number;
  /** Protocol of Felix's routes on devices of its own: `boot` unless configured. */
  readonly deviceRouteProtocol: string;
  /** Protocol of its other routes: 80 unless configured. */
  readonly routeProtocol: string;
  /** Metric of routes to pods: none before v3.32. */
  readonly routePriority: Readonly<Record<Family, number>>;
  /** Whether routes on vxlan.calico carry the device's MTU (since v3.31). */
  readonly vxlanRoutesHaveMTU: boolean;
  readonly ipForwarding: boolean;
  readonly routeSyncDisabled: boolean;
  readonly floatingIPs: boolean;
  readonly spoofing: boolean;
  readonly owners: RouteOwners;
  readonly bird: boolean;
  readonly calico: string;
}

/** Devices that may carry pods' packets out of the machine (felix/config, MTUIfacePattern). */
const MTU_INTERFACES = "^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)";

/** Felix's own number among the protocols of routes (felix/dataplane/linux/dataplanedefs). */
const FELIX_PROTOCOL = 80;
const BOOT = 3;

/** The settings of one node: those of `default`, with those of `node.NAME` and of the environment on top. */
export function wiringSettings(cluster: Cluster, node: string, versions: ClusterVersions): WiringSettings {
  const felix = (key: string): unknown =>
    felixField(cluster, FELIX_ENVIRONMENT, key) ??
    felixField(cluster, `node.${node}`, key) ??
    felixField(cluster, "default", key);
  const number = (key: string): number | null => {
    const value = felix(key);
    return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : null;
  };
  const flag = (key: string): boolean | null => {
    const value = felix(key);
    return typeof value === "boolean" ? value : null;
  };
  const pools = [...cluster.ipPools.values()];
  const has = (family: Family, mode: "ipipMode" | "vxlanMode"): boolean =>
    pools.some((pool) => pool.cidr.address.family === family && (pool[mode] ?? "Never") !== "Never");
  const protocol = number("deviceRouteProtocol") ?? BOOT;
  const since = (minor: number): boolean => isCalicoSince(versions.calico, minor);
  const bird = runsBird(cluster);
  return {
    ipipEnabled: flag("ipipEnabled") ?? has(4, "ipipMode"),
    vxlanEnabled: { 4: flag("vxlanEnabled") ?? has(4, "vxlanMode"), 6: has(6, "vxlanMode") },
    // the manifests and the operator turn it off unless there are pools of IPv6
    ipv6: flag("ipv6Support") ?? pools.some(({ cidr }) => cidr.address.family === 6),
    ipipMTU: number("ipipMTU"),
    vxlanMTU: { 4: number("vxlanMTU"), 6: number("vxlanMTUV6") },
    wireguard: wireguardSettings(felix, since(30)),
    podMTU: cniConfig(cluster).mtu,
    mtuInterfacePattern: pattern(felix("mtuIfacePattern")),
    vxlanVNI: number("vxlanVNI") ?? 4096,
    vxlanPort: number("vxlanPort") ?? 4789,
    deviceRouteProtocol: protocolName(protocol),
    routeProtocol: protocolName(protocol === BOOT ? FELIX_PROTOCOL : protocol),
    routePriority: {
      4: since(32) ? (number("ipv4NormalRoutePriority") ?? 1024) : 0,
      6: since(32) ? (number("ipv6NormalRoutePriority") ?? 1024) : 1024,
    },
    vxlanRoutesHaveMTU: since(31),
    ipForwarding: felix("ipForwarding") !== "Disabled",
    routeSyncDisabled: flag("routeSyncDisabled") ?? false,
    floatingIPs: felix("floatingIPs") === "Enabled",
    spoofing: felix("workloadSourceSpoofing") === "Any",
    owners: routeOwners(cluster, felix("programClusterRoutes"), versions.calico, bird),
    bird,
    calico: versions.calico,
  };
}

function felixField(cluster: Cluster, name: string, key: string): unknown {
  return cluster.policy.felixConfigurations.get(name)?.spec.get(key);
}

function pattern(written: unknown): RegExp {
  try {
    return new RegExp(typeof written === "string" && written !== "" ? written : MTU_INTERFACES);
  } catch {
    return new RegExp(MTU_INTERFACES);
  }
}

/** Names of rt_protos that `ip` prints; a number for others. */
function protocolName(protocol: number): string {
  return protocol === BOOT ? "boot" : protocol === 4 ? "static" : protocol === 12 ? "bird" : String(protocol);
}

/** False where only VXLAN is installed (CALICO_NETWORKING_BACKEND, `calico_backend`), or the operator is told `bgp: Disabled`. */
export function runsBird(cluster: Cluster): boolean {
  for (const { metadata, content } of cluster.others.values()) {
    if (metadata.kind !== "Installation") continue;
    return ownValue(ownValue(ownValue(content, "spec"), "calicoNetwork"), "bgp") !== "Disabled";
  }
  const backend =
    cluster.environment?.values.get("CALICO_NETWORKING_BACKEND") ??
    ownValue(ownValue(cluster.others.get("ConfigMap kube-system/calico-config")?.content, "data"), "calico_backend");
  return backend !== "vxlan" && backend !== "none";
}

/** By version and by `programClusterRoutes` of both configurations (felix, confd's kernel filter). */
function routeOwners(cluster: Cluster, felixWord: unknown, calico: string, bird: boolean): RouteOwners {
  const since = (minor: number): boolean => isCalicoSince(calico, minor);
  const enabled = (word: unknown, which: "IPIP" | "NoEncap"): boolean =>
    word === "Enabled" || word === `Enabled${which}Only`;
  const felix = since(31) ? (felixWord ?? (since(33) ? "EnabledIPIPOnly" : "Disabled")) : "Disabled";
  const told = cluster.bgpConfigurations.get("default")?.programClusterRoutes ?? null;
  const of = (which: "IPIP" | "NoEncap"): "felix" | "bird" | "nobody" => {
    const byBird = since(32) ? enabled(told ?? (since(33) ? "EnabledNoEncapOnly" : "Enabled"), which) : true;
    if (enabled(felix, which)) return "felix";
    return bird && byBird ? "bird" : "nobody";
  };
  return { ipip: of("IPIP"), noEncap: of("NoEncap") };
}

/** How packets for the pool's addresses travel between nodes; VXLAN goes first, as in the API only one can be set. */
export function encapsulationOf(pool: IPPool): "vxlan" | "ipip" | "none" {
  if ((pool.vxlanMode ?? "Never") !== "Never") return "vxlan";
  return (pool.ipipMode ?? "Never") === "Never" ? "none" : "ipip";
}

/** True where packets between nodes of one subnet go without a tunnel. */
export function isCrossSubnet(pool: IPPool): boolean {
  return pool.vxlanMode === "CrossSubnet" || pool.ipipMode === "CrossSubnet";
}
