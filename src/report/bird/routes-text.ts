import type { AsPathSegment, PathAttributes } from "../../bgp/messages/path-attributes.ts";
import { lastAs } from "../../bgp/rib/as-path.ts";
import { isStale } from "../../bgp/rib/better.ts";
import { suppressedRoutes } from "../../bgp/rib/deterministic-med.ts";
import { isResolvable, type RibRoute } from "../../bgp/rib/route.ts";
import { lookUpRoute, netsOf, type RibNet } from "../../bgp/rib/table.ts";
import { refusedByKernel } from "../../bgp/speaker/kernel.ts";
import type { Speaker } from "../../bgp/speaker/speaker.ts";
import { type Address, formatAddress, ipv4, sameAddress } from "../../net/address.ts";
import { formatPrefix, type Prefix, samePrefix } from "../../net/prefix.ts";
import type { BirdClock } from "./clock.ts";

export interface RoutesQuestion {
  readonly all: boolean;
  /** `for A`: the destination that packets to it take. */
  readonly for: Address | null;
  /** `protocol P`: only routes of it. */
  readonly protocol: string | null;
  /** `show route PREFIX`: exactly that destination. */
  readonly net?: Prefix;
  /** `primary`: the best of each destination. */
  readonly primary?: boolean;
}

/** What `birdc show route` prints (rt_show_net of nest/rt-table.c, BIRD 1.6.8). */
export function routesText(speaker: Speaker, clock: BirdClock, question: RoutesQuestion): string {
  const { protocol } = question;
  if (protocol !== null && !speaker.protocols.some(({ configuration }) => configuration.name === protocol)) {
    return `${protocol} is not a protocol\n`;
  }
  const lines: string[] = [];
  const nets = netsAsked(speaker, question);
  const refused = speaker.kernels.map((item) => refusedByKernel(speaker, item));
  for (const net of nets) {
    let first = true;
    for (const route of net.routes) {
      if (question.protocol !== null && route.owner.name !== question.protocol) continue;
      const mark = route !== net.routes[0] ? "" : refused.some((numbers) => numbers.has(net.number)) ? " !" : " *";
      lines.push(row(route, net, clock, first, mark), ...hops(route));
      if (question.all) lines.push(...attributes(route));
      first = false;
      if (question.primary === true) break;
    }
  }
  if (nets.length === 0 && (question.for !== null || question.net !== undefined)) return "Network not in table\n";
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function netsAsked(speaker: Speaker, question: RoutesQuestion): readonly RibNet[] {
  const nets = [...netsOf(speaker.table)];
  const { net } = question;
  if (net !== undefined) return nets.filter(({ prefix }) => samePrefix(prefix, net));
  if (question.for === null) return inTableOrder(nets);
  const found = lookUpRoute(speaker.table, question.for);
  return nets.filter(({ routes }) => found !== null && routes[0] === found);
}

/** BIRD walks its hash table (nest/rt-fib.c), whose chains are in the order of the whole hash of 16 bits (ipa_hash), then as they came. */
function inTableOrder(nets: readonly RibNet[]): readonly RibNet[] {
  const place = ({ prefix }: RibNet): number => hash(prefix);
  return nets
    .map((net, index) => ({ net, index, place: place(net) }))
    .sort((x, y) => x.place - y.place || x.index - y.index)
    .map(({ net }) => net);
}

function hash({ address }: Prefix): number {
  if (address.family === 6) {
    const folded = (address.a ^ address.b ^ address.c ^ address.d) >>> 0;
    return (folded ^ (folded >>> 16) ^ (folded >>> 8)) & 0xffff;
  }
  let value = (address.a ^ address.b ^ address.c ^ address.d) >>> 0;
  value = (value ^ (value >>> 16)) >>> 0;
  return (value ^ (value << 10)) & 0xffff;
}

const TARGETS = { blackhole: "blackhole", unreachable: "unreachable", prohibit: "prohibited", multipath: "multipath" };

function row(route: RibRoute, net: RibNet, clock: BirdClock, first: boolean, mark: string): string {
  const [hop] = route.hops;
  const { target } = route;
  const way =
    target === "router"
      ? `via ${hop?.gateway == null ? "0.0.0.0" : formatAddress(hop.gateway)} on ${hop?.interface ?? "?"}`
      : target === "device"
        ? `dev ${hop?.interface ?? "?"}`
        : TARGETS[target];
  const gateway = target === "router" ? (hop?.gateway ?? null) : null;
  const from =
    route.from === null || (gateway !== null && sameAddress(route.from, gateway))
      ? ""
      : ` from ${formatAddress(route.from)}`;
  const prefix = first ? formatPrefix(route.prefix) : "";
  return `${prefix.padEnd(18)} ${way} [${route.owner.name} ${clock(route.since)}${from}]${mark}${info(route, net)}`;
}

/** bgp_get_route_info(), or the preference alone. */
function info(route: RibRoute, net: RibNet): string {
  if (route.source !== "bgp") return ` (${route.preference})`;
  const marks = `${suppressedRoutes(net.routes).has(route) ? "-" : ""}${isStale(route) ? "s" : ""}`;
  const metric = route.recursive ? (isResolvable(route) ? `/${route.igpMetric ?? "?"}` : "/-") : "";
  const as = lastAs(route.attributes?.asPath ?? []);
  return ` (${route.preference}${marks}${metric}) [${as === null ? "" : `AS${as}`}${"ie?"[route.attributes?.origin ?? 2] ?? "?"}]`;
}

function hops(route: RibRoute): readonly string[] {
  if (route.target !== "multipath") return [];
  return route.hops.map(({ gateway, interface: device, weight }) => {
    return `\tvia ${gateway === null ? "0.0.0.0" : formatAddress(gateway)} on ${device ?? "?"} weight ${weight}`;
  });
}

const SOURCES = {
  static: "static",
  "static-device": "static-device",
  device: "device",
  inherit: "inherit",
  bgp: "BGP",
};
const ORIGINS = ["IGP", "EGP", "Incomplete"];

/** rta_show() of nest/rt-attr.c. */
function attributes(route: RibRoute): readonly string[] {
  const lines = [`\tType: ${SOURCES[route.source]} unicast univ`];
  if (route.attributes !== null) lines.push(...bgpAttributes(route.attributes));
  const { kernel } = route;
  if (kernel.source !== null) lines.push(`\tKernel.source: ${kernel.source}`);
  if (kernel.metric !== null) lines.push(`\tKernel.metric: ${kernel.metric}`);
  if (kernel.scope !== null) lines.push(`\tKernel.scope: ${kernel.scope}`);
  if (kernel.preferredSource !== null) lines.push(`\tKernel.prefsrc: ${formatAddress(kernel.preferredSource)}`);
  return lines;
}

/** Attributes of BGP, as both releases write them. */
export function bgpAttributes(found: PathAttributes): readonly string[] {
  const lines: string[] = [];
  const add = (name: string, value: string | number | null | undefined): void => {
    if (value !== null && value !== undefined) lines.push(`\tBGP.${name}: ${value}`);
  };
  const id = (value: number): string => formatAddress(ipv4(value));
  add("origin", found.origin === null ? null : ORIGINS[found.origin]);
  add("as_path", found.asPath === null ? null : found.asPath.map(segment).join(" "));
  const nextHops = [found.nextHop, found.linkNextHop].filter((hop) => hop !== null);
  if (nextHops.length > 0) add("next_hop", nextHops.map(formatAddress).join(" "));
  add("med", found.med);
  add("local_pref", found.localPref);
  if (found.atomicAggregate) add("atomic_aggr", "");
  if (found.aggregator !== null) add("aggregator", `${id(found.aggregator.address)} AS${found.aggregator.as}`);
  add("community", found.communities?.map((item) => `(${item >>> 16},${item & 0xffff})`).join(" "));
  add("originator_id", found.originatorId === null ? null : id(found.originatorId));
  add("cluster_list", found.clusterList?.map(id).join(" "));
  add("ext_community", found.extendedCommunities?.map(extendedText).join(" "));
  add("large_community", found.largeCommunities?.map((item) => `(${item.join(", ")})`).join(" "));
  return lines;
}

const EXTENDED_KINDS: ReadonlyMap<number, string> = new Map([
  [2, "rt"],
  [3, "ro"],
]);

/** ec_format() of nest/a-set.c. */
function extendedText([high, low]: readonly [number, number]): string {
  const form = (high >>> 24) & 0xbf;
  const subtype = (high >>> 16) & 0xff;
  const kind = EXTENDED_KINDS.get(subtype) ?? `unknown 0x${(high >>> 16).toString(16)}`;
  const long = (((high & 0xffff) << 16) | (low >>> 16)) >>> 0;
  if (form === 0) return `(${kind}, ${high & 0xffff}, ${low})`;
  if (form === 1) return `(${kind}, ${formatAddress(ipv4(long))}, ${low & 0xffff})`;
  if (form === 2) return `(${kind}, ${long}, ${low & 0xffff})`;
  return `(generic, 0x${high.toString(16)}, 0x${low.toString(16)})`;
}

function segment({ kind, numbers }: AsPathSegment): string {
  const text = numbers.join(" ");
  switch (kind) {
    case "sequence":
      return text;
    case "set":
      return `{${text}}`;
    case "confederation-sequence":
      return `(${text})`;
    case "confederation-set":
      return `({${text}})`;
  }
}
