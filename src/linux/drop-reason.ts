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
  | "IP_INNOROUTES"
  | "IP_OUTNOROUTES"
  | "IP_INADDRERRORS"
  | "IP_INHDR"
  | "IP_NOPROTO"
  | "IP6_BAD_EXTHDR"
  | "IPV6DISABLED"
  | "PKT_TOO_BIG"
  | "NEIGH_FAILED"
  | "NO_TX_TARGET"
  | "VXLAN_VNI_NOT_FOUND"
  | "VXLAN_INVALID_HDR"
  | "VXLAN_ENTRY_EXISTS"
  | "BRIDGE_INGRESS_STP_STATE"
  | "MAC_INVALID_SOURCE"
  | "LOCAL_MAC"
  | "IP_TUNNEL_ECN"
  | "DEV_READY"
  | "QDISC_DROP"
  | "UDP_CSUM";
