import { ipv4 } from "../../net/address.ts";
import { pathAttributes } from "../messages/path-attributes.ts";
import type { RibRoute } from "../rib/route.ts";
import { boolean, integer, type Value, VOID } from "./value.ts";

/** The route in the hands of a filter: what `set` changes stands here until the filter accepts. */
export interface Draft {
  route: RibRoute;
}

/** Names of enumerations and constants that the language has. */
const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["RTS_DUMMY", { type: "enum", of: "source", value: "other" }],
  ["RTS_STATIC", { type: "enum", of: "source", value: "static" }],
  ["RTS_STATIC_DEVICE", { type: "enum", of: "source", value: "static-device" }],
  ["RTS_DEVICE", { type: "enum", of: "source", value: "device" }],
  ["RTS_INHERIT", { type: "enum", of: "source", value: "inherit" }],
  ["RTS_BGP", { type: "enum", of: "source", value: "bgp" }],
  ...[
    "RTS_REDIRECT",
    "RTS_RIP",
    "RTS_OSPF",
    "RTS_OSPF_IA",
    "RTS_OSPF_EXT1",
    "RTS_OSPF_EXT2",
    "RTS_PIPE",
    "RTS_BABEL",
  ].map((name): [string, Value] => [name, { type: "enum", of: "source", value: "other" }]),
  ["RTD_ROUTER", { type: "enum", of: "target", value: "router" }],
  ["RTD_DEVICE", { type: "enum", of: "target", value: "device" }],
  ["RTD_MULTIPATH", { type: "enum", of: "target", value: "multipath" }],
  ["RTD_BLACKHOLE", { type: "enum", of: "target", value: "blackhole" }],
  ["RTD_UNREACHABLE", { type: "enum", of: "target", value: "unreachable" }],
  ["RTD_PROHIBIT", { type: "enum", of: "target", value: "prohibit" }],
  ["ORIGIN_IGP", { type: "enum", of: "origin", value: 0 }],
  ["ORIGIN_EGP", { type: "enum", of: "origin", value: 1 }],
  ["ORIGIN_INCOMPLETE", { type: "enum", of: "origin", value: 2 }],
  ["SCOPE_HOST", { type: "enum", of: "scope", value: 0 }],
  ["SCOPE_LINK", { type: "enum", of: "scope", value: 1 }],
  ["SCOPE_SITE", { type: "enum", of: "scope", value: 2 }],
  ["SCOPE_ORGANIZATION", { type: "enum", of: "scope", value: 3 }],
  ["SCOPE_UNIVERSE", { type: "enum", of: "scope", value: 4 }],
]);

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
      return { type: "enum", of: "source", value: route.source };
    case "dest":
      return { type: "enum", of: "target", value: route.target };
    case "scope":
      return { type: "enum", of: "scope", value: 4 };
    case "preference":
      return integer(route.preference);
    case "igp_metric":
      return number(route.igpMetric);
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
      return typeof attributes?.origin === "number" ? { type: "enum", of: "origin", value: attributes.origin } : VOID;
    case "bgp_path":
      return { type: "path", value: attributes?.asPath ?? [] };
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
      return CONSTANTS.get(name) ?? null;
  }
}

/** Whether an attribute that reads as empty when it is absent is there (`defined`). */
export function isAttributeSet({ route }: Draft, name: string): boolean | null {
  const { attributes } = route;
  switch (name) {
    case "bgp_path":
      return attributes?.asPath !== null && attributes !== null;
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

/** Sets an attribute; false: there is none of the name, or the value does not fit. VOID takes it away. */
export function writeAttribute(draft: Draft, name: string, value: Value): boolean {
  const { route } = draft;
  const base = route.attributes ?? pathAttributes();
  const bgp = (fields: Partial<typeof base>): true => {
    draft.route = { ...route, attributes: { ...base, ...fields } };
    return true;
  };
  const kernel = (fields: Partial<RibRoute["kernel"]>): true => {
    draft.route = { ...route, kernel: { ...route.kernel, ...fields } };
    return true;
  };
  const gone = value.type === "void";
  const int = value.type === "int" ? value.value : null;
  switch (name) {
    case "preference":
      if (int === null || int < 0 || int > 0xffff) return false;
      draft.route = { ...route, preference: int };
      return true;
    case "gw":
      if (value.type !== "ip") return false;
      draft.route = {
        ...route,
        target: "router",
        hops: [{ gateway: value.value, interface: route.hops[0]?.interface ?? null, weight: 1 }],
      };
      return true;
    case "dest":
      if (value.type !== "enum" || value.of !== "target") return false;
      if (value.value !== "blackhole" && value.value !== "unreachable" && value.value !== "prohibit") return false;
      draft.route = { ...route, target: value.value, hops: [] };
      return true;
    case "krt_metric":
      return (gone || int !== null) && kernel({ metric: int });
    case "krt_scope":
      return (gone || int !== null) && kernel({ scope: int });
    case "krt_tunnel":
      if (gone) return kernel({ tunnel: null });
      return value.type === "string" && kernel({ tunnel: value.value });
    case "krt_prefsrc":
      if (gone) return kernel({ preferredSource: null });
      return value.type === "ip" && kernel({ preferredSource: value.value });
    case "bgp_origin":
      if (gone) return bgp({ origin: null });
      return value.type === "enum" && value.of === "origin" && bgp({ origin: value.value });
    case "bgp_path":
      if (gone) return bgp({ asPath: null });
      return value.type === "path" && bgp({ asPath: value.value });
    case "bgp_next_hop": {
      if (gone) return bgp({ nextHop: null });
      if (value.type !== "ip") return false;
      const lookedUp = route.lookedUp ?? base.nextHop;
      bgp({ nextHop: value.value, linkNextHop: null });
      // What was looked up before the import filter ran stays the way.
      if (route.recursive && lookedUp !== null) draft.route = { ...draft.route, lookedUp };
      return true;
    }
    case "bgp_med":
      return (gone || int !== null) && bgp({ med: int });
    case "bgp_local_pref":
      return (gone || int !== null) && bgp({ localPref: int });
    case "bgp_community":
      if (gone) return bgp({ communities: null });
      return value.type === "clist" && bgp({ communities: value.value });
    case "bgp_ext_community":
      if (gone) return bgp({ extendedCommunities: null });
      return value.type === "eclist" && bgp({ extendedCommunities: value.value });
    case "bgp_large_community":
      if (gone) return bgp({ largeCommunities: null });
      return value.type === "lclist" && bgp({ largeCommunities: value.value });
    case "bgp_originator_id":
      if (gone) return bgp({ originatorId: null });
      return value.type === "ip" && bgp({ originatorId: value.value.a });
    case "bgp_cluster_list":
      if (gone) return bgp({ clusterList: null });
      return value.type === "clist" && bgp({ clusterList: value.value });
    default:
      return false;
  }
}
