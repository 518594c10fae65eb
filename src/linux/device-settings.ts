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
  ip_no_pmtu_disc: [0, 1, 2, 3],
};

/** What a setting may be: of a switch 0 and 1, of a number without listed values nobody can say. */
function valuesOf(key: string, fallback: number): readonly number[] {
  const listed = VALUES[key.slice(key.lastIndexOf(".") + 1)];
  return listed ?? (fallback === 0 || fallback === 1 ? [0, 1] : []);
}

/** Each is made when the first packet asks for it; undefined before. */
interface DeviceSettings {
  forwarding4: Setting | undefined;
  forwarding6: Setting | undefined;
  router6: Setting | undefined;
  rpFilter: Setting | undefined;
  routeLocalnet: Setting | undefined;
  acceptLocal: Setting | undefined;
  sourceValidMark: Setting | undefined;
  proxyArp: Setting | undefined;
  sendRedirects: Setting | undefined;
  proxyArpPvlan: Setting | undefined;
  arpIgnore: Setting | undefined;
  arpAnnounce: Setting | undefined;
  arpFilter: Setting | undefined;
  ignoresLinkdown: Setting | undefined;
  sharedMedia: Setting | undefined;
  acceptsRedirects: Setting | undefined;
  secureRedirects: Setting | undefined;
  acceptsRedirects6: Setting | undefined;
  ignoresLinkdown6: Setting | undefined;
  disableIpv6: Setting | undefined;
  seg6Enabled: Setting | undefined;
  proxyNdp: Setting | undefined;
  useTempaddr: Setting | undefined;
  useOifAddrsOnly: Setting | undefined;
  mtu6: Setting | undefined;
}

/** Settings of one host, by key and by device; filled as they are asked for. */
export interface HostSettings {
  readonly keys: Map<string, Setting>;
  readonly devices: Map<string, DeviceSettings>;
  /** The device that was last asked for: one packet asks for the same several times. */
  device: string;
  settings: DeviceSettings | null;
}

/** Nothing asked for yet. */
export function hostSettings(): HostSettings {
  return { keys: new Map(), devices: new Map(), device: "", settings: null };
}

/** `net.ipv4.conf.<device>.<name>` as sysctl prints it: dots in the device name become slashes. */
export function confKey(family: Family, device: string, name: string): string {
  return `net.ipv${family}.conf.${device.replaceAll(".", "/")}.${name}`;
}

