import { ICMP, ICMPV6, TCP, UDP, UDPLITE } from "../net/protocol.ts";

/**
 * Names of `enum skb_drop_reason` without their prefix, as in Linux 6.18 (include/net/dropreason-core.h). Null stands
 * for NOT_SPECIFIED.
 */
export type DropReason =
  | "NO_SOCKET"
  | "NETFILTER_DROP"
  | "OTHERHOST"
  | "IP_RPFILTER"
  | "IP_LOCAL_SOURCE"
  | "IP_INVALID_SOURCE"
  | "IP_INVALID_DEST"
  | "IP_LOCALNET"
  | "UNICAST_IN_L2_MULTICAST"
  | "IP_INNOROUTES"
  | "IP_OUTNOROUTES"
  | "IP_INADDRERRORS"
  | "IP_INHDR"
  | "UNHANDLED_PROTO"
  | "IPV6DISABLED"
  | "PKT_TOO_BIG"
  | "DUP_FRAG"
  | "FRAG_REASM_TIMEOUT"
  | "NEIGH_FAILED"
  | "NEIGH_QUEUEFULL"
  | "NO_TX_TARGET"
  | "RECURSION_LIMIT"
  | "VXLAN_VNI_NOT_FOUND"
  | "VXLAN_INVALID_HDR"
  | "PKT_TOO_SMALL"
  | "VXLAN_ENTRY_EXISTS"
  | "BRIDGE_INGRESS_STP_STATE"
  | "MAC_INVALID_SOURCE"
  | "LOCAL_MAC"
  | "IP_TUNNEL_ECN"
  | "QDISC_DROP"
  | "ICMP_CSUM"
  | "TCP_CSUM"
  | "UDP_CSUM";

/** Why the receiver of a packet with a wrong checksum drops it; null for protocols that it is not looked at for. */
export function checksumReason(protocol: number): DropReason | null {
  switch (protocol) {
    case TCP:
      return "TCP_CSUM";
    case UDP:
    case UDPLITE:
      return "UDP_CSUM";
    case ICMP:
    case ICMPV6:
      return "ICMP_CSUM";
    default:
      return null;
  }
}
