import type { Interface } from "../model/interface.ts";
import type { Family } from "../net/address.ts";
import type { HostRuntime } from "./runtime.ts";

/**
 * The sysctls the datapath reads. Values come from the host's dump; a key that is missing there has the kernel's
 * default (net/ipv4/devinet.c, Documentation/networking/ip-sysctl.rst), and the answer says that it was assumed.
 */

/** `net.ipv4.conf.<device>.<name>` as sysctl prints it: dots in the device name become slashes. */
function confKey(family: Family, device: string, name: string): string {
  return `net.ipv${family}.conf.${device.replaceAll(".", "/")}.${name}`;
}

/** An integer sysctl, or `fallback` when the dump has none. */
export function sysctl(runtime: HostRuntime, key: string, fallback: number): number {
  const text = runtime.host.sysctls.get(key);
  if (runtime.host.knowledge.get("sysctls") === "assumed" || text === undefined) {
    runtime.services.assume(runtime, "sysctls", `${key}=${text ?? fallback}`);
  }
  if (text === undefined) return fallback;
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? fallback : value;
}

function perDevice(runtime: HostRuntime, family: Family, device: Interface, name: string, fallback: number): number {
  return sysctl(runtime, confKey(family, device.name, name), fallback);
}

function ofAll(runtime: HostRuntime, family: Family, name: string, fallback: number): number {
  return sysctl(runtime, confKey(family, "all", name), fallback);
}

/** IN_DEV_FORWARD: the interface's own value; `ip_forward` itself only writes these (kernel.md 1 (c)). */
export function forwarding(runtime: HostRuntime, device: Interface, family: Family): boolean {
  const key = confKey(family, device.name, "forwarding");
  if (runtime.host.sysctls.has(key)) return sysctl(runtime, key, 0) !== 0;
  if (family === 4) return sysctl(runtime, "net.ipv4.ip_forward", ofAll(runtime, 4, "forwarding", 0)) !== 0;
  return ofAll(runtime, 6, "forwarding", 0) !== 0;
}

/** IN_DEV_RPFILTER: the maximum of `all` and the interface's: 0 off, 1 strict, 2 loose. */
export function rpFilter(runtime: HostRuntime, device: Interface): number {
  return Math.max(ofAll(runtime, 4, "rp_filter", 0), perDevice(runtime, 4, device, "rp_filter", 0));
}

/** IN_DEV_ROUTE_LOCALNET: either `all` or the interface's. */
export function routeLocalnet(runtime: HostRuntime, device: Interface): boolean {
  return ofAll(runtime, 4, "route_localnet", 0) !== 0 || perDevice(runtime, 4, device, "route_localnet", 0) !== 0;
}

/** IN_DEV_ACCEPT_LOCAL. */
export function acceptLocal(runtime: HostRuntime, device: Interface): boolean {
  return ofAll(runtime, 4, "accept_local", 0) !== 0 || perDevice(runtime, 4, device, "accept_local", 0) !== 0;
}

/** IN_DEV_SRC_VMARK: the reverse look-up uses the packet's mark. */
export function sourceValidMark(runtime: HostRuntime, device: Interface): boolean {
  return ofAll(runtime, 4, "src_valid_mark", 0) !== 0 || perDevice(runtime, 4, device, "src_valid_mark", 0) !== 0;
}

/** IN_DEV_PROXY_ARP. */
export function proxyArp(runtime: HostRuntime, device: Interface): boolean {
  return ofAll(runtime, 4, "proxy_arp", 0) !== 0 || perDevice(runtime, 4, device, "proxy_arp", 0) !== 0;
}

/** IN_DEV_TX_REDIRECTS. */
export function sendRedirects(runtime: HostRuntime, device: Interface): boolean {
  return ofAll(runtime, 4, "send_redirects", 1) !== 0 || perDevice(runtime, 4, device, "send_redirects", 1) !== 0;
}

/** IN_DEV_ARP_IGNORE: the maximum. */
export function arpIgnore(runtime: HostRuntime, device: Interface): number {
  return Math.max(ofAll(runtime, 4, "arp_ignore", 0), perDevice(runtime, 4, device, "arp_ignore", 0));
}

/** IN_DEV_IGNORE_ROUTES_WITH_LINKDOWN: `all` or the interface's. */
export function ignoresLinkdown(runtime: HostRuntime, device: string): boolean {
  return (
    ofAll(runtime, 4, "ignore_routes_with_linkdown", 0) !== 0 ||
    sysctl(runtime, confKey(4, device, "ignore_routes_with_linkdown"), 0) !== 0
  );
}
