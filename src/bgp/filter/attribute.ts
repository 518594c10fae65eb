import { ipv4 } from "../../net/address.ts";
import { pathAttributes } from "../messages/path-attributes.ts";
import type { RibRoute, RouteSource, RouteTarget } from "../rib/route.ts";
import { ROA_STATES } from "./roa.ts";
import { boolean, integer, type Value, VOID } from "./value.ts";

/** The route in the hands of a filter: what `set` changes stands here until the filter accepts. */
export interface Draft {
  /** As the filter sees it, and as what a route is exported to gets it. */
  route: RibRoute;
  /** As a table keeps it: without what is set for the time of the filter alone. */
  stored: RibRoute;
  /** Attributes that were set of which it matters (EAF_FRESH); null: none. */
  fresh: Set<string> | null;
}

/** BIRD 2 tells others these only where the export filter has set them. */
const FRESH: ReadonlySet<string> = new Set(["bgp_med", "bgp_next_hop"]);

/** Numbers of where routes come from (RTS_* of nest/route.h, BIRD 1.6). */
const SOURCES: Readonly<Record<RouteSource, number>> = {
  static: 1,
  inherit: 2,
  device: 3,
  "static-device": 4,
  bgp: 11,
};

/** Numbers of what becomes of packets (RTD_*). */
const TARGETS: Readonly<Record<RouteTarget, number>> = {
  router: 0,
  device: 1,
  blackhole: 2,
  unreachable: 3,
  prohibit: 4,
  multipath: 5,
};

/** What becomes of packets, by its number; undefined: there is none. */
export function targetOf(number: number): string | undefined {
  return Object.entries(TARGETS).find(([, one]) => one === number)?.[0];
}

type Enumeration = Value & { readonly type: "enum" };

function enumeration(of: Enumeration["of"], prefix: string, numbers: Readonly<Record<string, number>>) {
  return Object.entries(numbers).map(([name, value]): [string, Value] => [
    `${prefix}${name.toUpperCase().replaceAll("-", "_")}`,
    { type: "enum", of, value },
  ]);
}

/** Names of enumerations that the language has. */
const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...enumeration("source", "RTS_", SOURCES),
  ...enumeration("source", "RTS_", { dummy: 0, redirect: 5, rip: 6, ospf: 7, ospf_ia: 8, ospf_ext1: 9, ospf_ext2: 10 }),
  ...enumeration("source", "RTS_", { pipe: 12, babel: 13 }),
  ...enumeration("target", "RTD_", TARGETS),
  ...enumeration("origin", "ORIGIN_", { igp: 0, egp: 1, incomplete: 2 }),
  ...enumeration("scope", "SCOPE_", { host: 0, link: 1, site: 2, organization: 3, universe: 4 }),
  ...enumeration("roa", "ROA_", ROA_STATES),
  ...enumeration("cast", "RTC_", { unicast: 0, broadcast: 1, multicast: 2, anycast: 3 }),
]);

/** Attributes of protocols that are not followed: no route has them, and what is written to them goes nowhere. */
const OF_OTHERS =
  /^(?:ospf_(?:metric[12]|tag|router_id)|rip_(?:metric|tag)|babel_metric|radv_(?:preference|lifetime))$/;

/** Attributes that a filter may have and podpath does not keep, though what is written to them matters. */
const NOT_KEPT = /^(?:scope|igp_metric|krt_(?!metric$|source$|scope$|tunnel$|prefsrc$)\w+)$/;

/** Whether what a filter writes to the attribute is lost, though it matters. */
export function isNotKept(name: string): boolean {
  return NOT_KEPT.test(name);
}

/** The value of an attribute of the route, or of a constant of the language; null: neither has the name. */
export function readAttribute({ route }: Draft, name: string): Value | null {
  const { attributes, kernel } = route;
  const hop = route.hops[0] ?? null;
  const number = (value: number | null | undefined): Value => (typeof value === "number" ? integer(value) : VOID);
  switch (name) {
    case "net":
      return { type: "prefix", value: route.prefix };
    case "from":
      return { type: "ip", value: route.from ?? ipv4(0) };
    case "gw":
      return { type: "ip", value: hop?.gateway ?? ipv4(0) };
    case "ifname":
      return { type: "string", value: hop?.interface ?? "" };
    case "proto":
      return { type: "string", value: route.owner.name };
    case "source":
      return { type: "enum", of: "source", value: SOURCES[route.source] };
    case "dest":
      return { type: "enum", of: "target", value: TARGETS[route.target] };
    case "scope":
      return { type: "enum", of: "scope", value: 4 };
    case "cast":
      return { type: "enum", of: "cast", value: 0 };
    case "preference":
      return integer(route.preference);
    // an attribute that a filter may set, and not the distance of the next hop (EA_GEN_IGP_METRIC)
    case "igp_metric":
      return VOID;
    case "krt_metric":
      return number(kernel.metric);
    case "krt_source":
      return number(kernel.source);
    case "krt_scope":
      return number(kernel.scope);
    case "krt_tunnel":
      return kernel.tunnel === null ? VOID : { type: "string", value: kernel.tunnel };
    case "krt_prefsrc":
      return kernel.preferredSource === null ? VOID : { type: "ip", value: kernel.preferredSource };
    case "bgp_origin":
      // a number, which is the same as none of ORIGIN_* (f_interpret of 1.6.8: EAF_TYPE_INT)
      return number(attributes?.origin);
    case "bgp_path":
      return attributes?.asPath == null ? VOID : { type: "path", value: attributes.asPath };
    case "bgp_aggregator":
      return attributes?.aggregator == null ? VOID : boolean(true);
    case "bgp_next_hop": {
      const next = attributes?.nextHop;
      return next === undefined || next === null ? VOID : { type: "ip", value: next };
    }
    case "bgp_med":
      return number(attributes?.med);
    case "bgp_local_pref":
      return number(attributes?.localPref);
    case "bgp_atomic_aggr":
      return attributes?.atomicAggregate === true ? boolean(true) : VOID;
    case "bgp_community":
      return { type: "clist", value: attributes?.communities ?? [] };
    case "bgp_ext_community":
      return { type: "eclist", value: attributes?.extendedCommunities ?? [] };
    case "bgp_large_community":
      return { type: "lclist", value: attributes?.largeCommunities ?? [] };
    case "bgp_originator_id":
      return typeof attributes?.originatorId === "number" ? { type: "ip", value: ipv4(attributes.originatorId) } : VOID;
    case "bgp_cluster_list":
      return { type: "clist", value: attributes?.clusterList ?? [] };
    default:
      return CONSTANTS.get(name) ?? (OF_OTHERS.test(name) || isNotKept(name) ? VOID : null);
  }
}