function parse(host: Host, key: string, fallback: number): Setting {
  const text = host.sysctls.get(key);
  const parsed = text === undefined ? Number.NaN : Number.parseInt(text, 10);
  const value = Number.isNaN(parsed) ? fallback : parsed;
  const certain = !Number.isNaN(parsed) && (host.knowledge.get("sysctls") !== "assumed" || host.dumpedSysctls.has(key));
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

/** A switch that is on where all of the settings are; it was assumed where none that is known is off. */
function least(...settings: readonly Setting[]): Setting {
  const off = settings.find(({ value, assumed }) => value === 0 && assumed === null);
  if (off !== undefined) return off;
  const assumed = settings.flatMap((setting) => setting.assumed ?? []);
  const value = Math.min(...settings.map((setting) => setting.value));
  return {
    value,
    assumed: assumed.length === 0 ? null : assumed.join(", "),
    others: assumed.length === 0 ? [] : [value === 0 ? 1 : 0],
  };
}

/** Segment routing has to be on for `all` and for the interface. */
function seg6Of(host: Host, device: string): Setting {
  const all = parse(host, confKey(6, "all", "seg6_enabled"), 0);
  const own = parse(host, confKey(6, device, "seg6_enabled"), 0);
  return all.value < own.value ? all : own;
}

/** Value of `all` or of the interface, whichever is greater: IN_DEV_MAXCONF, and IN_DEV_ORCONF for switches. */
function ofBoth(host: Host, device: string, name: string, fallback: number): Setting {
  return greatest(parse(host, confKey(4, "all", name), fallback), parse(host, confKey(4, device, name), fallback));
}

/** IN_DEV_FORWARD: the interface's own value; `ip_forward` itself only writes these (kernel.md 1 (c)). */
function forwardingOf(host: Host, device: string): Setting {
  const own = confKey(4, device, "forwarding");
  if (host.sysctls.has(own)) return parse(host, own, 0);
  return host.sysctls.has("net.ipv4.ip_forward")
    ? parse(host, "net.ipv4.ip_forward", 0)
    : parse(host, confKey(4, "all", "forwarding"), 0);
}

/**
 * ip6_forward(): `all.forwarding` alone decides, or `force_forwarding` of the incoming interface (Linux 6.17). The
 * `forwarding` of an interface only says whether it acts as a router there: see `actsAsRouter`.
 */
function forwardingOf6(host: Host, device: string): Setting {
  const all = parse(host, confKey(6, "all", "forwarding"), 0);
  const force = confKey(6, device, "force_forwarding");
  return host.sysctls.has(force) ? greatest(all, parse(host, force, 0)) : all;
}

/** A value that only the interface's own key holds; where the dump has no such key, that of `all`. */
function ofDevice6(host: Host, device: string, name: string, fallback: number): Setting {
  const own = confKey(6, device, name);
  return parse(host, host.sysctls.has(own) ? own : confKey(6, "all", name), fallback);
}

/** One of few switches, which no dump need show: what is missing is off without a word. */
function quiet(setting: Setting): Setting {
  return setting.assumed === null ? setting : { ...setting, assumed: null };
}

function deviceSettings({ compiled }: HostRuntime, device: string): DeviceSettings {
  const known = compiled.settings;
  if (known.device === device && known.settings !== null) return known.settings;
  const settings = known.devices.get(device) ?? nothingAsked();
  known.devices.set(device, settings);
  known.device = device;
  known.settings = settings;
  return settings;
}

function nothingAsked(): DeviceSettings {
  return {
    forwarding4: undefined,
    forwarding6: undefined,
    router6: undefined,
    rpFilter: undefined,
    routeLocalnet: undefined,
    acceptLocal: undefined,
    sourceValidMark: undefined,
    proxyArp: undefined,
    sendRedirects: undefined,
    proxyArpPvlan: undefined,
    arpIgnore: undefined,
    arpAnnounce: undefined,
    arpFilter: undefined,
    ignoresLinkdown: undefined,
    sharedMedia: undefined,
    acceptsRedirects: undefined,
    secureRedirects: undefined,
    acceptsRedirects6: undefined,
    ignoresLinkdown6: undefined,
    disableIpv6: undefined,
    seg6Enabled: undefined,
    proxyNdp: undefined,
    useTempaddr: undefined,
    useOifAddrsOnly: undefined,
    mtu6: undefined,
  };
}

function read(runtime: HostRuntime, setting: Setting): number {
  const { assumed, others } = setting;
  if (assumed === null) return setting.value;
  let way = runtime.noted.get(setting);
  if (way === undefined) {
    way = runtime.services.assume(runtime, "assumed-sysctl", assumed, others.length);
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

/** The same, where the answer does not rest on it yet: nothing is noted as assumed. */
export function quietSysctl(runtime: HostRuntime, key: string, fallback: number): number {
  const { keys } = runtime.compiled.settings;
  const made = keys.get(key);
  if (made !== undefined) return made.value;
  const setting = parse(runtime.host, key, fallback);
  keys.set(key, setting);
  return setting.value;
}

/** Whether packets that arrive on the device are forwarded. */
export function forwarding(runtime: HostRuntime, device: Interface, family: Family): boolean {
  const settings = deviceSettings(runtime, device.name);
  if (family === 4) {
    settings.forwarding4 ??= forwardingOf(runtime.host, device.name);
    return read(runtime, settings.forwarding4) !== 0;
  }
  settings.forwarding6 ??= forwardingOf6(runtime.host, device.name);
  return read(runtime, settings.forwarding6) !== 0;
}

/** IPv6 `forwarding` of the device: whether it is a router there (its groups, anycast addresses, proxy answers). */
export function actsAsRouter(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.router6 ??= ofDevice6(runtime.host, device.name, "forwarding", 0);
  return read(runtime, settings.router6) !== 0;
}

/** IN_DEV_RPFILTER: the maximum of `all` and the interface's: 0 off, 1 strict, 2 loose. */
export function rpFilter(runtime: HostRuntime, device: Interface): number {
  const settings = deviceSettings(runtime, device.name);
  settings.rpFilter ??= ofBoth(runtime.host, device.name, "rp_filter", 0);
  return read(runtime, settings.rpFilter);
}

/** IN_DEV_ROUTE_LOCALNET: either `all` or the interface's. */
export function routeLocalnet(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.routeLocalnet ??= ofBoth(runtime.host, device.name, "route_localnet", 0);
  return read(runtime, settings.routeLocalnet) !== 0;
}

/** IN_DEV_ACCEPT_LOCAL. */
export function acceptLocal(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.acceptLocal ??= ofBoth(runtime.host, device.name, "accept_local", 0);
  return read(runtime, settings.acceptLocal) !== 0;
}

/** IN_DEV_SRC_VMARK: the reverse look-up uses the packet's mark. */
export function sourceValidMark(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.sourceValidMark ??= ofBoth(runtime.host, device.name, "src_valid_mark", 0);
  return read(runtime, settings.sourceValidMark) !== 0;
}

/** IN_DEV_PROXY_ARP. */
export function proxyArp(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.proxyArp ??= ofBoth(runtime.host, device.name, "proxy_arp", 0);
  return read(runtime, settings.proxyArp) !== 0;
}

/** IN_DEV_TX_REDIRECTS. */
export function sendRedirects(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.sendRedirects ??= ofBoth(runtime.host, device.name, "send_redirects", 1);
  return read(runtime, settings.sendRedirects) !== 0;
}

/** IN_DEV_ARP_IGNORE: the maximum. */
export function arpIgnore(runtime: HostRuntime, device: Interface): number {
  const settings = deviceSettings(runtime, device.name);
  settings.arpIgnore ??= ofBoth(runtime.host, device.name, "arp_ignore", 0);
  return read(runtime, settings.arpIgnore);
}

/** IN_DEV_PROXY_ARP_PVLAN: either `all` or the interface's. */
export function proxyArpPvlan(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.proxyArpPvlan ??= ofBoth(runtime.host, device.name, "proxy_arp_pvlan", 0);
  return read(runtime, settings.proxyArpPvlan) !== 0;
}

/** IN_DEV_ARP_ANNOUNCE: the maximum. */
export function arpAnnounce(runtime: HostRuntime, device: Interface): number {
  const settings = deviceSettings(runtime, device.name);
  settings.arpAnnounce ??= ofBoth(runtime.host, device.name, "arp_announce", 0);
  return read(runtime, settings.arpAnnounce);
}

/** IN_DEV_ARP_ACCEPT: 1 learns from announcements of strangers, 2 from those in a subnet of the device; the maximum. */
export function arpAccept(runtime: HostRuntime, device: Interface): number {
  return quietMaximum(runtime, device, 4, "arp_accept");
}

/** IN_DEV_ARP_NOTIFY */
export function arpNotify(runtime: HostRuntime, device: Interface): boolean {
  return quietMaximum(runtime, device, 4, "arp_notify") > 0;
}

/** IN_DEV_ORCONF(DROP_GRATUITOUS_ARP) */
export function dropsGratuitousArp(runtime: HostRuntime, device: Interface): boolean {
  return quietMaximum(runtime, device, 4, "drop_gratuitous_arp") > 0;
}

/** `ndisc_notify` of `all` or the device. */
export function ndiscNotify(runtime: HostRuntime, device: Interface): boolean {
  return quietMaximum(runtime, device, 6, "ndisc_notify") > 0;
}

/**
 * `drop_unicast_in_l2_multicast`: what is for one, in a frame for many, is dropped; IN_DEV_ORCONF in IPv4, in IPv6 of the device alone.
 */
export function dropsUnicastInMulticast(runtime: HostRuntime, device: Interface, family: Family): boolean {
  return family === 4
    ? quietMaximum(runtime, device, 4, "drop_unicast_in_l2_multicast") > 0
    : quietSysctl(runtime, confKey(6, device.name, "drop_unicast_in_l2_multicast"), 0) !== 0;
}

/** `drop_unsolicited_na` of the device alone. */
export function dropsUnsolicitedNa(runtime: HostRuntime, device: Interface): boolean {
  return quietSysctl(runtime, confKey(6, device.name, "drop_unsolicited_na"), 0) !== 0;
}

/** accept_untracked_na(), of the device alone: 1 learns from advertisements of strangers, 2 from those in a subnet of the device. */
export function acceptsUntrackedNa(runtime: HostRuntime, device: Interface): number {
  return quietSysctl(runtime, confKey(6, device.name, "accept_untracked_na"), 0);
}

/** IN_DEV_ARP_EVICT_NOCARRIER and `ndisc_evict_nocarrier`, of `all` and the device: neighbours are forgotten with the carrier. */
export function forgetsWithoutCarrier(runtime: HostRuntime, device: Interface, family: Family): boolean {
  const key = (conf: string): string =>
    family === 4 ? confKey(4, conf, "arp_evict_nocarrier") : confKey(6, conf, "ndisc_evict_nocarrier");
  return ["all", device.name].every((conf) => quietSysctl(runtime, key(conf), 1) !== 0);
}

function quietMaximum(runtime: HostRuntime, device: Interface, family: Family, name: string): number {
  const of = (conf: string): number => quietSysctl(runtime, confKey(family, conf, name), 0);
  return Math.max(of("all"), of(device.name));
}

/** IN_DEV_ARPFILTER: either `all` or the interface's. */
export function arpFilter(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.arpFilter ??= ofBoth(runtime.host, device.name, "arp_filter", 0);
  return read(runtime, settings.arpFilter) !== 0;
}

/** IN_DEV_IGNORE_ROUTES_WITH_LINKDOWN: `all` or the interface's; of IPv6 the interface's alone. */
export function ignoresLinkdown(runtime: HostRuntime, device: string, family: Family = 4): boolean {
  const settings = deviceSettings(runtime, device);
  if (family === 4) {
    settings.ignoresLinkdown ??= ofBoth(runtime.host, device, "ignore_routes_with_linkdown", 0);
    return read(runtime, settings.ignoresLinkdown) !== 0;
  }
  settings.ignoresLinkdown6 ??= ofDevice6(runtime.host, device, "ignore_routes_with_linkdown", 0);
  return read(runtime, settings.ignoresLinkdown6) !== 0;
}

/** `disable_ipv6` of the device: it neither takes nor sends IPv6. */
export function disablesIpv6(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.disableIpv6 ??= quiet(ofDevice6(runtime.host, device.name, "disable_ipv6", 0));
  return read(runtime, settings.disableIpv6) !== 0;
}

/** `seg6_enabled` of `all` and the device. */
export function seg6Enabled(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.seg6Enabled ??= quiet(seg6Of(runtime.host, device.name));
  return read(runtime, settings.seg6Enabled) > 0;
}

/** `proxy_ndp` of `all` or the device. */
export function proxyNdp(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.proxyNdp ??= greatest(
    parse(runtime.host, confKey(6, "all", "proxy_ndp"), 0),
    parse(runtime.host, confKey(6, device.name, "proxy_ndp"), 0),
  );
  return read(runtime, settings.proxyNdp) !== 0;
}

/** `use_tempaddr` of the device: 2 prefers temporary addresses as sources. */
export function useTempaddr(runtime: HostRuntime, device: Interface): number {
  const settings = deviceSettings(runtime, device.name);
  settings.useTempaddr ??= quiet(ofDevice6(runtime.host, device.name, "use_tempaddr", 0));
  return read(runtime, settings.useTempaddr);
}

/** The least MTU of any IPv6 link (RFC 8200 section 5): what is less is not believed. */
export const IPV6_MIN_MTU = 1280;

/**
 * Bytes that a device takes in a packet of IP: of IPv6 as many as its `mtu` there says, which an advertisement of a router may have
 * lowered (idev->cnf.mtu6).
 */
export function ipMtu(runtime: HostRuntime, device: Interface, family: Family): number {
  if (family === 4) return device.mtu;
  const settings = deviceSettings(runtime, device.name);
  settings.mtu6 ??= quiet(parse(runtime.host, confKey(6, device.name, "mtu"), device.mtu));
  // addrconf_sysctl_mtu() takes nothing below: such a value is a wrong one
  return settings.mtu6.value < IPV6_MIN_MTU ? device.mtu : Math.min(device.mtu, settings.mtu6.value);
}

/** `use_oif_addrs_only` of the outgoing device. */
export function useOifAddrsOnly(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.useOifAddrsOnly ??= quiet(ofDevice6(runtime.host, device.name, "use_oif_addrs_only", 0));
  return read(runtime, settings.useOifAddrsOnly) !== 0;
}

/** IN_DEV_SHARED_MEDIA: redirects may name a gateway of another subnet of the link. */
export function sharedMedia(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.sharedMedia ??= ofBoth(runtime.host, device.name, "shared_media", 1);
  return read(runtime, settings.sharedMedia) !== 0;
}

/**
 * IN_DEV_RX_REDIRECTS: `all` or the interface's; where the interface forwards, both. What switched forwarding on everywhere switched
 * `all` off (inet_forward_change()).
 */
export function acceptsRedirects(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  const forwards = forwarding(runtime, device, 4);
  if (settings.acceptsRedirects === undefined) {
    const all = parse(runtime.host, confKey(4, "all", "accept_redirects"), forwards ? 0 : 1);
    const own = parse(runtime.host, confKey(4, device.name, "accept_redirects"), 1);
    settings.acceptsRedirects = forwards ? least(all, own) : greatest(all, own);
  }
  return read(runtime, settings.acceptsRedirects) !== 0;
}

/** IN_DEV_SEC_REDIRECTS: either `all` or the interface's. */
export function secureRedirects(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.secureRedirects ??= ofBoth(runtime.host, device.name, "secure_redirects", 1);
  return read(runtime, settings.secureRedirects) !== 0;
}

/** IPv6 `accept_redirects` of the device; a router (`actsAsRouter`) follows none whatever it says. */
export function acceptsRedirects6(runtime: HostRuntime, device: Interface): boolean {
  const settings = deviceSettings(runtime, device.name);
  settings.acceptsRedirects6 ??= ofDevice6(runtime.host, device.name, "accept_redirects", 1);
  return read(runtime, settings.acceptsRedirects6) !== 0;
}

/** IN_DEV_BFORWARD: directed broadcasts are forwarded, not taken, where `all` and the interface both say so. */
export function forwardsBroadcasts(runtime: HostRuntime, device: Interface): boolean {
  const both = ["all", device.name] as const;
  return both.every((name) => sysctl(runtime, confKey(4, name, "bc_forwarding"), 0) !== 0);
}
