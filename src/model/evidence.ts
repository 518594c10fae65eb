import type { Address } from "../net/address.ts";
import type { Prefix } from "../net/prefix.ts";
import type { BirdConfiguration } from "./bird/configuration.ts";
import type { Origin } from "./origin.ts";

/**
 * What dumps of one host say that decides about no packet: states, counters and messages of the time of the dump. It stands
 * beside the Network, never in it; `check` holds it against the Host. Neighbour states are in `Host.neighbours`.
 */
export interface Evidence {
  readonly daemons: readonly DaemonStatus[];
  readonly birds: readonly BirdStatus[];
  readonly birdProtocols: readonly BirdProtocol[];
  readonly bgpSessions: readonly BgpSession[];
  readonly birdRoutes: readonly BirdRoute[];
  readonly birdInterfaces: readonly BirdInterface[];
  /** What BIRD was told to do: bird.cfg, bird6.cfg. */
  readonly birdConfigurations: readonly BirdConfiguration[];
  readonly counters: readonly Counter[];
  readonly conntrackStatistics: readonly ConntrackStatistic[];
  readonly logLines: readonly LogLine[];
  readonly firewalls: readonly FirewallStatus[];
}

/** A host of which nothing but its configuration was dumped. Give what differs. */
export function evidence(fields: Partial<Evidence>): Evidence {
  return {
    daemons: [],
    birds: [],
    birdProtocols: [],
    bgpSessions: [],
    birdRoutes: [],
    birdInterfaces: [],
    birdConfigurations: [],
    counters: [],
    conntrackStatistics: [],
    logLines: [],
    firewalls: [],
    ...fields,
  };
}

/** Two files about one host: what they say is put one after the other. */
export function joinEvidence(first: Evidence, second: Evidence): Evidence {
  return {
    daemons: [...first.daemons, ...second.daemons],
    birds: [...first.birds, ...second.birds],
    birdProtocols: [...first.birdProtocols, ...second.birdProtocols],
    bgpSessions: [...first.bgpSessions, ...second.bgpSessions],
    birdRoutes: [...first.birdRoutes, ...second.birdRoutes],
    birdInterfaces: [...first.birdInterfaces, ...second.birdInterfaces],
    birdConfigurations: [...first.birdConfigurations, ...second.birdConfigurations],
    counters: [...first.counters, ...second.counters],
    conntrackStatistics: [...first.conntrackStatistics, ...second.conntrackStatistics],
    logLines: [...first.logLines, ...second.logLines],
    firewalls: [...first.firewalls, ...second.firewalls],
  };
}

/** What `calicoctl node status` says about the processes of the node: `bird` is of IPv4, `bird6` of IPv6. */
export interface DaemonStatus {
  readonly daemon: "calico-node" | "bird" | "bird6";
  readonly running: boolean;
  /** The line that says so. */
  readonly text: string;
  readonly origin: Origin;
}

/** `birdc show status` and the banner of every answer; null where nothing tells. */
export interface BirdStatus {
  /** `v0.3.3+birdv1.6.8` (Calico's fork), `1.6.8`, `2.0.12`. */
  readonly version: string | null;
  readonly routerId: Address | null;
  readonly lastReboot: string | null;
  readonly lastReconfiguration: string | null;
  readonly origin: Origin;
}

/** An interface as `birdc show interfaces` lists it: BIRD 1.6 with the addresses of its family, BIRD 2 with those of both. */
export interface BirdInterface {
  readonly name: string;
  /** Null: the line is missing. */
  readonly mtu: number | null;
  readonly addresses: readonly { readonly address: Address; readonly length: number; readonly origin: Origin }[];
  readonly origin: Origin;
}

/** A row of `birdc show protocols` that is no BGP session. */
export interface BirdProtocol {
  readonly name: string;
  /** `Static`, `Kernel`, `Device`, `Direct`, … */
  readonly protocol: string;
  readonly table: string | null;
  readonly state: string;
  readonly since: string;
  readonly info: string;
  readonly origin: Origin;
}

