import type { BirdFilterUse, BirdInterfacePattern, BirdStaticTarget } from "../../model/bird/configuration.ts";
import type { BirdFilter, BirdPlace } from "../../model/bird/filter.ts";
import type { Address, Family } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import type { FilterEnvironment } from "../filter/evaluate.ts";

/** Where BGP listens. */
export const BGP_PORT = 179;

/** What every protocol has. */
export interface CommonConfiguration extends BirdPlace {
  readonly name: string;
  readonly disabled: boolean;
  readonly description: string | null;
  /** The table whose routes it has; another than `master` (or `master4`, `master6`) is not followed. */
  readonly table: string;
  /** Its own identifier, which matters to BGP; null: the daemon's. */
  readonly routerId: number | null;
  readonly preference: number;
  readonly import: BirdFilterUse;
  readonly export: BirdFilterUse;
}

export interface StaticConfiguration extends CommonConfiguration {
  readonly type: "static";
  readonly routes: readonly {
    readonly destination: Prefix;
    readonly targets: readonly BirdStaticTarget[];
    readonly filter: BirdFilter | null;
  }[];
}

export interface DirectConfiguration extends CommonConfiguration {
  readonly type: "direct";
  readonly interfaces: readonly BirdInterfacePattern[];
}

export interface KernelConfiguration extends CommonConfiguration {
  readonly type: "kernel";
  readonly learn: boolean;
  readonly persist: boolean;
  readonly gracefulRestart: boolean;
  readonly scanTime: number;
  readonly mergePaths: boolean;
  readonly mergeLimit: number;
  /** Of the routes in the kernel, where no filter sets another; 0: the kernel's own. */
  readonly metric: number;
  /** Of the kernel; null: main. */
  readonly kernelTable: number | null;
  readonly deviceRoutes: boolean;
}

export interface DeviceConfiguration extends CommonConfiguration {
  readonly type: "device";
}

export interface LimitConfiguration {
  readonly count: number;
  readonly action: "warn" | "block" | "restart" | "disable";
}

/** What an instance says in its OPEN of a family whose routes it has, or does with its routes: a channel of BIRD 2. */
export interface ChannelConfiguration {
  readonly family: Family;
  readonly addPathReceive: boolean;
  readonly addPathSend: boolean;
  /** Next hops of the other family are sent, and taken (RFC 8950). */
  readonly extendedNextHop: boolean;
  readonly restarts: boolean;
  /** Null: it promises no long-lived restart. */
  readonly staleTime: number | null;
}

/** Options of a BGP instance; times in seconds. */
export interface BgpConfiguration extends CommonConfiguration {
  readonly type: "bgp";
  /** By families in order: one, or in BIRD 2 two. */
  readonly channels: readonly ChannelConfiguration[];
  /** Its session is the other half's of a BIRD 2, which has neighbours of its own family; here are the routes of this one's. */
  readonly isCarried: boolean;
  /** `next hop address`. */
  readonly nextHopAddress: Address | null;
  readonly localAs: number;
  readonly remoteAs: number;
  readonly neighbour: Address;
  readonly port: number;
  readonly sourceAddress: Address | null;
  /** Null: the neighbour is on the link. */
  readonly multihop: number | null;
  readonly ttlSecurity: boolean;
  /** Fingerprint of the password (TCP MD5); null: none. */
  readonly key: string | null;
  readonly passive: boolean;
  readonly recursive: boolean;
  readonly nextHopSelf: boolean;
  readonly nextHopKeep: boolean;
  readonly reflectorClient: boolean;
  readonly clusterId: number | null;
  readonly routeServerClient: boolean;
  readonly allowLocalAs: number;
  readonly addPathReceive: boolean;
  readonly addPathSend: boolean;
  readonly gracefulRestart: "off" | "aware" | "able";
  readonly gracefulRestartTime: number;
  readonly longLivedRestart: "off" | "aware" | "able";
  readonly longLivedStaleTime: number;
  readonly refresh: boolean;
  readonly as4: boolean;
  readonly capabilities: boolean;
  readonly advertiseIpv4: boolean;
  readonly interpretCommunities: boolean;
  readonly defaultLocalPref: number;
  readonly defaultMed: number;
  readonly medMetric: boolean;
  readonly deterministicMed: boolean;
  readonly comparesPathLength: boolean;
  readonly comparesIgpMetric: boolean;
  readonly preferOlder: boolean;
  readonly holdTime: number;
  readonly startupHoldTime: number;
  /** Null: a third of the hold time. */
  readonly keepaliveTime: number | null;
  readonly connectDelay: number;
  readonly connectRetry: number;
  readonly errorWaitLow: number;
  readonly errorWaitHigh: number;
  readonly errorForget: number;
  /** Routes above which something is done; null: none. */
  readonly receiveLimit: LimitConfiguration | null;
  readonly importLimit: LimitConfiguration | null;
  readonly exportLimit: LimitConfiguration | null;
}

export type ProtocolConfiguration =
  | StaticConfiguration
  | DirectConfiguration
  | KernelConfiguration
  | DeviceConfiguration
  | BgpConfiguration;

/** A protocol that the daemon has and that is not played: what `show protocols` says of it is what its configuration tells. */
export interface UnplayedProtocol {
  readonly type: string;
  readonly name: string;
  readonly disabled: boolean;
  readonly description: string | null;
  readonly table: string;
  /** The other table of a pipe. */
  readonly peerTable: string | null;
  readonly routerId: number | null;
  /** Null: the usual one of its type. */
  readonly preference: number | null;
  readonly import: BirdFilterUse;
  readonly export: BirdFilterUse;
  /** The one that is played and stands before it; null: none does. */
  readonly behind: string | null;
}

/** `iso short`, `iso long`; in BIRD 2 also with milliseconds or microseconds. */
export type TimeFormat = "short" | "long" | "short ms" | "long ms" | "short us" | "long us";

/** What one daemon is told to do: BIRD for IPv4, or its twin for IPv6; a BIRD 2 is two halves. */
export interface SpeakerConfiguration {
  readonly family: Family;
  /** Of BIRD. */
  readonly release: "1.6" | "2";
  /** All protocols of a BIRD 2 in the order of its configuration, with the families of their channels as written: a half has some of them. */
  readonly listed: readonly { readonly name: string; readonly channels: readonly Family[] }[];
  readonly routerId: number;
  /** `listen bgp`: null is any address. */
  readonly listenAddress: Address | null;
  readonly listenPort: number;
  readonly protocols: readonly ProtocolConfiguration[];
  readonly unplayed: readonly UnplayedProtocol[];
  /** `timeformat base`, `protocol`, `route`: how birdc tells times. */
  readonly baseTimes: TimeFormat;
  readonly protocolTimes: TimeFormat;
  readonly routeTimes: TimeFormat;
  readonly filters: FilterEnvironment;
}

/** What an instance calls itself (proto_get_router_id). */
export function identifierOf(speaker: SpeakerConfiguration, { routerId }: BgpConfiguration): number {
  return routerId ?? speaker.routerId;
}
