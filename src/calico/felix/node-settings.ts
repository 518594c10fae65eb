import type { TunnelAddresses } from "../../kubernetes/tunnel-addresses.ts";
import { type Family, parseIPv4 } from "../../net/address.ts";
import { formatPrefix } from "../../net/prefix.ts";
import type { Cluster } from "../cluster.ts";
import type { IPPool } from "../ip-pool.ts";
import { dscpValue } from "./dscp-sources.ts";
import {
  DEFAULT_FAILSAFE_INBOUND,
  DEFAULT_FAILSAFE_OUTBOUND,
  type DscpSource,
  type FailsafePort,
  type FelixBand,
  type FelixSettings,
  type FloatingIP,
  isSince,
  type NatOutgoingSettings,
  type TunnelDevice,
} from "./felix-settings.ts";
import { allocateMarkBits } from "./mark-bits.ts";
import { type FelixParameters, felixParameters } from "./parameters.ts";

const DEFAULT_MARK_MASK = 0xffff0000;
const DSCP = /^(?:\d|[1-5]\d|6[0-3]|DF|EF|CS[0-7]|AF[1-4][1-3])$/i;
const INTERFACE = /^[a-zA-Z0-9:._+-]{1,15}$/;

function usesMode(pools: readonly IPPool[], family: Family, mode: "ipipMode" | "vxlanMode"): boolean {
  return pools.some((pool) => pool.cidr.address.family === family && (pool[mode] ?? "Never") !== "Never");
}

const ISTIO_DSCP = 23;

/** Whether Felix marks connections within an Istio mesh (FelixConfiguration.spec.istioAmbientMode). */
export function inAmbientMode(parameters: FelixParameters): boolean {
  return parameters.choice("istioAmbientMode", ["Disabled", "Enabled"], "Disabled") === "Enabled";
}

function istioDscp(parameters: FelixParameters): number {
  const written = parameters.text("istioDSCPMark", DSCP, "a number from 0 to 63, or the name of a DSCP value");
  return (written === null ? null : dscpValue(written)) ?? ISTIO_DSCP;
}

function natOutgoing(parameters: FelixParameters, pools: readonly IPPool[], family: Family): NatOutgoingSettings {
  const ports = parameters.text("natPortRange", /^\d{1,5}(?::\d{1,5})?$/, "a port or a range such as 32768:65535");
  const [low = 0, high = low] = (ports ?? "").split(":").map(Number);
  const address = parameters.text("natOutgoingAddress", /^[\da-fA-F.:]+$/, "an IPv4 address");
  return {
    enabled: pools.some((pool) => pool.cidr.address.family === family && pool.natOutgoing === true),
    address: address !== null && parseIPv4(address) !== null ? address : null,
    portRange: ports === null || high === 0 ? null : { low, high },
    interfaceFilter: parameters.text("iptablesNATOutgoingInterfaceFilter", INTERFACE, "the name of an interface"),
    exclusions: parameters.choice("natOutgoingExclusions", ["IPPoolsOnly", "IPPoolsAndHostIPs"], "IPPoolsOnly"),
  };
}

/** What Felix knows of a node beside its configuration. */
export interface NodeFacts {
  readonly tunnels: TunnelAddresses | undefined;
  readonly floatingIPs: readonly FloatingIP[];
  readonly dscp: readonly DscpSource[];
}

function tunnelDevices(
  family: Family,
  enabled: { readonly ipip: boolean; readonly vxlan: boolean; readonly wireguard: boolean },
  tunnels: TunnelAddresses | undefined,
  names: Readonly<Record<Family, string>>,
): readonly TunnelDevice[] {
  const device = (name: string, address: TunnelAddresses["ipip"] | undefined): TunnelDevice => ({
    name,
    hasAddress: (address ?? null) !== null,
  });
  const isIPv4 = family === 4;
  return [
    ...(enabled.ipip ? [device("tunl0", tunnels?.ipip)] : []),
    ...(enabled.vxlan
      ? [isIPv4 ? device("vxlan.calico", tunnels?.vxlan4) : device("vxlan-v6.calico", tunnels?.vxlan6)]
      : []),
    ...(enabled.wireguard
      ? [isIPv4 ? device(names[4], tunnels?.wireguard4) : device(names[6], tunnels?.wireguard6)]
      : []),
  ];
}

/** WireGuard's ports are failsafes, too, in both families (felix/dataplane/driver.go). */
function withPorts(ports: readonly FailsafePort[], added: readonly number[]): readonly FailsafePort[] {
  const missing = added.filter((port) => !ports.some((one) => one.protocol === "udp" && one.port === port));
  return missing.length === 0
    ? ports
    : [...ports, ...missing.map((port) => ({ protocol: "udp", port, net: null }) as const)];
}

/** The Service CIDRs of the default BGPConfiguration (felix/dataplane/linux/service_loop_mgr.go). */
function serviceCIDRs(cluster: Cluster, family: Family): readonly string[] {
  const bgp = cluster.bgpConfigurations.get("default");
  if (bgp === undefined) return [];
  return [...bgp.serviceClusterIPs, ...bgp.serviceExternalIPs, ...bgp.serviceLoadBalancerIPs]
    .filter(({ prefix }) => prefix.address.family === family)
    .map(({ prefix }) => formatPrefix(prefix));
}

/** Flow logs are on where somebody takes them (felix/config/config_params.go, FlowLogsEnabled). */
function collectsFlows(parameters: FelixParameters): boolean {
  const server = parameters.text("flowLogsGoldmaneServer", /./, "an address such as goldmane.calico-system.svc:7443");
  const reporter = parameters.choice("flowLogsLocalReporter", ["Disabled", "Enabled"], "Disabled");
  return server !== null || reporter === "Enabled";
}

