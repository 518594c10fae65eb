import type { Host } from "../model/host.ts";
import type { Interface } from "../model/interface.ts";
import type { Family } from "../net/address.ts";
import type { HostRuntime } from "./runtime.ts";

/**
 * The sysctls the datapath reads, as numbers that are made once per host. Values come from the host's dump; a key that
 * is missing there has the kernel's default (net/ipv4/devinet.c, Documentation/networking/ip-sysctl.rst), and the first
 * packet that reads it says that it was assumed.
 */
export interface Setting {
  readonly value: number;
  /** What was assumed, `net.ipv4.conf.all.rp_filter=0`; null when the dump says it. */
  readonly assumed: string | null;
  /** What else it may be where it was assumed; empty where there is no saying. */
  readonly others: readonly number[];
}

/** Values of settings that are more than switches, by the last part of their keys. */
const VALUES: Readonly<Record<string, readonly number[]>> = {
  rp_filter: [0, 1, 2],
  arp_ignore: [0, 1, 2, 3, 8],
  arp_announce: [0, 1, 2],
  fib_multipath_hash_policy: [0, 1, 2, 3],
  ip_default_ttl: [32, 64, 128, 255],
};

/** What a setting may be: of a switch 0 and 1, of a number without listed values nobody can say. */
function valuesOf(key: string, fallback: number): readonly number[] {
  const listed = VALUES[key.slice(key.lastIndexOf(".") + 1)];
  return listed ?? (fallback === 0 || fallback === 1 ? [0, 1] : []);
}

interface DeviceSettings {
  readonly forwarding4: Setting;
  readonly forwarding6: Setting;
  readonly rpFilter: Setting;
  readonly routeLocalnet: Setting;
  readonly acceptLocal: Setting;
  readonly sourceValidMark: Setting;
  readonly proxyArp: Setting;
  readonly sendRedirects: Setting;
  readonly proxyArpPvlan: Setting;
  readonly arpIgnore: Setting;
  readonly arpAnnounce: Setting;
  readonly arpFilter: Setting;
  readonly ignoresLinkdown: Setting;
  readonly sharedMedia: Setting;
}

/** Settings of one host, by key and by device; filled as they are asked for. */
export interface HostSettings {
  readonly keys: Map<string, Setting>;
  readonly devices: Map<string, DeviceSettings>;
}

/** Nothing asked for yet. */
export function hostSettings(): HostSettings {
  return { keys: new Map(), devices: new Map() };
}

/** `net.ipv4.conf.<device>.<name>` as sysctl prints it: dots in the device name become slashes. */
function confKey(family: Family, device: string, name: string): string {
  return `net.ipv${family}.conf.${device.replaceAll(".", "/")}.${name}`;
}

function parse(host: Host, key: string, fallback: number): Setting {
  const text = host.sysctls.get(key);
  const parsed = text === undefined ? Number.NaN : Number.parseInt(text, 10);
  const value = Number.isNaN(parsed) ? fallback : parsed;
  const certain = text !== undefined && (host.knowledge.get("sysctls") !== "assumed" || host.dumpedSysctls.has(key));
  if (certain) return { value, assumed: null, others: [] };
  return { value, assumed: `${key}=${value}`, others: valuesOf(key, fallback).filter((other) => other !== value) };
}

/** The setting of a key; nothing is said about it before `readSetting`. */
export function settingOf(host: Host, key: string, fallback: number): Setting {
  return parse(host, key, fallback);
}

/** Its value; where it was assumed, the answer says so. */
export function readSetting(runtime: HostRuntime, setting: Setting): number {
  return read(runtime, setting);
}

/** The greater of the settings; it was assumed when one of them was. */
function greatest(...settings: readonly Setting[]): Setting {
  const assumed = settings.flatMap((setting) => setting.assumed ?? []);
  const value = Math.max(...settings.map((setting) => setting.value));
  const least = Math.max(...settings.flatMap((setting) => (setting.assumed === null ? [setting.value] : [])));
  const possible = settings.flatMap((setting) => [setting.value, ...setting.others]);
  return {
    value,
    assumed: assumed.length === 0 ? null : assumed.join(", "),
    others: [...new Set(possible)].filter((other) => other !== value && other >= least),
  };
}

/** Value of `all` or of the interface, whichever is greater: IN_DEV_MAXCONF, and IN_DEV_ORCONF for switches. */
function ofBoth(host: Host, device: string, name: string, fallback: number): Setting {
  return greatest(parse(host, confKey(4, "all", name), fallback), parse(host, confKey(4, device, name), fallback));
}

/** IN_DEV_FORWARD: the interface's own value; `ip_forward` itself only writes these (kernel.md 1 (c)). */
function forwardingOf(host: Host, device: string, family: Family): Setting {
  const own = confKey(family, device, "forwarding");
  if (host.sysctls.has(own)) return parse(host, own, 0);
  const all = confKey(family, "all", "forwarding");
  return family === 4 && host.sysctls.has("net.ipv4.ip_forward")
    ? parse(host, "net.ipv4.ip_forward", 0)
    : parse(host, all, 0);
}

