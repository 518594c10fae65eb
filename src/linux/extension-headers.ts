import type { Interface } from "../model/interface.ts";
import { type Address, isMulticast } from "../net/address.ts";
import * as icmp from "../net/icmp.ts";
import { findExtension, type Ipv6Extension, type Ipv6Option, NO_NEXT_HEADER } from "../net/ipv6-extension.ts";
import { describePacket, headerLength, type Packet, packetLength } from "../net/packet.ts";
import { quietSysctl, seg6Enabled } from "./device-settings.ts";
import type { DropReason } from "./drop-reason.ts";
import { sendIcmpv6Error } from "./icmpv6.ts";
import { unknownOutcome } from "./netfilter/unknown-outcome.ts";
import type { HostRuntime } from "./runtime.ts";
import { isForMany, type Skb } from "./skb.ts";

/** Why a packet goes no further; `answered` when that calls for an error, whether or not one could be sent. */
export interface HeaderRefusal {
  readonly kind: "refused";
  readonly reason: DropReason | null;
  readonly answered: boolean;
  readonly text: string;
}

const IPV6_HEADER = 40;
/** Where the IPv6 header says what follows it. */
const NEXT_HEADER_FIELD = 6;

const PAD1 = 0;
const PADN = 1;
const ROUTER_ALERT = 5;
const JUMBO = 0xc2;
/** A label of RFC 5570: data of zeros is none that the kernel takes. */
const CALIPSO = 7;
/** RFC 9486; passed over where `ioam6_enabled` is 0, as it is by default. */
const IOAM = 49;
/** Consecutive bytes of padding (RFC 4942 2.1.9.5). */
const LONGEST_PADDING = 7;
/** The default of `net.ipv6.max_hbh_opts_number` and `max_dst_opts_number`. */
const MOST_OPTIONS = 8;

/** The default of `net.ipv6.max_hbh_length` and `max_dst_opts_length`, bytes. */
const LONGEST_OPTIONS = 0x7fff_ffff;

const TOO_LONG: HeaderRefusal = {
  kind: "refused",
  reason: null,
  answered: false,
  text: "more bytes of options than net.ipv6.max_hbh_length or max_dst_opts_length allows",
};

const MALFORMED: HeaderRefusal = {
  kind: "refused",
  reason: "IP_INHDR",
  answered: false,
  text: "options that cannot be read",
};

/**
 * ipv6_parse_hopopts() (net/ipv6/exthdrs.c): the options that every host on the way reads, before any rule is asked. Null when
 * nothing is wrong.
 */
export function refusedHopOptions(runtime: HostRuntime, skb: Skb): HeaderRefusal | null {
  const first = skb.packet.extensions?.[0];
  return first?.header === "hop-by-hop" ? refusedOptions(runtime, skb, first, IPV6_HEADER) : null;
}

/** It goes to another address: the next of the segments in its routing header (RFC 8754). */
export interface NextSegment {
  readonly kind: "segment";
  /** The packet's headers with one segment less to go. */
  readonly extensions: readonly Ipv6Extension[];
  readonly destination: Address;
}

/**
 * ip6_protocol_deliver_rcu() as far as extension headers (net/ipv6/ip6_input.c, exthdrs.c): what the receiver reads in turn
 * behind INPUT. Null when the packet goes on to what it carries.
 */
export function readExtensions(
  runtime: HostRuntime,
  skb: Skb,
  device: Interface | null,
): HeaderRefusal | NextSegment | null {
  const { packet } = skb;
  if (skb.misread) return misreading(runtime, packet);
  let at = IPV6_HEADER;
  for (const extension of packet.extensions ?? []) {
    // What nothing here handles is answered as any such protocol.
    if (extension === unhandledExtension(packet)) return null;
    const found =
      extension.header === "destination"
        ? refusedOptions(runtime, skb, extension, at)
        : extension.header === "routing"
          ? readRouting(runtime, skb, extension, at, device)
          : null;
    if (found !== null) return found;
    at += extension.length;
  }
  if (packet.protocol !== NO_NEXT_HEADER) return null;
  return { kind: "refused", reason: null, answered: false, text: "no next header: there is nothing to deliver" };
}

