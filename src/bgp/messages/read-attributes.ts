import type { Address } from "../../net/address.ts";
import * as type from "./attribute-type.ts";
import { AFI_IPV4, AFI_IPV6, SAFI_UNICAST } from "./capability.ts";
import type { WireForm } from "./message.ts";
import { readAddress, readNlri } from "./nlri.ts";
import type { Reader } from "./octets.ts";
import {
  type AsPathSegment,
  type MpReach,
  type Nlri,
  type OpaqueAttribute,
  type PathAttributes,
  pathAttributes,
} from "./path-attributes.ts";

/** A subcode of UPDATE Message Error, and the attribute that is wrong. */
export interface AttributeError {
  readonly subcode: number;
  readonly data: Uint8Array;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const MALFORMED_LIST = 1;
const UNRECOGNIZED_WELL_KNOWN = 2;
const BAD_FLAGS = 4;
const BAD_LENGTH = 5;
const BAD_ORIGIN = 6;
const BAD_NEXT_HOP = 8;
const OPTIONAL_ERROR = 9;
const MALFORMED_PATH = 11;

/** Attributes of which one is such that the routes are taken for withdrawn (WITHDRAW of proto/bgp/attrs.c). */
export interface WithdrawingAttributes {
  /** Without the routes that they announced: those are withdrawn. */
  readonly gone: PathAttributes;
}

/**
 * Reads path attributes to the end of the input (RFC 4271 section 6.3), and judges them as BIRD 1.6.8 does; held against the real one by
 * test/kernel/bird/wrong-messages.test.ts.
 */
export function readAttributes(input: Reader, form: WireForm): PathAttributes | AttributeError | WithdrawingAttributes {
  const read: Mutable<PathAttributes> = pathAttributes();
  const opaque: OpaqueAttribute[] = [];
  const seen = new Set<number>();
  let as4Path: AsPathSegment[] | null = null;
  let as4Aggregator: { as: number; address: number } | null = null;
  const nothing = new Uint8Array();
  let withdraws = false;
  while (input.left > 0) {
    const flags = input.u8() ?? 0;
    const code = input.u8();
    const length = (flags & type.EXTENDED_LENGTH) !== 0 ? input.u16() : input.u8();
    const value = input.take(length);
    if (code === null || value === null || seen.has(code)) return { subcode: MALFORMED_LIST, data: nothing };
    seen.add(code);
    const required = type.REQUIRED_FLAGS.get(code);
    const wrong = (subcode: number): AttributeError => ({ subcode, data: attributeOctets(flags, code, value) });
    if (required === undefined) {
      if ((flags & type.OPTIONAL) === 0) return wrong(UNRECOGNIZED_WELL_KNOWN);
      opaque.push({ flags: flags & ~type.EXTENDED_LENGTH, code, value: value.rest() });
      continue;
    }
    const exact = type.LENGTHS.get(code);
    if (exact !== undefined && value.length !== exact) return wrong(BAD_LENGTH);
    if ((flags & type.OPTIONAL_TRANSITIVE) !== required) return wrong(BAD_FLAGS);
    switch (code) {
      case type.ORIGIN:
        read.origin = value.u8() ?? 0;
        if (read.origin > 2) return wrong(BAD_ORIGIN);
        break;
      case type.AS_PATH:
        read.asPath = readPath(value, form.as4);
        if (read.asPath === null) return wrong(MALFORMED_PATH);
        break;
      case type.AS4_PATH:
        as4Path = readPath(value, true);
        break;
      case type.NEXT_HOP:
        read.nextHop = readAddress(value, 4);
        if (read.nextHop === null || isForMany(read.nextHop)) return wrong(BAD_NEXT_HOP);
        break;
      case type.MULTI_EXIT_DISC:
      case type.LOCAL_PREF:
      case type.ORIGINATOR_ID: {
        const number = value.u32();
        if (code === type.MULTI_EXIT_DISC) read.med = number;
        else if (code === type.LOCAL_PREF) read.localPref = number;
        else read.originatorId = number;
        break;
      }
      case type.ATOMIC_AGGREGATE:
        read.atomicAggregate = true;
        break;
      case type.AGGREGATOR:
        if (value.length !== (form.as4 ? 8 : 6)) {
          withdraws = true;
          break;
        }
        read.aggregator = { as: (form.as4 ? value.u32() : value.u16()) ?? 0, address: value.u32() ?? 0 };
        break;
      case type.AS4_AGGREGATOR:
        if (value.length !== 8) break;
        as4Aggregator = { as: value.u32() ?? 0, address: value.u32() ?? 0 };
        break;
      case type.COMMUNITIES:
      case type.CLUSTER_LIST: {
        if (value.length % 4 !== 0) {
          // from another AS the list is passed over unread
          if (code === type.CLUSTER_LIST && form.internal === true) return wrong(BAD_LENGTH);
          if (code === type.COMMUNITIES) withdraws = true;
          break;
        }
        const list = words(value);
        if (code === type.COMMUNITIES) read.communities = list;
        else read.clusterList = list;
        break;
      }
      case type.EXTENDED_COMMUNITIES: {
        if (value.length % 8 !== 0) {
          withdraws = true;
          break;
        }
        const list: [number, number][] = [];
        while (value.left > 0) list.push([value.u32() ?? 0, value.u32() ?? 0]);
        read.extendedCommunities = list;
        break;
      }
      case type.LARGE_COMMUNITIES: {
        if (value.length % 12 !== 0) {
          withdraws = true;
          break;
        }
        const list: [number, number, number][] = [];
        while (value.left > 0) list.push([value.u32() ?? 0, value.u32() ?? 0, value.u32() ?? 0]);
        read.largeCommunities = list;
        break;
      }
      case type.MP_REACH_NLRI: {
        const reach = readReach(value, form);
        if (reach === null) return wrong(OPTIONAL_ERROR);
        if (reach !== "other") read.mpReach = reach;
        break;
      }
      case type.MP_UNREACH_NLRI: {
        const list = readUnreach(value, form);
        if (list === null) return wrong(OPTIONAL_ERROR);
        if (list !== "other") read.mpUnreach = list;
        break;
      }
    }
  }
  if (!form.as4) {
    // RFC 6793 section 4.2.3: AS4_PATH replaces the end of AS_PATH, unless AGGREGATOR says that it is out of date.
    const current = read.aggregator === null || read.aggregator.as === type.AS_TRANS;
    if (as4Aggregator !== null && read.aggregator?.as === type.AS_TRANS) read.aggregator = as4Aggregator;
    if (as4Path !== null && read.asPath !== null && (current || as4Aggregator === null)) {
      read.asPath = mergePaths(read.asPath, as4Path);
    }
  }
  if (!withdraws) return { ...read, opaque };
  const { mpReach, mpUnreach } = read;
  const gone = mpReach === null ? mpUnreach : [...(mpUnreach ?? []), ...mpReach.nlri];
  return { gone: { ...read, opaque, mpReach: null, mpUnreach: gone } };
}

/** A group, or everybody on the link: what BIRD does not take for a next hop (ipa_classify). */
function isForMany({ a }: Address): boolean {
  return a >>> 28 === 0xe || a === 0xffffffff;
}

function attributeOctets(flags: number, code: number, value: Reader): Uint8Array {
  const octets = value.whole();
  const long = (flags & type.EXTENDED_LENGTH) !== 0;
  const head = long ? [flags, code, octets.length >> 8, octets.length & 0xff] : [flags, code, octets.length];
  return Uint8Array.of(...head, ...octets);
}

function words(value: Reader): number[] {
  const list: number[] = [];
  while (value.left > 0) list.push(value.u32() ?? 0);
  return list;
}

const SEGMENTS = ["set", "sequence", "confederation-sequence", "confederation-set"] as const;

function readPath(value: Reader, as4: boolean): AsPathSegment[] | null {
  const path: AsPathSegment[] = [];
  while (value.left > 0) {
    const kind = SEGMENTS[(value.u8() ?? 0) - 1];
    const count = value.u8();
    if (kind === undefined || count === null || count === 0) return null;
    const numbers: number[] = [];
    for (let index = 0; index < count; index++) {
      const as = as4 ? value.u32() : value.u16();
      if (as === null) return null;
      numbers.push(as);
    }
    path.push({ kind, numbers });
  }
  return path;
}

function mergePaths(path: readonly AsPathSegment[], as4Path: readonly AsPathSegment[]): AsPathSegment[] {
  const count = (list: readonly AsPathSegment[]): number =>
    list.reduce((sum, { kind, numbers }) => sum + (kind === "set" ? 1 : kind === "sequence" ? numbers.length : 0), 0);
  let lead = count(path) - count(as4Path);
  if (lead < 0) return [...path];
  const merged: AsPathSegment[] = [];
  for (const segment of path) {
    if (lead === 0) break;
    if (segment.kind === "sequence") {
      const numbers = segment.numbers.slice(0, lead);
      lead -= numbers.length;
      merged.push({ kind: "sequence", numbers });
    } else {
      merged.push(segment);
      if (segment.kind === "set") lead--;
    }
  }
  return [...merged, ...as4Path];
}

/** `other`: of a family that podpath carries nowhere. */
function readReach(value: Reader, form: WireForm): MpReach | "other" | null {
  const afi = value.u16();
  const safi = value.u8();
  const hops = value.take(value.u8());
  if (afi === null || safi === null || hops === null || value.u8() === null) return null;
  if (safi !== SAFI_UNICAST || (afi !== AFI_IPV4 && afi !== AFI_IPV6)) return "other";
  const family = afi === AFI_IPV6 ? 6 : 4;
  const octets = family === 6 ? 16 : 4;
  const isOther = form.extended === true && (hops.length === 4 || hops.length === 16 || hops.length === 32);
  if (hops.length !== octets && !(family === 6 && hops.length === 32) && !isOther) return null;
  const nextHops = [];
  const ofHops = hops.length === 4 ? 4 : 6;
  while (hops.left > 0) {
    const hop = readAddress(hops, ofHops);
    if (hop !== null) nextHops.push(hop);
  }
  const nlri = readNlri(value, family, family === 6 ? form.addPath6 : form.addPath4);
  return typeof nlri === "number" ? null : { nextHops, nlri };
}

function readUnreach(value: Reader, form: WireForm): Nlri[] | "other" | null {
  const afi = value.u16();
  const safi = value.u8();
  if (afi === null || safi === null) return null;
  if (safi !== SAFI_UNICAST || (afi !== AFI_IPV4 && afi !== AFI_IPV6)) return "other";
  const family = afi === AFI_IPV6 ? 6 : 4;
  const list = readNlri(value, family, family === 6 ? form.addPath6 : form.addPath4);
  return typeof list === "number" ? null : list;
}
