import { type OriginTable, originAt } from "../../model/origin.ts";
import {
  type NextHop,
  nextHop,
  type Route,
  type RouteType,
  route,
  TABLE_LOCAL,
  TABLE_MAIN,
} from "../../model/route.ts";
import { type Address, type Family, parseAddress } from "../../net/address.ts";
import type { DumpFindings } from "../dump-findings.ts";
import { quote } from "../dump-text.ts";
import { protocolName, tableNumber, tosValue, unsigned } from "./names.ts";
import { parseDestination } from "./parse-address.ts";

/** A next hop in the words of the dump. */
export interface WrittenHop {
  gateway: string | null;
  /** `via inet6 …`: the gateway is of the other family. */
  otherFamily: boolean;
  device: string | null;
  weight: number;
  flags: string[];
}

/** A route in the words of the dump, text and JSON alike; null where nothing is said. */
export interface WrittenRoute {
  readonly line: number;
  type: string | null;
  destination: string;
  /** The hop of a single-path route; its flags are the route's. */
  readonly hop: WrittenHop;
  /** The hops of a multipath route. */
  readonly hops: WrittenHop[];
  table: string | null;
  protocol: string | null;
  scope: string | null;
  metric: number | null;
  source: string | null;
  tos: string | null;
  mtu: number;
  mtuLocked: boolean;
  /** `hoplimit` and `advmss`; 0 when unset. */
  hopLimit: number;
  advertisedMss: number;
  /** `expires 1799sec`; null: it stays. */
  expires: number | null;
  /** `pref` is printed for IPv6 only. */
  hasPreference: boolean;
  /** `nhid N`. */
  nextHopObject: string | null;
  /** `realm`, `realms FROM/TO`. */
  realm: string | null;
  /** Source prefix of IPv6 subtrees. */
  from: string | null;
  encapsulation: string | null;
}

export interface RouteContext {
  readonly family: Family;
  readonly table: number | null;
  readonly typed: boolean;
  readonly origins: OriginTable;
  readonly file: number;
  readonly findings: DumpFindings;
}

export function writtenHop(): WrittenHop {
  return { gateway: null, otherFamily: false, device: null, weight: 1, flags: [] };
}

export function writtenRoute(line: number): WrittenRoute {
  return {
    line,
    type: null,
    destination: "",
    hop: writtenHop(),
    hops: [],
    table: null,
    protocol: null,
    scope: null,
    metric: null,
    source: null,
    tos: null,
    mtu: 0,
    mtuLocked: false,
    hopLimit: 0,
    advertisedMss: 0,
    expires: null,
    hasPreference: false,
    nextHopObject: null,
    realm: null,
    from: null,
    encapsulation: null,
  };
}

const TYPES: ReadonlyMap<string, RouteType> = new Map(
  (
    ["unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw"] as const
  ).map((type) => [type, type]),
);

/** True for every word that may stand before the destination. */
export function isRouteType(word: string): boolean {
  return TYPES.has(word) || word === "nat" || word === "xresolve";
}

const SCOPES: ReadonlyMap<string, Route["scope"]> = new Map([
  ["global", "global"],
  ["universe", "global"],
  ["site", "site"],
  ["link", "link"],
  ["host", "host"],
  ["nowhere", "nowhere"],
  ["0", "global"],
  ["200", "site"],
  ["253", "link"],
  ["254", "host"],
  ["255", "nowhere"],
]);

/** Metric of IPv6 routes that give none (IP6_RT_PRIO_USER, include/uapi/linux/ipv6_route.h). */
const IP6_RT_PRIO_USER = 1024;

/** The route that an entry tells of; null, with a finding, when it cannot be read or modelled. */
export function buildRoute(written: WrittenRoute, context: RouteContext): Route | null {
  const { findings } = context;
  const { line } = written;
  const type = TYPES.get(written.type ?? "unicast");
  if (type === undefined) {
    findings.add(
      "unmodelled-route",
      "error",
      line,
      `Route type ${quote(written.type ?? "")} is not modelled; the route is left out.`,
    );
    return null;
  }
  const family = familyOf(written, context.family);
  const destination = parseDestination(written.destination, family);
  if (destination === null) {
    findings.add("unreadable-address", "error", line, `${quote(written.destination)} is no destination.`, {
      expected: "an address, a prefix or `default`",
    });
    return null;
  }
  if (written.from !== null && written.from !== "default" && written.from !== "::/0") {
    findings.add(
      "unmodelled-route",
      "error",
      line,
      "Routes by source prefix (`from`) are not modelled; the route is left out.",
    );
    return null;
  }
  if (written.encapsulation !== null) {
    findings.add(
      "unmodelled-option",
      "warning",
      line,
      `Route encapsulation (\`encap ${written.encapsulation}\`) is not modelled.`,
    );
  }
  const nextHops = nextHopsOf(written, context);
  if (nextHops === null) return null;
  if (nextHops.length === 0 && written.nextHopObject !== null && type === "unicast") {
    findings.add(
      "unmodelled-route",
      "error",
      line,
      `Next-hop object ${written.nextHopObject} is not printed with the route; the route is left out.`,
      {
        advice: "Collect with sysctl net.ipv4.nexthop_compat_mode=1.",
      },
    );
    return null;
  }
  return route({
    destination,
    table:
      written.table === null ? (context.table ?? ownTable(type, context)) : tableNumber(written.table, line, findings),
    type,
    nextHops,
    metric: written.metric ?? (family === 6 ? IP6_RT_PRIO_USER : 0),
    scope: scopeOf(written, type, family, context),
    protocol: protocolName(written.protocol ?? "boot"),
    preferredSource: addressOf(written.source, "preferred source", line, findings),
    tos: tosOf(written, findings),
    mtu: written.mtu,
    nextHopId: written.nextHopObject === null ? null : unsigned(written.nextHopObject, 0xffffffff),
    realm: written.realm,
    ...(written.mtuLocked ? { mtuLocked: true as const } : {}),
    ...(written.hopLimit === 0 ? {} : { hopLimit: written.hopLimit }),
    ...(written.advertisedMss === 0 ? {} : { advertisedMss: written.advertisedMss }),
    ...(written.expires === null || family === 4 ? {} : { expires: written.expires }),
    origin: originAt(context.origins, context.file, line),
  });
}

