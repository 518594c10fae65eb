import type { Host } from "../model/host.ts";
import { UDP, UDPLITE } from "../net/protocol.ts";
import { checksumReason, type DropReason } from "./drop-reason.ts";
import { listenerFor } from "./heard-by.ts";
import { isRoutedToMany, type Skb } from "./skb.ts";

/** Bytes from the UDP header on that are summed at once; of more, only when somebody needs to know (CHECKSUM_BREAK, include/linux/skbuff.h). */
const SUMMED_AT_ONCE = 76;
const UDP_HEADER = 8;

/**
 * Why the receiver drops a packet with a wrong checksum; null where it does not look. Of longer datagrams __udp6_lib_rcv()
 * looks for a socket first, and where there is none gives that reason; of those to many nobody sums what no socket takes
 * (__udp4_lib_mcast_deliver()). What conntrack has summed is known to be wrong before (udp4_csum_init(), udp6_csum_init()).
 */
export function checksumDrop(host: Host, skb: Skb): DropReason | null {
  return skb.packet.badChecksum ? wrongChecksum(host, skb) : null;
}

/** A function of its own: what its closure holds is made wherever it begins. */
function wrongChecksum({ sockets }: Host, skb: Skb): DropReason | null {
  const { packet } = skb;
  const { protocol, src, payloadLength } = packet;
  const isLong = payloadLength + UDP_HEADER > SUMMED_AT_ONCE;
  if (isLong && !skb.summed && (protocol === UDP || protocol === UDPLITE)) {
    const isUnread = (): boolean => listenerFor(sockets, skb) === null;
    if (isRoutedToMany(skb) && isUnread()) return null;
    if (src.family === 6 && isUnread()) return "NO_SOCKET";
  }
  return checksumReason(protocol);
}
