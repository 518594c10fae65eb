import type { ConntrackSettings } from "../cluster-settings.ts";

/** Seconds that kube-proxy sets when its configuration says nothing (apis/config/v1alpha1/defaults.go). */
const ESTABLISHED = 86400;
const CLOSE_WAIT = 3600;

/**
 * The sysctls that kube-proxy sets on a node (cmd/kube-proxy/app/conntrack.go), but for nf_conntrack_max, which depends
 * on the number of its processors.
 */
export function proxySysctls(conntrack: ConntrackSettings, onLocalhost: boolean): ReadonlyMap<string, string> {
  const sysctls = new Map<string, string>();
  const timeout = (name: string, seconds: number): void => {
    if (seconds > 0) sysctls.set(`net.netfilter.nf_conntrack_${name}`, String(seconds));
  };
  if (onLocalhost) sysctls.set("net.ipv4.conf.all.route_localnet", "1");
  if (conntrack.tcpBeLiberal) sysctls.set("net.netfilter.nf_conntrack_tcp_be_liberal", "1");
  timeout("tcp_timeout_established", conntrack.tcpEstablishedTimeout ?? ESTABLISHED);
  timeout("tcp_timeout_close_wait", conntrack.tcpCloseWaitTimeout ?? CLOSE_WAIT);
  timeout("udp_timeout", conntrack.udpTimeout ?? 0);
  timeout("udp_timeout_stream", conntrack.udpStreamTimeout ?? 0);
  return sysctls;
}
