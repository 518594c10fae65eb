/** Type codes of path attributes (IANA: BGP parameters). */
export const ORIGIN = 1;
export const AS_PATH = 2;
export const NEXT_HOP = 3;
export const MULTI_EXIT_DISC = 4;
export const LOCAL_PREF = 5;
export const ATOMIC_AGGREGATE = 6;
export const AGGREGATOR = 7;
export const COMMUNITIES = 8;
export const ORIGINATOR_ID = 9;
export const CLUSTER_LIST = 10;
export const MP_REACH_NLRI = 14;
export const MP_UNREACH_NLRI = 15;
export const EXTENDED_COMMUNITIES = 16;
export const AS4_PATH = 17;
export const AS4_AGGREGATOR = 18;
export const LARGE_COMMUNITIES = 32;

/** Flags of an attribute (RFC 4271 section 4.3). */
export const OPTIONAL = 0x80;
export const TRANSITIVE = 0x40;
export const PARTIAL = 0x20;
export const EXTENDED_LENGTH = 0x10;
export const OPTIONAL_TRANSITIVE = OPTIONAL | TRANSITIVE;

/** Stands where a number needs four octets and two are there (RFC 6793). */
export const AS_TRANS = 23456;

/** Optional and transitive bits that the known attributes must have. */
export const REQUIRED_FLAGS: ReadonlyMap<number, number> = new Map([
  [ORIGIN, TRANSITIVE],
  [AS_PATH, TRANSITIVE],
  [NEXT_HOP, TRANSITIVE],
  [MULTI_EXIT_DISC, OPTIONAL],
  [LOCAL_PREF, TRANSITIVE],
  [ATOMIC_AGGREGATE, TRANSITIVE],
  [AGGREGATOR, OPTIONAL_TRANSITIVE],
  [COMMUNITIES, OPTIONAL_TRANSITIVE],
  [ORIGINATOR_ID, OPTIONAL],
  [CLUSTER_LIST, OPTIONAL],
  [MP_REACH_NLRI, OPTIONAL],
  [MP_UNREACH_NLRI, OPTIONAL],
  [EXTENDED_COMMUNITIES, OPTIONAL_TRANSITIVE],
  [AS4_PATH, OPTIONAL_TRANSITIVE],
  [AS4_AGGREGATOR, OPTIONAL_TRANSITIVE],
  [LARGE_COMMUNITIES, OPTIONAL_TRANSITIVE],
]);

/** Octets of the attributes that have so many, always. */
export const LENGTHS: ReadonlyMap<number, number> = new Map([
  [ORIGIN, 1],
  [NEXT_HOP, 4],
  [MULTI_EXIT_DISC, 4],
  [LOCAL_PREF, 4],
  [ATOMIC_AGGREGATE, 0],
  [ORIGINATOR_ID, 4],
]);
