import type { Address, Family } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import type { BirdExpression, BirdFilter, BirdFunction, BirdPlace } from "./filter.ts";

/** What decides about the routes of a channel. */
export type BirdFilterUse =
  | { readonly kind: "all" }
  | { readonly kind: "none" }
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "inline"; readonly filter: BirdFilter }
  | { readonly kind: "where"; readonly condition: BirdExpression };

/** `interface -"cali*", "*"`: the first pattern that fits decides. */
export interface BirdInterfacePattern {
  readonly pattern: string;
  readonly negated: boolean;
  /** Only where the interface has an address in it. */
  readonly prefix: Prefix | null;
}

/** Where a static route leads. */
export type BirdStaticTarget =
  | { readonly kind: "blackhole" | "unreachable" | "prohibit" }
  | { readonly kind: "via"; readonly gateway: Address; readonly interface: string | null; readonly weight: number }
  | { readonly kind: "device"; readonly interface: string; readonly weight: number }
  | { readonly kind: "recursive"; readonly gateway: Address };

/** One setting of a protocol, a template or a channel, in the order written. */
export type BirdOption = BirdPlace &
  (
    | {
        readonly kind: "neighbor";
        /** Null where only the AS is given. */
        readonly address: Address | null;
        readonly interface: string | null;
        readonly port: number | null;
        readonly as: number | "internal" | "external" | null;
      }
    | {
        readonly kind: "local";
        readonly address: Address | null;
        readonly port: number | null;
        readonly as: number | null;
      }
    | { readonly kind: "source address"; readonly address: Address }
    | { readonly kind: "import" | "export"; readonly use: BirdFilterUse }
    /** Null: `off`. */
    | { readonly kind: "limit"; readonly what: string; readonly count: number | null; readonly action: string | null }
    /** Null: the protocol's own default. */
    | { readonly kind: "multihop"; readonly hops: number | null }
    /** The password itself is never kept: a fingerprint, by which two can be told apart; null where a collector has redacted it. */
    | { readonly kind: "password"; readonly key: string | null }
    | { readonly kind: "rr cluster id"; readonly id: Address | number }
    /** Of this protocol alone. */
    | { readonly kind: "router id"; readonly id: Address }
    | { readonly kind: "next hop"; readonly how: string }
    | { readonly kind: "gateway"; readonly how: "direct" | "recursive" }
    | { readonly kind: "add paths"; readonly how: string }
    | { readonly kind: "error wait time"; readonly low: number; readonly high: number }
    | { readonly kind: "description"; readonly text: string }
    | { readonly kind: "debug"; readonly what: readonly string[] }
    | { readonly kind: "interface"; readonly patterns: readonly BirdInterfacePattern[] }
    | {
        readonly kind: "route";
        readonly destination: Prefix;
        readonly targets: readonly BirdStaticTarget[];
        /** `{ bgp_community.add((1, 2)); }`: commands that the route goes through; null: none. */
        readonly filter: BirdFilter | null;
      }
    | { readonly kind: "table"; readonly name: string }
    /** `ipv4 { … }` of BIRD 2. */
    | { readonly kind: "channel"; readonly channel: string; readonly options: readonly BirdOption[] }
    /** `passive on`, `learn`, `rr client`: on unless written off. */
    | { readonly kind: "switch"; readonly name: BirdSwitch; readonly on: boolean }
    /** `hold time 90`, `scan time 2`. */
    | { readonly kind: "number"; readonly name: BirdNumber; readonly value: number }
    /** A setting that podpath knows by name and does not look into. */
    | { readonly kind: "other"; readonly name: string; readonly words: readonly string[] }
  );

export const BIRD_SWITCHES = [
  "passive",
  "disabled",
  "learn",
  "persist",
  "device routes",
  "merge paths",
  "graceful restart",
  "ttl security",
  "rr client",
  "rs client",
  "route refresh",
  "enable route refresh",
  "enable as4",
  "enable extended messages",
  "capabilities",
  "advertise ipv4",
  "bfd",
  "check link",
  "strict bind",
  "interpret communities",
  "deterministic med",
  "med metric",
  "path metric",
  "igp metric",
  "long lived graceful restart",
  "prefer older",
  "import keep filtered",
  "import table",
  "export table",
  "secondary",
  "direct",
  "free bind",
  "check gateway",
  "extended next hop",
] as const;
export type BirdSwitch = (typeof BIRD_SWITCHES)[number];

export const BIRD_NUMBERS = [
  "hold time",
  "keepalive time",
  "startup hold time",
  "connect delay time",
  "connect retry time",
  "error forget time",
  "graceful restart time",
  "long lived stale time",
  "scan time",
  "preference",
  "metric",
  "kernel table",
  "default bgp_med",
  "default bgp_local_pref",
  "allow local as",
  "merge paths limit",
  "cost",
] as const;
export type BirdNumber = (typeof BIRD_NUMBERS)[number];

/** The setting of a pipe that names its other table, among those of kind `other`. */
export const PEER_TABLE = "peer table";

/** Protocols of whose settings podpath reads those that all have alone: what they do is not followed. */
export const UNFOLLOWED_BIRD_PROTOCOLS: ReadonlySet<string> = new Set([
  "ospf",
  "rip",
  "babel",
  "pipe",
  "radv",
  "bfd",
  "mrt",
  "l3vpn",
  "rpki",
  "perf",
]);

/** `protocol bgp NAME from TEMPLATE { … }`, or a template. */
export interface BirdProtocolConfiguration extends BirdPlace {
  readonly type: string;
  /** Without a name BIRD counts: `kernel1`, `static1`. */
  readonly name: string;
  readonly from: string | null;
  readonly options: readonly BirdOption[];
}

/** Who may be the origin of a destination: an AS of a prefix, and of what is in it up to a length (RFC 6483). */
export interface BirdRoa {
  readonly prefix: Prefix;
  readonly longest: number;
  readonly as: number;
}

export interface BirdRoaTable extends BirdPlace {
  readonly name: string;
  readonly roas: readonly BirdRoa[];
}

/** A configuration of BIRD with all that it includes. */
export interface BirdConfiguration {
  /** The file it was read from. */
  readonly file: string;
  readonly syntax: "1.6" | "2";
  /** What BIRD 1.6 says that does not take it, which was told where it was read; null: it takes it, or nobody asked. */
  readonly refused: string | null;
  readonly routerId: (BirdPlace & { readonly id: Address }) | null;
  /** `listen bgp address A port P` (BIRD 1.6). */
  readonly listen: (BirdPlace & { readonly address: Address | null; readonly port: number | null }) | null;
  readonly tables: readonly (BirdPlace & { readonly name: string; readonly family: Family | null })[];
  /** `roa table T { roa P max N as A; }` (BIRD 1.6). */
  readonly roaTables: readonly BirdRoaTable[];
  readonly constants: readonly (BirdPlace & { readonly name: string; readonly value: BirdExpression })[];
  readonly functions: readonly BirdFunction[];
  readonly filters: readonly BirdFilter[];
  readonly templates: readonly BirdProtocolConfiguration[];
  readonly protocols: readonly BirdProtocolConfiguration[];
  /** Where something stands that podpath does not understand, and has left out. */
  readonly leftOut: readonly BirdPlace[];
  readonly includes: readonly (BirdPlace & { readonly name: string; readonly found: boolean })[];
  /** `log`, `timeformat`, `debug protocols` and others that decide about no route. */
  readonly others: readonly (BirdPlace & { readonly words: readonly string[] })[];
}