/** What Calico's name of the protocol says about a peer (`Mesh_172_16_0_10`); `other` for names of people's own. */
export type BgpSessionKind = "mesh" | "node" | "global" | "local-workload" | "other";

/** A BGP session as BIRD told it: by `birdc show protocols [all]` or `calicoctl node status`. */
export interface BgpSession {
  /** Name of the protocol; `calicoctl node status` does not print it, then the peer's address as printed. */
  readonly name: string;
  readonly kind: BgpSessionKind;
  /** Null where neither the name nor a detail says it. */
  readonly peer: Address | null;
  /** Port that Calico puts into the name of peers that do not listen on 179. */
  readonly peerPort: number | null;
  readonly table: string | null;
  /** BIRD's state of the protocol: `up`, `start`, `down`, … */
  readonly state: string;
  /** As printed: `16:07:27`, `16:07:27.123`, `2024-01-01`. */
  readonly since: string;
  /** The info column: `Established`, `Connect`, `Active Socket: Connection refused`. */
  readonly info: string;
  /** RFC 4271's state as `all` prints it, else the first word of `info`; `Passive` is BIRD's word for Active that does not dial. */
  readonly bgpState: string;
  readonly lastError: string | null;
  readonly localAs: number | null;
  readonly peerAs: number | null;
  readonly sourceAddress: Address | null;
  /** Routes of all channels together; null without `all`. */
  readonly imported: number | null;
  readonly exported: number | null;
  readonly origin: Origin;
}

export interface BirdNextHop {
  readonly via: Address | null;
  readonly interface: string | null;
  readonly weight: number;
}

/** A route as BIRD holds it: `birdc show route [all]`. What the kernel has is in `Host.routes`. */
export interface BirdRoute {
  readonly table: string | null;
  readonly destination: Prefix;
  readonly type: "unicast" | "blackhole" | "unreachable" | "prohibited";
  readonly nextHops: readonly BirdNextHop[];
  readonly protocol: string;
  readonly since: string;
  /** The router that it was learnt from, where that is not the next hop. */
  readonly from: Address | null;
  /** The one that BIRD chose (`*`). */
  readonly primary: boolean;
  /** `!`: the kernel refused it. */
  readonly syncError: boolean;
  readonly preference: number;
  /** Metric to the next hop: a number, `unresolved` (`/-`), `unknown` (`/?`); null for routes that have none. */
  readonly igpMetric: number | "unresolved" | "unknown" | null;
  /** What stands in brackets at the end: `i`, `AS64512i`. */
  readonly path: string | null;
  /** Lines of `all`: `BGP.next_hop` → `10.0.0.2`. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly origin: Origin;
}

/** A counter of `nstat -az`: `IpInAddrErrors`, `TcpExtListenDrops`. */
export interface Counter {
  readonly name: string;
  readonly value: number;
  readonly origin: Origin;
}

/** A figure of `conntrack -S`. */
export interface ConntrackStatistic {
  /** Null where the tool gives one line for all of them. */
  readonly cpu: number | null;
  /** `insert_failed`, `drop`, `early_drop`, … */
  readonly name: string;
  readonly value: number;
  readonly origin: Origin;
}

export interface LogLine {
  /** As written; null where the line has none. */
  readonly time: string | null;
  /** `kernel`, `calico-node`, `bird`, a file's name. */
  readonly program: string | null;
  readonly text: string;
  readonly origin: Origin;
}

/** What a front end says of itself (`ufw status`, `firewall-cmd --list-all`); the rules it made are in the ruleset. */
export interface FirewallStatus {
  readonly frontEnd: "ufw" | "firewalld";
  readonly active: boolean;
  /** Lines with their meaning: `default` → `deny (incoming)`, `ports` → `22/tcp`. */
  readonly settings: readonly { readonly name: string; readonly value: string; readonly origin: Origin }[];
  readonly origin: Origin;
}
