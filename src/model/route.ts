import type { Address, Family } from "../net/address.ts";
import type { Prefix } from "../net/prefix.ts";
import type { AssumptionCode } from "./codes/assumption-codes.ts";
import { layering } from "./layered-list.ts";
import type { Origin } from "./origin.ts";

/** rtnetlink route types that occur in dumps. */
export type RouteType =
  | "unicast"
  | "local"
  | "broadcast"
  | "anycast"
  | "multicast"
  | "blackhole"
  | "unreachable"
  | "prohibit"
  | "throw";

export interface NextHop {
  /** Gateway, null for an on-link route. May be of the other family (`via inet6`). */
  readonly gateway: Address | null;
  readonly interface: string | null;
  /** Multipath weight, from 1. */
  readonly weight: number;
  readonly onlink: boolean;
  readonly linkdown: boolean;
  readonly dead: boolean;
}

/** Reserved table numbers. */
export const TABLE_DEFAULT = 253;
export const TABLE_MAIN = 254;
export const TABLE_LOCAL = 255;

/** A protocol of BIRD: its name, and whom it talks to where it is BGP. */
export interface RouteCarrier {
  readonly name: string;
  readonly bgp: { readonly remoteAddress: Address } | null;
}

export interface Route {
  readonly family: Family;
  /** Table number; names of rt_tables are resolved by the readers. */
  readonly table: number;
  readonly type: RouteType;
  readonly destination: Prefix;
  readonly nextHops: readonly NextHop[];
  readonly metric: number;
  readonly scope: "global" | "site" | "link" | "host" | "nowhere";
  /** `kernel`, `boot`, `static`, `bird`, `dhcp`, `ra`, or a number as text. */
  readonly protocol: string;
  /** `src`: preferred source address. */
  readonly preferredSource: Address | null;
  /** TOS selector; 0 matches any. */
  readonly tos: number;
  /** Route MTU; 0 when unset. */
  readonly mtu: number;
  /** `nhid`: the next-hop object (`ip nexthop`) whose hops these are; null for hops of the route's own. */
  readonly nextHopId: number | null;
  /** `realm`: the class that the route gives to packets (`-m realm`, tc); null when unset. */
  readonly realm: string | null;
  /** `mtu lock`: path MTU discovery changes nothing, and IPv4 does not ask for it (DF). Absent: not locked. */
  readonly mtuLocked?: true;
  /** `hoplimit`: TTL or hop limit of what the host sends by it; absent: the host's own. */
  readonly hopLimit?: number;
  /** `advmss`: the segment size that TCP tells of; absent: what fits into the MTU. */
  readonly advertisedMss?: number;
  /** Seconds after the dump at which an IPv6 route ends (`expires`, of a router advertisement); absent: never. */
  readonly expires?: number;
  /** Absent: it is as certain as the routes of its host are. */
  readonly assumption?: AssumptionCode;
  /** The protocol of a BIRD that ran here and programmed it; absent for what was read or derived. */
  readonly carrier?: RouteCarrier;
  readonly origin: Origin;
}

/** A route at rest: unicast, main table, metric 0, proto boot. Give what differs. */
export function route(fields: Partial<Route> & Pick<Route, "destination">): Route {
  return {
    family: fields.destination.address.family,
    table: TABLE_MAIN,
    type: "unicast",
    nextHops: [],
    metric: 0,
    scope: "global",
    protocol: "boot",
    preferredSource: null,
    tos: 0,
    mtu: 0,
    nextHopId: null,
    realm: null,
    origin: 0,
    ...fields,
  };
}

/** A next hop at rest. */
export function nextHop(fields: Partial<NextHop>): NextHop {
  return { gateway: null, interface: null, weight: 1, onlink: false, linkdown: false, dead: false, ...fields };
}

/** Routes of a host that shares most of them with others (`Host.routes`). */
export const layeredRoutes = layering<Route>();
