import { type Address, formatAddress } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import type { PathAttributes } from "../messages/path-attributes.ts";

/** Where a route came from (RTS_* of nest/route.h, BIRD 1.6). */
export type RouteSource = "static" | "static-device" | "device" | "inherit" | "bgp";

/** What becomes of packets (RTD_*). */
export type RouteTarget = "router" | "device" | "multipath" | "blackhole" | "unreachable" | "prohibit";

export interface RibHop {
  readonly gateway: Address | null;
  readonly interface: string | null;
  readonly weight: number;
}

/**
 * What the kernel protocol knows or wants of a route: metric, rtnetlink protocol and scope, device of Calico's tunnel, source
 * address.
 */
export interface KernelAttributes {
  readonly metric: number | null;
  readonly source: number | null;
  /** Null: the one that BIRD expects, `link` for routes without a gateway, else `universe`. */
  readonly scope: number | null;
  readonly tunnel: string | null;
  readonly preferredSource: Address | null;
}

export const NO_KERNEL_ATTRIBUTES: KernelAttributes = {
  metric: null,
  source: null,
  scope: null,
  tunnel: null,
  preferredSource: null,
};

/** The protocol instance that a route belongs to, as far as choosing between routes goes. */
export interface RouteOwner {
  readonly name: string;
  /** Order in the configuration, which breaks ties between protocols of one preference. */
  readonly order: number;
  /** Null for protocols other than BGP. */
  readonly bgp: BgpOwner | null;
}

/** What the decision process asks about a BGP instance. */
export interface BgpOwner {
  readonly internal: boolean;
  readonly localAs: number;
  readonly remoteAs: number;
  readonly remoteAddress: Address;
  /** Of the neighbour, once it told. */
  readonly remoteId: number;
  readonly reflectorClient: boolean;
  readonly clusterId: number;
  readonly defaultLocalPref: number;
  readonly defaultMed: number;
  readonly medMetric: boolean;
  readonly preferOlder: boolean;
  readonly deterministicMed: boolean;
  readonly comparesPathLength: boolean;
  readonly comparesIgpMetric: boolean;
}

/** A route of the routing table (rte). Routes are never changed; the table puts another in the place. */
export interface RibRoute {
  readonly prefix: Prefix;
  readonly owner: RouteOwner;
  /** Tells several routes of one owner for one prefix apart: the path identifier received, else 0. */
  readonly path: number;
  readonly source: RouteSource;
  readonly preference: number;
  readonly target: RouteTarget;
  readonly hops: readonly RibHop[];
  /** Who told it; null: this host itself. */
  readonly from: Address | null;
  readonly attributes: PathAttributes | null;
  readonly kernel: KernelAttributes;
  /** The next hop was looked up in the table (`gateway recursive`). */
  readonly recursive: boolean;
  /** The next hop that was looked up, where a filter has put another one in its place since. */
  readonly lookedUp?: Address;
  /** Null: unknown. */
  readonly igpMetric: number | null;
  /** Virtual seconds. */
  readonly since: number;
}

/** Number that stands for a prefix of IPv4, text for one of IPv6. */
export type PrefixKey = number | string;

export function prefixKey({ address, length }: Prefix): PrefixKey {
  return address.family === 4
    ? address.a * 64 + length
    : `${address.a}:${address.b}:${address.c}:${address.d}/${length}`;
}

/** The same for an address. */
export function addressKey(address: Address): PrefixKey {
  return address.family === 4 ? address.a : formatAddress(address);
}

/** Whether packets can go by the route: a gateway, a device or several (rte_resolvable). */
export function isResolvable({ target }: RibRoute): boolean {
  return target === "router" || target === "device" || target === "multipath";
}
