import type { Address } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";

/** Values of ORIGIN (RFC 4271 section 4.3). */
export const ORIGIN_IGP = 0;
export const ORIGIN_INCOMPLETE = 2;

/** A segment of AS_PATH; the two kinds of confederations (RFC 5065) are kept as they come. */
export interface AsPathSegment {
  readonly kind: "set" | "sequence" | "confederation-sequence" | "confederation-set";
  readonly numbers: readonly number[];
}

/** A destination, and its path identifier where ADD-PATH was negotiated (RFC 7911). */
export interface Nlri {
  readonly prefix: Prefix;
  readonly pathId: number | null;
}

/** MP_REACH_NLRI (RFC 4760) of unicast routes. IPv6 may tell a link-local next hop beside the global one (RFC 2545). */
export interface MpReach {
  readonly nextHops: readonly Address[];
  readonly nlri: readonly Nlri[];
}

/** An attribute whose meaning podpath does not know: flags, type code and value. */
export interface OpaqueAttribute {
  readonly flags: number;
  readonly code: number;
  readonly value: Uint8Array;
}

/** Path attributes; null: absent. Numbers are unsigned, AS numbers of four octets. */
export interface PathAttributes {
  readonly origin: number | null;
  readonly asPath: readonly AsPathSegment[] | null;
  readonly nextHop: Address | null;
  /** The link-local address beside a next hop of IPv6 (RFC 2545); on the wire both stand in `mpReach`. */
  readonly linkNextHop: Address | null;
  readonly med: number | null;
  readonly localPref: number | null;
  readonly atomicAggregate: boolean;
  readonly aggregator: { readonly as: number; readonly address: number } | null;
  /** RFC 1997, as uint32. */
  readonly communities: readonly number[] | null;
  /** RFC 4456. */
  readonly originatorId: number | null;
  readonly clusterList: readonly number[] | null;
  readonly mpReach: MpReach | null;
  readonly mpUnreach: readonly Nlri[] | null;
  /** Pairs of uint32 (RFC 4360). */
  readonly extendedCommunities: readonly (readonly [number, number])[] | null;
  /** RFC 8092. */
  readonly largeCommunities: readonly (readonly [number, number, number])[] | null;
  readonly opaque: readonly OpaqueAttribute[];
}

/** Attributes at rest: none. Give what differs. */
export function pathAttributes(fields: Partial<PathAttributes> = {}): PathAttributes {
  return {
    origin: null,
    asPath: null,
    nextHop: null,
    linkNextHop: null,
    med: null,
    localPref: null,
    atomicAggregate: false,
    aggregator: null,
    communities: null,
    originatorId: null,
    clusterList: null,
    mpReach: null,
    mpUnreach: null,
    extendedCommunities: null,
    largeCommunities: null,
    opaque: [],
    ...fields,
  };
}