/** Whether an attribute that reads as empty when it is absent is there (`defined`). */
export function isAttributeSet({ route }: Draft, name: string): boolean | null {
  const { attributes } = route;
  switch (name) {
    case "bgp_community":
      return attributes?.communities !== null && attributes !== null;
    case "bgp_ext_community":
      return attributes?.extendedCommunities !== null && attributes !== null;
    case "bgp_large_community":
      return attributes?.largeCommunities !== null && attributes !== null;
    case "bgp_cluster_list":
      return attributes?.clusterList !== null && attributes !== null;
    default:
      return null;
  }
}

/** Attributes that live as long as a filter runs (EAF_TEMP), as does what `unset` leaves. */
const TEMPORARY: ReadonlySet<string> = new Set(["krt_metric", "krt_source"]);

/** Sets an attribute; false: there is none of the name, or the value does not fit. VOID takes it away. */
export function writeAttribute(draft: Draft, name: string, value: Value): boolean {
  const { route, stored } = draft;
  const written = writtenTo(route, name, value);
  if (written === null) return false;
  draft.route = written;
  if (FRESH.has(name)) {
    draft.fresh ??= new Set();
    if (value.type === "void") draft.fresh.delete(name);
    else draft.fresh.add(name);
  }
  if (value.type === "void" || TEMPORARY.has(name)) return true;
  draft.stored = stored === route ? written : (writtenTo(stored, name, value) ?? stored);
  return true;
}

function writtenTo(route: RibRoute, name: string, value: Value): RibRoute | null {
  const base = route.attributes ?? pathAttributes();
  const bgp = (fields: Partial<typeof base>): RibRoute => ({ ...route, attributes: { ...base, ...fields } });
  const kernel = (fields: Partial<RibRoute["kernel"]>): RibRoute => ({
    ...route,
    kernel: { ...route.kernel, ...fields },
  });
  const gone = value.type === "void";
  const int = value.type === "int" ? value.value : null;
  switch (name) {
    case "preference":
      return int === null || int > 0xffff ? null : { ...route, preference: int };
    case "krt_metric":
      return gone || int !== null ? kernel({ metric: int }) : null;
    case "krt_source":
      return gone || int !== null ? route : null;
    case "krt_scope":
      return gone || int !== null ? kernel({ scope: int }) : null;
    case "krt_tunnel":
      if (gone) return kernel({ tunnel: null });
      return value.type === "string" ? kernel({ tunnel: value.value }) : null;
    case "krt_prefsrc":
      if (gone) return kernel({ preferredSource: null });
      return value.type === "ip" ? kernel({ preferredSource: value.value }) : null;
    case "bgp_origin":
      if (gone) return bgp({ origin: null });
      return int !== null || value.type === "enum" ? bgp({ origin: int ?? Number(value.value) }) : null;
    case "bgp_path":
      if (gone) return bgp({ asPath: null });
      return value.type === "path" ? bgp({ asPath: value.value }) : null;
    case "bgp_next_hop": {
      if (gone) return bgp({ nextHop: null });
      if (value.type !== "ip") return null;
      const lookedUp = route.lookedUp ?? base.nextHop;
      const hopped = bgp({ nextHop: value.value, linkNextHop: null });
      // What was looked up before the import filter ran stays the way.
      return route.recursive && lookedUp !== null ? { ...hopped, lookedUp } : hopped;
    }
    case "bgp_med":
      return gone || int !== null ? bgp({ med: int }) : null;
    case "bgp_local_pref":
      return gone || int !== null ? bgp({ localPref: int }) : null;
    case "bgp_community":
      if (gone) return bgp({ communities: null });
      return value.type === "clist" ? bgp({ communities: value.value }) : null;
    case "bgp_ext_community":
      if (gone) return bgp({ extendedCommunities: null });
      return value.type === "eclist" ? bgp({ extendedCommunities: value.value }) : null;
    case "bgp_large_community":
      if (gone) return bgp({ largeCommunities: null });
      return value.type === "lclist" ? bgp({ largeCommunities: value.value }) : null;
    case "bgp_originator_id":
      if (gone) return bgp({ originatorId: null });
      return value.type === "ip" ? bgp({ originatorId: value.value.a }) : null;
    case "bgp_cluster_list":
      if (gone) return bgp({ clusterList: null });
      return value.type === "clist" ? bgp({ clusterList: value.value }) : null;
    default:
      return OF_OTHERS.test(name) || isNotKept(name) ? route : null;
  }
}