/** What the entry itself gives away, else what the dump is said to be. */
function familyOf(written: WrittenRoute, hint: Family): Family {
  if (written.destination.includes(":")) return 6;
  if (written.destination.includes(".")) return 4;
  for (const hop of [written.hop, ...written.hops]) {
    if (hop.gateway !== null) return hop.gateway.includes(":") === hop.otherFamily ? 4 : 6;
  }
  if (written.source !== null) return written.source.includes(":") ? 6 : 4;
  return written.hasPreference ? 6 : hint;
}

/** Null when a gateway cannot be read: a hop that is left out would change the choice among the others. */
function nextHopsOf(written: WrittenRoute, context: RouteContext): readonly NextHop[] | null {
  const hops = written.hops.length > 0 ? written.hops : [written.hop];
  const result: NextHop[] = [];
  for (const hop of hops) {
    if (hop.gateway === null && hop.device === null && hops.length === 1) continue;
    const gateway = addressOf(hop.gateway, "gateway", written.line, context.findings);
    if (gateway === null && hop.gateway !== null) return null;
    for (const flag of hop.flags) {
      if (!HOP_FLAGS.has(flag)) {
        context.findings.once("ignored-option", "info", written.line, `Route flag \`${flag}\` has no effect here.`);
      }
    }
    result.push(
      nextHop({
        gateway,
        interface: hop.device,
        // The weight of an only hop means nothing, and the kernel does not keep it.
        weight: hops.length === 1 ? 1 : hop.weight,
        onlink: hop.flags.includes("onlink"),
        linkdown: hop.flags.includes("linkdown"),
        dead: hop.flags.includes("dead"),
      }),
    );
  }
  return result;
}

/** `offload`, `trap` and their kin say what hardware does with the route. */
const HOP_FLAGS: ReadonlySet<string> = new Set([
  "onlink",
  "linkdown",
  "dead",
  "offload",
  "offload_failed",
  "rt_offload",
]);

/** `ip route add` puts what is not of other machines into the table `local`, `ip route show` names every table but the one that it is asked for. */
function ownTable(type: RouteType, { typed }: RouteContext): number {
  return typed && (type === "local" || type === "broadcast" || type === "anycast") ? TABLE_LOCAL : TABLE_MAIN;
}

function scopeOf(written: WrittenRoute, type: RouteType, family: Family, context: RouteContext): Route["scope"] {
  if (written.scope !== null) {
    const scope = SCOPES.get(written.scope);
    if (scope !== undefined) return scope;
    context.findings.add(
      "unmodelled-option",
      "warning",
      written.line,
      `Scope ${quote(written.scope)} is read as \`global\`.`,
    );
    return "global";
  }
  if (!context.typed || family === 6) return "global";
  if (type === "local") return "host";
  if (type === "broadcast" || type === "multicast" || type === "anycast") return "link";
  return type === "unicast" && written.hop.gateway === null && written.hops.length === 0 ? "link" : "global";
}

function tosOf(written: WrittenRoute, findings: DumpFindings): number {
  if (written.tos === null) return 0;
  const value = tosValue(written.tos);
  if (value !== null) return value;
  findings.add(
    "unmodelled-option",
    "warning",
    written.line,
    `TOS ${quote(written.tos)} is not known; the route is read without it.`,
  );
  return 0;
}

function addressOf(text: string | null, what: string, line: number, findings: DumpFindings): Address | null {
  if (text === null) return null;
  const address = parseAddress(text);
  if (address === null) {
    findings.add("unreadable-address", "error", line, `${quote(text)} is no ${what}.`, { expected: "an IP address" });
  }
  return address;
}