function deviceSettings({ host, compiled }: HostRuntime, device: string): DeviceSettings {
  const { devices } = compiled.settings;
  const made = devices.get(device);
  if (made !== undefined) return made;
  const settings: DeviceSettings = {
    forwarding4: forwardingOf(host, device, 4),
    forwarding6: forwardingOf(host, device, 6),
    rpFilter: ofBoth(host, device, "rp_filter", 0),
    routeLocalnet: ofBoth(host, device, "route_localnet", 0),
    acceptLocal: ofBoth(host, device, "accept_local", 0),
    sourceValidMark: ofBoth(host, device, "src_valid_mark", 0),
    proxyArp: ofBoth(host, device, "proxy_arp", 0),
    sendRedirects: ofBoth(host, device, "send_redirects", 1),
    proxyArpPvlan: ofBoth(host, device, "proxy_arp_pvlan", 0),
    arpIgnore: ofBoth(host, device, "arp_ignore", 0),
    arpAnnounce: ofBoth(host, device, "arp_announce", 0),
    arpFilter: ofBoth(host, device, "arp_filter", 0),
    ignoresLinkdown: ofBoth(host, device, "ignore_routes_with_linkdown", 0),
    sharedMedia: ofBoth(host, device, "shared_media", 1),
  };
  devices.set(device, settings);
  return settings;
}

function read(runtime: HostRuntime, setting: Setting): number {
  const { assumed, others } = setting;
  if (assumed === null) return setting.value;
  let way = runtime.noted.get(setting);
  if (way === undefined) {
    way = runtime.services.assume(runtime, "sysctls", assumed, others.length);
    runtime.noted.set(setting, way);
  }
  return others[way - 1] ?? setting.value;
}

/** An integer sysctl, or `fallback` when the dump has none. */
export function sysctl(runtime: HostRuntime, key: string, fallback: number): number {
  const { keys } = runtime.compiled.settings;
  const made = keys.get(key);
  if (made !== undefined) return read(runtime, made);
  const setting = parse(runtime.host, key, fallback);
  keys.set(key, setting);
  return read(runtime, setting);
}

/** Whether packets that arrive on the device are forwarded. */
export function forwarding(runtime: HostRuntime, device: Interface, family: Family): boolean {
  const settings = deviceSettings(runtime, device.name);
  return read(runtime, family === 4 ? settings.forwarding4 : settings.forwarding6) !== 0;
}

/** IN_DEV_RPFILTER: the maximum of `all` and the interface's: 0 off, 1 strict, 2 loose. */
export function rpFilter(runtime: HostRuntime, device: Interface): number {
  return read(runtime, deviceSettings(runtime, device.name).rpFilter);
}

/** IN_DEV_ROUTE_LOCALNET: either `all` or the interface's. */
export function routeLocalnet(runtime: HostRuntime, device: Interface): boolean {
  return read(runtime, deviceSettings(runtime, device.name).routeLocalnet) !== 0;
}

/** IN_DEV_ACCEPT_LOCAL. */
export function acceptLocal(runtime: HostRuntime, device: Interface): boolean {
  return read(runtime, deviceSettings(runtime, device.name).acceptLocal) !== 0;
}

/** IN_DEV_SRC_VMARK: the reverse look-up uses the packet's mark. */
export function sourceValidMark(runtime: HostRuntime, device: Interface): boolean {
  return read(runtime, deviceSettings(runtime, device.name).sourceValidMark) !== 0;
}

/** IN_DEV_PROXY_ARP. */
export function proxyArp(runtime: HostRuntime, device: Interface): boolean {
  return read(runtime, deviceSettings(runtime, device.name).proxyArp) !== 0;
}

/** IN_DEV_TX_REDIRECTS. */
export function sendRedirects(runtime: HostRuntime, device: Interface): boolean {
  return read(runtime, deviceSettings(runtime, device.name).sendRedirects) !== 0;
}

/** IN_DEV_ARP_IGNORE: the maximum. */
export function arpIgnore(runtime: HostRuntime, device: Interface): number {
  return read(runtime, deviceSettings(runtime, device.name).arpIgnore);
}

/** IN_DEV_PROXY_ARP_PVLAN: either `all` or the interface's. */
export function proxyArpPvlan(runtime: HostRuntime, device: Interface): boolean {
  return read(runtime, deviceSettings(runtime, device.name).proxyArpPvlan) !== 0;
}

/** IN_DEV_ARP_ANNOUNCE: the maximum. */
export function arpAnnounce(runtime: HostRuntime, device: Interface): number {
  return read(runtime, deviceSettings(runtime, device.name).arpAnnounce);
}

/** IN_DEV_ARPFILTER: either `all` or the interface's. */
export function arpFilter(runtime: HostRuntime, device: Interface): boolean {
  return read(runtime, deviceSettings(runtime, device.name).arpFilter) !== 0;
}

/** IN_DEV_IGNORE_ROUTES_WITH_LINKDOWN: `all` or the interface's. */
export function ignoresLinkdown(runtime: HostRuntime, device: string): boolean {
  return read(runtime, deviceSettings(runtime, device).ignoresLinkdown) !== 0;
}

/** IN_DEV_SHARED_MEDIA: redirects may name a gateway of another subnet of the link. */
export function sharedMedia(runtime: HostRuntime, device: Interface): boolean {
  return read(runtime, deviceSettings(runtime, device.name).sharedMedia) !== 0;
}

/** IN_DEV_BFORWARD: directed broadcasts are forwarded, not taken, where `all` and the interface both say so. */
export function forwardsBroadcasts(runtime: HostRuntime, device: Interface): boolean {
  const both = ["all", device.name] as const;
  return both.every((name) => sysctl(runtime, confKey(4, name, "bc_forwarding"), 0) !== 0);
}