/**
 * What conntrack has put together is read from behind the place of the fragment header, with the number of the first header in
 * front of it: what it carries is taken for options or a route, which it is not (seen on Linux 6.18). Null: by chance it is.
 */
function misreading(runtime: HostRuntime, packet: Packet): HeaderRefusal | null {
  const taken = unknownOutcome(runtime, {
    code: "misread-extension-headers",
    item: "extension headers",
    fields: describePacket(packet),
    question: "does the receiver take what it reads in the wrong place for headers?",
    no: "it drops the packet",
    yes: "it takes the packet",
  });
  return taken
    ? null
    : { kind: "refused", reason: null, answered: false, text: "extension headers read in the wrong place" };
}

/** The header that no handler of this kernel takes, in a packet that got as far as its headers; null where there is none. */
export function unhandledExtension({ extensions }: Packet): Ipv6Extension | null {
  return (
    extensions?.find(({ header }, index) => header === "authentication" || (header === "hop-by-hop" && index > 0)) ??
    null
  );
}

/** Where a packet says what stands behind its last header, or in front of `until`: what "unknown next header" points to. */
export function nextHeaderField(extensions: readonly Ipv6Extension[] | null, until: Ipv6Extension | null): number {
  let field = NEXT_HEADER_FIELD;
  let at = IPV6_HEADER;
  for (const extension of extensions ?? []) {
    if (extension === until || extension.header === "mobility") break;
    field = at;
    at += extension.length;
  }
  return field;
}

/** ipv6_parse_hopopts(), ipv6_destopt_rcv(), and ip6_parse_tlv(). */
function refusedOptions(
  runtime: HostRuntime,
  skb: Skb,
  { header, length, options }: Extract<Ipv6Extension, { readonly options: readonly Ipv6Option[] }>,
  start: number,
): HeaderRefusal | null {
  const lengthKey = header === "hop-by-hop" ? "net.ipv6.max_hbh_length" : "net.ipv6.max_dst_opts_length";
  if (length > quietSysctl(runtime, lengthKey, LONGEST_OPTIONS)) return TOO_LONG;
  const key = header === "hop-by-hop" ? "net.ipv6.max_hbh_opts_number" : "net.ipv6.max_dst_opts_number";
  const most = quietSysctl(runtime, key, MOST_OPTIONS);
  let at = start + 2;
  let padding = 0;
  let count = 0;
  for (const option of options) {
    const size = option.type === PAD1 ? 1 : 2 + option.length;
    if (option.type === PAD1 || option.type === PADN) {
      padding += size;
      if (padding > LONGEST_PADDING) return MALFORMED;
    } else {
      padding = 0;
      count++;
      if (count > Math.abs(most)) return MALFORMED;
      const refused = refusedOption(runtime, skb, option, at, header === "hop-by-hop", most < 0);
      if (refused !== null) return refused;
    }
    at += size;
  }
  return null;
}

function refusedOption(
  runtime: HostRuntime,
  skb: Skb,
  { type, length }: Ipv6Option,
  at: number,
  hopByHop: boolean,
  onlyKnown: boolean,
): HeaderRefusal | null {
  if (hopByHop && type === ROUTER_ALERT) return length === 2 ? null : MALFORMED;
  if (hopByHop && type === CALIPSO) return MALFORMED;
  if (hopByHop && type === IOAM) return (at & 3) === 0 ? null : MALFORMED;
  if (hopByHop && type === JUMBO) {
    if (length !== 4 || (at & 3) !== 2) return MALFORMED;
    // It says a length of 0 here, as the data of all options is zero.
    return problem(runtime, skb, "IP_INHDR", icmp.V6_ERRONEOUS_HEADER, at + 2, "a jumbo payload that is none");
  }
  // ip6_tlvopt_unknown(): the two highest bits say what to do with an option that nobody knows.
  const text = `option ${type}, which nobody knows`;
  const silent: HeaderRefusal = { kind: "refused", reason: "UNHANDLED_PROTO", answered: false, text };
  if (onlyKnown) return silent;
  switch (type >> 6) {
    case 0:
      return null;
    case 3:
      // icmp6_send(), by opt_unrec(), keeps silent about one in a frame for many, too.
      if (isMulticast(skb.packet.dst) || isForMany(skb)) return silent;
      return problem(runtime, skb, "UNHANDLED_PROTO", icmp.V6_UNKNOWN_OPTION, at, text);
    case 2:
      return problem(runtime, skb, "UNHANDLED_PROTO", icmp.V6_UNKNOWN_OPTION, at, text);
    default:
      return silent;
  }
}

