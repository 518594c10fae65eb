import { type Address, compareAddresses } from "../../../net/address.ts";
import { firstHeader, nftProtocol } from "../../../net/ipv6-extension.ts";
import { isFragment, packetLength } from "../../../net/packet.ts";
import { hasPorts, ICMP, ICMPV6, TCP } from "../../../net/protocol.ts";
import type { Skb } from "../../skb.ts";

/** Keys of native nft rules whose value is a number: left sides of comparisons and what sets and maps are asked for. */
export type NftNumberKey =
  | "nfproto"
  | "l4proto"
  | "nexthdr"
  | "sport"
  | "dport"
  | "tcp flags"
  | "icmp type"
  | "icmp code"
  | "mark"
  | "ct state"
  | "ct mark"
  | "ct direction"
  | "ct status"
  | "pkttype"
  | "length"
  | "ttl"
  | "dscp"
  | "frag-off";

export type NftAddressKey = "saddr" | "daddr";

export type NftNameKey = "iifname" | "oifname";

/** A key, with what is left of its number: `meta mark & 0xff`. */
export type NftKey =
  | { readonly kind: "number"; readonly of: NftNumberKey; readonly mask?: number }
  | { readonly kind: "address"; readonly of: NftAddressKey }
  | { readonly kind: "name"; readonly of: NftNameKey };

/** What a key may be: both ends belong to a range; a name that ends in `*` stands for all that begin so. */
export type NftRange =
  | { readonly kind: "number"; readonly first: number; readonly last: number }
  | { readonly kind: "address"; readonly first: Address; readonly last: Address }
  | { readonly kind: "name"; readonly text: string; readonly wildcard: boolean };

/** What an expression gives that the packet has no value for (NFT_BREAK): the rule does not match. */
export const NO_VALUE = -1;

/** A value that the packet has and the model does not: what stands where other protocols have a port. */
export const UNTOLD = -2;

const NFPROTO_IPV4 = 2;
const NFPROTO_IPV6 = 10;
/** The header that follows the IPv6 header of a fragment. */
const IP_DF = 0x4000;
const IP_MF = 0x2000;
const IP_CT_DIR_ORIGINAL = 0;
const IP_CT_DIR_REPLY = 1;
/** include/uapi/linux/if_packet.h. */
const PACKET_TYPES: Readonly<Record<Skb["packetType"], number>> = { host: 0, broadcast: 1, multicast: 2, otherhost: 3 };
/** The state of a packet that has no entry and was not exempted (nft_ct_get_eval(): NF_CT_STATE_INVALID_BIT). */
const CT_INVALID = 1;

/**
 * The value of a key in a packet (net/netfilter/nft_meta.c, nft_payload.c, nft_ct.c): uint32, NO_VALUE or UNTOLD. Ports and ICMP types
 * are payload behind the IP header, which further fragments do not have (nft_payload_eval() asks `pkt->fragoff`).
 */
export function numberOf(key: NftNumberKey, skb: Skb): number {
  const { packet } = skb;
  switch (key) {
    case "nfproto":
      return packet.src.family === 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
    case "l4proto":
      return nftProtocol(packet);
    case "nexthdr":
      return firstHeader(packet.extensions, isFragment(packet), packet.protocol);
    case "sport":
    case "dport":
      if (packet.fragmentOffset > 0) return NO_VALUE;
      if (hasPorts(packet.protocol)) return key === "sport" ? packet.sport : packet.dport;
      // `th` reads two octets at the same place of every protocol
      return isIcmp(skb) && key === "sport" ? (packet.icmpType << 8) | packet.icmpCode : UNTOLD;
    case "tcp flags":
      return packet.fragmentOffset > 0 || packet.protocol !== TCP ? NO_VALUE : packet.flags;
    case "icmp type":
      return isIcmp(skb) ? packet.icmpType : NO_VALUE;
    case "icmp code":
      return isIcmp(skb) ? packet.icmpCode : NO_VALUE;
    case "mark":
      return skb.mark >>> 0;
    case "ct state":
      return skb.ctState === 0 ? CT_INVALID : skb.ctState;
    case "ct mark":
      return skb.connection === null ? NO_VALUE : skb.connection.mark >>> 0;
    case "ct direction":
      return skb.connection === null ? NO_VALUE : skb.ctReply ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL;
    case "ct status":
      return skb.connection === null ? NO_VALUE : skb.connection.status;
    case "pkttype":
      return PACKET_TYPES[skb.packetType];
    case "length":
      return packetLength(packet);
    case "ttl":
      return packet.ttl;
    case "dscp":
      return packet.tos >>> 2;
    case "frag-off":
      return (packet.df ? IP_DF : 0) | (packet.moreFragments ? IP_MF : 0) | (packet.fragmentOffset >>> 3);
  }
}

function isIcmp({ packet }: Skb): boolean {
  return packet.fragmentOffset === 0 && (packet.protocol === ICMP || packet.protocol === ICMPV6);
}

export function addressOf(key: NftAddressKey, { packet }: Skb): Address {
  return key === "saddr" ? packet.src : packet.dst;
}

/** Whether an address lies in a range of its own family. */
export function addressWithin(address: Address, first: Address, last: Address): boolean {
  return (
    address.family === first.family && compareAddresses(address, first) >= 0 && compareAddresses(address, last) <= 0
  );
}
