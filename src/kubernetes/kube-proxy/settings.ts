import type { Origin } from "../../model/origin.ts";
import { type Prefix, parsePrefix } from "../../net/prefix.ts";
import { prefixListField } from "../address-field.ts";
import { type ConntrackSettings, DEFAULT_KUBE_PROXY, type KubeProxySettings } from "../cluster-settings.ts";
import { complain, type Field, flag, integer, listOf, member, text } from "../field.ts";

const MODES = ["iptables", "ipvs", "nftables", "userspace", "kernelspace"] as const;
const LOCAL_MODES = ["ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"] as const;

/** A KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1). */
export function readKubeProxySettings(field: Field, origin: Origin): KubeProxySettings {
  const mode = text(member(field, "mode")) ?? "";
  const iptables = member(field, "iptables");
  const detect = member(field, "detectLocal");
  return {
    mode: mode === "" ? "iptables" : (MODES.find((one) => one === mode) ?? "other"),
    clusterCIDRs: prefixListField(member(field, "clusterCIDR")),
    masqueradeAll: flag(member(iptables, "masqueradeAll")) ?? false,
    masqueradeBit: masqueradeBit(member(iptables, "masqueradeBit")),
    localhostNodePorts: flag(member(iptables, "localhostNodePorts")) ?? true,
    detectLocalMode: localMode(member(field, "detectLocalMode")),
    bridgeInterface: text(member(detect, "bridgeInterface")) ?? "",
    interfaceNamePrefix: text(member(detect, "interfaceNamePrefix")) ?? "",
    nodePortAddresses: listOf(member(field, "nodePortAddresses"), nodePortAddress),
    conntrack: readConntrack(member(field, "conntrack")),
    origin,
  };
}

function masqueradeBit(field: Field): number {
  const bit = integer(field) ?? DEFAULT_KUBE_PROXY.masqueradeBit;
  if (bit >= 0 && bit <= 31) return bit;
  complain(field, "a bit from 0 to 31");
  return DEFAULT_KUBE_PROXY.masqueradeBit;
}

function localMode(field: Field): KubeProxySettings["detectLocalMode"] {
  const written = text(field) ?? "";
  if (written === "") return "ClusterCIDR";
  const known = LOCAL_MODES.find((one) => one === written);
  if (known === undefined) complain(field, LOCAL_MODES.join(", "));
  return known ?? "other";
}

function nodePortAddress(field: Field): Prefix | "primary" | null {
  const written = text(field) ?? "";
  if (written === "primary") return written;
  const prefix = parsePrefix(written);
  if (prefix === null) complain(field, 'a CIDR block, or "primary"');
  return prefix;
}

function readConntrack(field: Field): ConntrackSettings {
  return {
    tcpBeLiberal: flag(member(field, "tcpBeLiberal")) ?? false,
    tcpEstablishedTimeout: duration(member(field, "tcpEstablishedTimeout")),
    tcpCloseWaitTimeout: duration(member(field, "tcpCloseWaitTimeout")),
    udpTimeout: duration(member(field, "udpTimeout")),
    udpStreamTimeout: duration(member(field, "udpStreamTimeout")),
  };
}

const SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/** A duration as Go writes it (`1h0m0s`), in whole seconds, cut as kube-proxy cuts it. */
function duration(field: Field): number | null {
  const written = text(field);
  if (written === null || written === "") return null;
  if (written === "0") return 0;
  const parts = [...written.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)];
  if (parts.map(([part]) => part).join("") !== written) {
    complain(field, "a duration such as 1h0m0s");
    return null;
  }
  return Math.trunc(parts.reduce((sum, [, number, unit]) => sum + Number(number) * (SECONDS[unit ?? ""] ?? 0), 0));
}
