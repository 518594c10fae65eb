import type { Address } from "./address.ts";
import { AH } from "./protocol.ts";

/** Numbers of the headers (RFC 8200 section 4, RFC 6275). */
export const HOP_BY_HOP = 0;
const ROUTING = 43;
export const FRAGMENT = 44;
export const NO_NEXT_HEADER = 59;
const DESTINATION = 60;
export const MOBILITY = 135;

/** An option of a hop-by-hop or destination options header; `length` counts its data. Pad1 is type 0 without a length. */
export interface Ipv6Option {
  readonly type: number;
  readonly length: number;
}

/** Type 1: pads to a multiple of eight bytes. */
const PADN = 1;

/**
 * An extension header between the IPv6 header and what it carries. `length` is in bytes. `fragment` is one with offset 0 and
 * no more fragments (RFC 6946); the header of a real fragment is told by the packet's own fields and stands behind all others.
 * `mobility` comes last, and is the packet's protocol.
 */
export type Ipv6Extension =
  | {
      readonly header: "hop-by-hop";
      readonly length: number;
      readonly options: readonly Ipv6Option[];
    }
  | { readonly header: "destination"; readonly length: number; readonly options: readonly Ipv6Option[] }
  | {
      readonly header: "routing";
      readonly length: number;
      readonly type: number;
      readonly segmentsLeft: number;
      readonly addresses: readonly Address[];
    }
  | { readonly header: "fragment"; readonly length: number }
  | { readonly header: "authentication"; readonly length: number; readonly spi: number }
  | { readonly header: "mobility"; readonly length: number; readonly type: number };

export type Ipv6HeaderName = Ipv6Extension["header"];

const NUMBERS: Readonly<Record<Ipv6HeaderName, number>> = {
  "hop-by-hop": HOP_BY_HOP,
  destination: DESTINATION,
  routing: ROUTING,
  fragment: FRAGMENT,
  authentication: AH,
  mobility: MOBILITY,
};

/** What stands in the field "next header" in front of it. */
export function extensionNumber({ header }: Ipv6Extension): number {
  return NUMBERS[header];
}

/** True for the number of a header that others follow (ipv6_ext_hdr(), net/ipv6/exthdrs_core.c), other than "no next header". */
export function isExtensionNumber(protocol: number): boolean {
  return protocol !== MOBILITY && Object.values(NUMBERS).includes(protocol);
}

/** A header with these options, padded to a multiple of eight bytes as RFC 8200 wants it. */
export function optionsHeader(header: "hop-by-hop" | "destination", given: readonly Ipv6Option[]): Ipv6Extension {
  const size = 2 + given.reduce((sum, { type, length }) => sum + (type === 0 ? 1 : 2 + length), 0);
  const missing = -size & 7;
  const pad = missing === 0 ? [] : missing === 1 ? [{ type: 0, length: 0 }] : [{ type: PADN, length: missing - 2 }];
  return { header, length: size + missing, options: [...given, ...pad] };
}

/** A routing header with a list of addresses: that of types 0 and 2, and of segment routing (4) without TLVs. */
export function routingHeader(type: number, segmentsLeft: number, addresses: readonly Address[]): Ipv6Extension {
  return { header: "routing", length: 8 + 16 * addresses.length, type, segmentsLeft, addresses };
}

/** Bytes of all of them but a mobility header, which is counted as what the packet carries. */
export function extensionsLength(extensions: readonly Ipv6Extension[]): number {
  let length = 0;
  for (const extension of extensions) if (extension.header !== "mobility") length += extension.length;
  return length;
}

/** The message type of a mobility header; null in packets without one. */
export function mobilityType(extensions: readonly Ipv6Extension[] | null): number | null {
  const last = extensions?.at(-1);
  return last?.header === "mobility" ? last.type : null;
}

/** The first header of that name (ipv6_find_hdr(), net/ipv6/exthdrs_core.c); null in packets without one. */
export function findExtension<Name extends Ipv6HeaderName>(
  extensions: readonly Ipv6Extension[] | null,
  name: Name,
): Extract<Ipv6Extension, { header: Name }> | null {
  if (extensions === null) return null;
  const isIt = (extension: Ipv6Extension): extension is Extract<Ipv6Extension, { header: Name }> =>
    extension.header === name;
  return extensions.find(isIt) ?? null;
}

/**
 * What nftables calls the protocol of a packet (`meta l4proto`, and `-p` in iptables-nft): it stops at an authentication
 * header, which ip6_tables passes over (nft_set_pktinfo_ipv6(), IP6_FH_F_AUTH).
 */
export function nftProtocol({
  protocol,
  extensions,
}: {
  readonly protocol: number;
  readonly extensions: readonly Ipv6Extension[] | null;
}): number {
  return extensions === null || findExtension(extensions, "authentication") === null ? protocol : AH;
}

/** What the IPv6 header says that follows it; `fragmented`: a fragment's own header stands behind these. */
export function firstHeader(
  extensions: readonly Ipv6Extension[] | null,
  fragmented: boolean,
  protocol: number,
): number {
  const [first] = extensions ?? [];
  return first !== undefined ? extensionNumber(first) : fragmented ? FRAGMENT : protocol;
}