const SEGMENT_ROUTING = 4;

/** ipv6_rthdr_rcv(): source routes are not followed (RFC 5095), and segments only where `seg6_enabled` says so. */
function readRouting(
  runtime: HostRuntime,
  skb: Skb,
  header: Extract<Ipv6Extension, { readonly header: "routing" }>,
  at: number,
  device: Interface | null,
): HeaderRefusal | NextSegment | null {
  const { type, segmentsLeft, addresses } = header;
  const { packet } = skb;
  const silent = (text: string): HeaderRefusal => ({ kind: "refused", reason: null, answered: false, text });
  if (isMulticast(packet.dst) || skb.packetType !== "host") return silent("a routing header to many");
  const segments = type === SEGMENT_ROUTING;
  if (segments && (device === null || !seg6Enabled(runtime, device))) {
    return silent(`segment routing is not enabled${device === null ? "" : ` on ${device.name}`}`);
  }
  if (segmentsLeft === 0) return null;
  // ipv6_srh_rcv() takes the IPv6 header to stand right in front (seen on Linux 6.18).
  if (segments && at > IPV6_HEADER) {
    const refused = misreading(runtime, packet);
    if (refused !== null) return refused;
  }
  const next = addresses[segmentsLeft - 1];
  if (!segments || next === undefined) {
    const field = segments ? SEGMENTS_LEFT_FIELD : TYPE_FIELD;
    return problem(
      runtime,
      skb,
      null,
      icmp.V6_ERRONEOUS_HEADER,
      at + field,
      `a routing header of type ${type} is not followed`,
    );
  }
  const extensions = (packet.extensions ?? []).map((extension) =>
    extension === header ? { ...header, segmentsLeft: segmentsLeft - 1 } : extension,
  );
  return { kind: "segment", extensions, destination: next };
}

/** Where these stand in a routing header. */
const TYPE_FIELD = 2;
const SEGMENTS_LEFT_FIELD = 3;

function problem(
  runtime: HostRuntime,
  skb: Skb,
  reason: DropReason | null,
  code: number,
  pointer: number,
  text: string,
): HeaderRefusal {
  sendIcmpv6Error(runtime, skb, icmp.V6_PARAMETER_PROBLEM, code, pointer);
  return { kind: "refused", reason, answered: true, text };
}

/** True for a packet with headers that only its receiver reads. */
export function hasExtensions({ packet }: Skb): boolean {
  return packet.extensions !== null || (packet.protocol === NO_NEXT_HEADER && packet.src.family === 6);
}

/**
 * nf_ct_frag6_gather(): a fragment that is the whole datagram loses its header where conntrack joins fragments; that it came
 * in one stays known.
 */
export function dropAtomicFragment(skb: Skb): void {
  const { packet } = skb;
  const { extensions } = packet;
  const header = findExtension(extensions, "fragment");
  if (extensions === null || header === null) return;
  const length = packetLength(packet);
  skb.reassembled = { maxSize: length, sizes: [length - headerLength(packet)], df: false };
  skb.misread = standsBehind(extensions.slice(0, extensions.indexOf(header)));
  const left = extensions.filter((extension) => extension !== header);
  packet.extensions = left.length === 0 ? null : left;
}

/** Whether headers other than hop-by-hop options stand in front of a fragment header. */
export function standsBehind(headers: readonly Ipv6Extension[] | null): boolean {
  return headers?.some(({ header }) => header !== "hop-by-hop") === true;
}
