import * as icmp from "../net/icmp.ts";
import type { Packet } from "../net/packet.ts";
import { ICMPV6 } from "../net/protocol.ts";

/** Whether an ICMP error says how little a way takes (RFC 1191, RFC 8201). */
export function tellsMtu({ protocol, icmpType, icmpCode }: Packet): boolean {
  if (protocol === ICMPV6) return icmpType === icmp.V6_PACKET_TOO_BIG;
  return icmpType === icmp.DEST_UNREACHABLE && icmpCode === icmp.FRAGMENTATION_NEEDED;
}
