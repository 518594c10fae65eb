import type { Address } from "../net/address.ts";
import type { Prefix } from "../net/prefix.ts";
import type { ConnectionCleaning } from "./connection-cleaning.ts";
import type { BgpSession } from "./evidence.ts";
import type { Host } from "./host.ts";
import type { Link } from "./link.ts";
import type { NameService } from "./name-lookup.ts";
import { type Origin, type OriginTable, originTable } from "./origin.ts";
import type { Route } from "./route.ts";

/** A Service as far as probes need it: a name for addresses and ports. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
  readonly clusterIPs: readonly Address[];
  readonly ports: readonly { readonly name: string; readonly protocol: number; readonly port: number }[];
}

/** A name that can stand in a probe for a host and its address. */
export interface EndpointName {
  /** Host that owns it. */
  readonly host: string;
  readonly addresses: readonly Address[];
  /** True when the host is not in the Network (a pod whose node was not dumped). */
  readonly unmodelled: boolean;
}

/** A route of machines that nobody dumped: what reaches the fabric for these addresses goes on to `via`. */
export interface FabricRoute {
  readonly destination: Prefix;
  /** Null: the machines on the segment themselves. */
  readonly via: Address | null;
  /** Name of the link it holds on; null for all. */
  readonly segment: string | null;
  readonly origin: Origin;
}

/** A share of the packets of a link, in both directions, that is lost: 1 is all of them. ARP and neighbour discovery are not concerned. */
export interface Loss {
  readonly share: number;
  readonly origin: Origin;
}

/** BGP that ran, as it stands. */
export interface NetworkBgp {
  /** Of all hosts with a BIRD, each as its own side tells it. */
  readonly sessions: readonly (BgpSession & { readonly host: string })[];
  /** The routes of a host were all its sessions up. */
  expected(host: string): readonly Route[];
}

/** The whole model. Immutable: change it with immer into a new one. */
export interface Network {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly links: readonly Link[];
  /** The link of a device, found without making others. Absent: by `links`. */
  readonly linkOf?: (host: string, device: string) => Link | null;
  readonly origins: OriginTable;
  /** `pod/ns/name`, `node/name`, `host/name` → host and addresses. */
  readonly endpoints: ReadonlyMap<string, EndpointName>;
  readonly services: ReadonlyMap<string, ServiceName>;
  /** `fabric.routes` of a snapshot. Without them, machines that nobody dumped have no route to the pools. */
  readonly fabricRoutes: readonly FabricRoute[];
  /** When the dumps were taken, in seconds since 1970 (`collectedAt`); absent: not known. */
  readonly collectedAt?: number;
  /** CIDRs that pods have their addresses from. */
  readonly pools: readonly Prefix[];
  /** Links that lose packets, by name. */
  readonly losses?: ReadonlyMap<string, Loss>;
  /** The BGP that ran among the hosts and left their routes; absent where routes are as dumped, or taken for granted. */
  readonly bgp?: NetworkBgp;
  /** The file that says what no manifest says of its machines (`nodes.yaml`); absent: they were dumped. */
  readonly declaredIn?: string;
  /** Who takes connections out of tables as the cluster changes; absent: nobody is known to. */
  readonly cleaning?: ConnectionCleaning;
  /** How programs find the addresses of names. */
  readonly names: NameService;
}

/** Puts a network together. `links` may be a getter: it is not asked here. */
export function network(fields: Partial<Network>): Network {
  const empty: Network = {
    hosts: new Map(),
    links: [],
    origins: originTable(),
    endpoints: new Map(),
    services: new Map(),
    fabricRoutes: [],
    pools: [],
    names: () => null,
  };
  return Object.defineProperties(empty, Object.getOwnPropertyDescriptors(fields));
}
