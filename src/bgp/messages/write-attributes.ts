import * as type from "./attribute-type.ts";
import { AFI_IPV4, AFI_IPV6, SAFI_UNICAST } from "./capability.ts";
import type { WireForm } from "./message.ts";
import { writeAddress, writeNlri } from "./nlri.ts";
import { type Writer, writer } from "./octets.ts";
import type { AsPathSegment, MpReach, Nlri, PathAttributes } from "./path-attributes.ts";

const SEGMENT: Readonly<Record<AsPathSegment["kind"], number>> = {
  set: 1,
  sequence: 2,
  "confederation-sequence": 3,
  "confederation-set": 4,
};

/** Writes path attributes in ascending order of their type codes (RFC 4271 appendix F.3). */
export function writeAttributes(out: Writer, attributes: PathAttributes, form: WireForm): void {
  const { as4 } = form;
  const values = writer();
  const parts: { readonly code: number; readonly flags: number; readonly from: number; readonly to: number }[] = [];
  const add = (code: number, flags: number, fill: (value: Writer) => void): void => {
    const from = values.length;
    fill(values);
    parts.push({ code, flags, from, to: values.length });
  };
  const { origin, asPath, nextHop, med, localPref, aggregator } = attributes;
  if (origin !== null) add(type.ORIGIN, type.TRANSITIVE, (value) => value.u8(origin));
  if (asPath !== null) {
    add(type.AS_PATH, type.TRANSITIVE, (value) => writePath(value, asPath, as4));
    const long = asPath.some(({ numbers }) => numbers.some((as) => as > 0xffff));
    if (!as4 && long) add(type.AS4_PATH, type.OPTIONAL_TRANSITIVE, (value) => writePath(value, asPath, true));
  }
  if (nextHop !== null) add(type.NEXT_HOP, type.TRANSITIVE, (value) => writeAddress(value, nextHop));
  if (med !== null) add(type.MULTI_EXIT_DISC, type.OPTIONAL, (value) => value.u32(med));
  if (localPref !== null) add(type.LOCAL_PREF, type.TRANSITIVE, (value) => value.u32(localPref));
  if (attributes.atomicAggregate) add(type.ATOMIC_AGGREGATE, type.TRANSITIVE, () => undefined);
  if (aggregator !== null) {
    const { as, address } = aggregator;
    add(type.AGGREGATOR, type.OPTIONAL_TRANSITIVE, (value) =>
      (as4 ? value.u32(as) : value.u16(as > 0xffff ? type.AS_TRANS : as)).u32(address),
    );
    if (!as4 && as > 0xffff) {
      add(type.AS4_AGGREGATOR, type.OPTIONAL_TRANSITIVE, (value) => value.u32(as).u32(address));
    }
  }
  const words = (code: number, flags: number, list: readonly (readonly number[])[] | null): void => {
    if (list === null) return;
    add(code, flags, (value) => {
      for (const item of list) for (const part of item) value.u32(part);
    });
  };
  const single = (list: readonly number[] | null): readonly (readonly number[])[] | null =>
    list === null ? null : list.map((item) => [item]);
  words(type.COMMUNITIES, type.OPTIONAL_TRANSITIVE, single(attributes.communities));
  words(type.ORIGINATOR_ID, type.OPTIONAL, attributes.originatorId === null ? null : [[attributes.originatorId]]);
  words(type.CLUSTER_LIST, type.OPTIONAL, single(attributes.clusterList));
  const { mpReach, mpUnreach } = attributes;
  if (mpReach !== null) add(type.MP_REACH_NLRI, type.OPTIONAL, (value) => writeReach(value, mpReach, form));
  if (mpUnreach !== null) add(type.MP_UNREACH_NLRI, type.OPTIONAL, (value) => writeUnreach(value, mpUnreach, form));
  words(type.EXTENDED_COMMUNITIES, type.OPTIONAL_TRANSITIVE, attributes.extendedCommunities);
  words(type.LARGE_COMMUNITIES, type.OPTIONAL_TRANSITIVE, attributes.largeCommunities);
  for (const { code, flags, value } of attributes.opaque) add(code, flags, (all) => all.bytes(value));
  parts.sort((x, y) => x.code - y.code);
  for (const { code, flags, from, to } of parts) {
    const length = to - from;
    const extended = length > 0xff;
    out.u8(extended ? flags | type.EXTENDED_LENGTH : flags).u8(code);
    if (extended) out.u16(length);
    else out.u8(length);
    out.bytes(values.done(from, to));
  }
}

function writePath(out: Writer, path: readonly AsPathSegment[], as4: boolean): void {
  for (const { kind, numbers } of path) {
    out.u8(SEGMENT[kind]).u8(numbers.length);
    for (const as of numbers) {
      if (as4) out.u32(as);
      else out.u16(as > 0xffff ? type.AS_TRANS : as);
    }
  }
}

function writeReach(out: Writer, { nextHops, nlri }: MpReach, { addPath4, addPath6 }: WireForm): void {
  const six = (nlri[0]?.prefix.address ?? nextHops[0])?.family === 6;
  out.u16(six ? AFI_IPV6 : AFI_IPV4).u8(SAFI_UNICAST);
  out.u8(nextHops.reduce((sum, { family }) => sum + (family === 6 ? 16 : 4), 0));
  for (const hop of nextHops) writeAddress(out, hop);
  out.u8(0);
  writeNlri(out, nlri, six ? addPath6 : addPath4);
}

/** Withdrawals of IPv6, and its End-of-RIB when there are none (RFC 4724 section 2). */
function writeUnreach(out: Writer, list: readonly Nlri[], { addPath4, addPath6 }: WireForm): void {
  const four = list[0]?.prefix.address.family === 4;
  out.u16(four ? AFI_IPV4 : AFI_IPV6).u8(SAFI_UNICAST);
  writeNlri(out, list, four ? addPath4 : addPath6);
}