/** Where the environment is known, it decides with the datastore; else what the shipped environments have in common. */
function endpointToHost({ environment }: Cluster, parameters: FelixParameters): "DROP" | "ACCEPT" | "RETURN" {
  if (environment === null) return "ACCEPT";
  return parameters.choice("defaultEndpointToHostAction", ["DROP", "ACCEPT", "RETURN"], "DROP");
}

/**
 * The settings of Felix on one node. Shipped manifests and the operator set DefaultEndpointToHostAction in its environment,
 * which goes before what the datastore says.
 */
export function nodeSettings(
  band: FelixBand,
  family: Family,
  cluster: Cluster,
  node: string,
  facts: NodeFacts,
): { readonly settings: FelixSettings; readonly parameters: FelixParameters } {
  const parameters = felixParameters(cluster.policy.felixConfigurations, node);
  const pools = [...cluster.ipPools.values()];
  const { tunnels } = facts;
  const ipipEnabled = family === 4 && (parameters.optionalFlag("ipipEnabled") ?? usesMode(pools, 4, "ipipMode"));
  const vxlanOverride = family === 4 ? parameters.optionalFlag("vxlanEnabled") : null;
  const vxlanEnabled = vxlanOverride ?? usesMode(pools, family, "vxlanMode");
  const wireguard4 = parameters.flag("wireguardEnabled", false);
  const wireguard6 = parameters.flag("wireguardEnabledV6", false);
  const wireguard = family === 4 ? wireguard4 : wireguard6;
  const wireguardPorts = {
    4: parameters.number("wireguardListeningPort", 1, 65_535, 51_820),
    6: parameters.number("wireguardListeningPortV6", 1, 65_535, 51_821),
  };
  const encrypting = [...(wireguard4 ? [wireguardPorts[4]] : []), ...(wireguard6 ? [wireguardPorts[6]] : [])];
  const failsafes = (name: string, fallback: readonly FailsafePort[]): readonly FailsafePort[] =>
    withPorts(parameters.failsafes(name, fallback), encrypting);
  const mask = parameters.number("iptablesMarkMask", 1, 0xffffffff, DEFAULT_MARK_MASK);
  const uses = { drop: isSince(band, "v3.30"), wireguard: wireguard4 || wireguard6 };
  const marks = allocateMarkBits(mask, uses) ?? allocateMarkBits(DEFAULT_MARK_MASK, uses);
  if (marks === null) throw new RangeError("the default mask has bits enough");
  const enabled = { ipip: ipipEnabled, vxlan: vxlanEnabled, wireguard };
  const settings: FelixSettings = {
    band,
    family,
    marks,
    chainInsertMode: parameters.choice("chainInsertMode", ["insert", "append"], "insert"),
    interfacePrefixes: (
      parameters.text("interfacePrefix", /^[a-zA-Z0-9_-]{1,15}(,[a-zA-Z0-9_-]{1,15})*$/, "names separated by commas") ??
      "cali"
    ).split(","),
    filterAllowAction: parameters.choice("iptablesFilterAllowAction", ["ACCEPT", "RETURN"], "ACCEPT"),
    mangleAllowAction: parameters.choice("iptablesMangleAllowAction", ["ACCEPT", "RETURN"], "ACCEPT"),
    filterDenyAction: parameters.choice("iptablesFilterDenyAction", ["DROP", "REJECT"], "DROP"),
    defaultEndpointToHostAction: endpointToHost(cluster, parameters),
    logPrefix: parameters.text("logPrefix", /^[a-zA-Z0-9%: /_.-]*$/, "a prefix for log lines") ?? "calico-packet",
    flowLogs: isSince(band, "v3.30") && collectsFlows(parameters),
    dropsInvalid: !parameters.flag("disableConntrackInvalidCheck", false),
    allowVXLANPacketsFromWorkloads: parameters.flag("allowVXLANPacketsFromWorkloads", false),
    allowIPIPPacketsFromWorkloads: parameters.flag("allowIPIPPacketsFromWorkloads", false),
    failsafeInbound: failsafes("failsafeInboundHostPorts", DEFAULT_FAILSAFE_INBOUND),
    failsafeOutbound: failsafes("failsafeOutboundHostPorts", DEFAULT_FAILSAFE_OUTBOUND),
    ipipEnabled,
    vxlanEnabled,
    vxlanPort: parameters.number("vxlanPort", 1, 65_535, 4789),
    wireguardPort: wireguard ? wireguardPorts[family] : null,
    wireguardHostEncryption: wireguard && parameters.flag("wireguardHostEncryptionEnabled", false),
    tunnelDevices: tunnelDevices(family, enabled, tunnels, {
      4: parameters.text("wireguardInterfaceName", INTERFACE, "the name of an interface") ?? "wireguard.cali",
      6: parameters.text("wireguardInterfaceNameV6", INTERFACE, "the name of an interface") ?? "wg-v6.cali",
    }),
    natOutgoing: natOutgoing(parameters, pools, family),
    serviceLoopPrevention: parameters.choice("serviceLoopPrevention", ["Drop", "Reject", "Disabled"], "Drop"),
    serviceCIDRs: serviceCIDRs(cluster, family),
    floatingIPs:
      parameters.choice("floatingIPs", ["Disabled", "Enabled"], "Disabled") === "Enabled" ? facts.floatingIPs : [],
    dscp: isSince(band, "v3.31") ? facts.dscp : [],
    istioDscp: isSince(band, "v3.32") && inAmbientMode(parameters) ? istioDscp(parameters) : null,
    randomFully: true,
  };
  return { settings, parameters };
}
