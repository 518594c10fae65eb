import * as icmp from "../net/icmp.ts";
import { type Packet, packet } from "../net/packet.ts";
import { hasPorts, ICMP, ICMPV6, SCTP, TCP } from "../net/protocol.ts";
import { INIT_ACK, SCTP_INIT, sctpAnswer } from "../net/sctp.ts";
import { ACK, FIN, SYN } from "../net/tcp-flags.ts";

/** What whoever received the packet would send back: SYN-ACK, ACK, INIT ACK, echo reply, a datagram. Null when nothing would. */
export function naturalReply(received: Packet): Packet | null {
  const back = { src: received.dst, dst: received.src, protocol: received.protocol };
  if (received.protocol === ICMP || received.protocol === ICMPV6) {
    const six = received.protocol === ICMPV6;
    if (received.icmpType !== (six ? icmp.V6_ECHO_REQUEST : icmp.ECHO_REQUEST)) return null;
    return packet({
      ...back,
      icmpType: six ? icmp.V6_ECHO_REPLY : icmp.ECHO_REPLY,
      icmpId: received.icmpId,
      icmpSeq: received.icmpSeq,
      payloadLength: received.payloadLength,
    });
  }
  if (!hasPorts(received.protocol)) return packet(back);
  const ports = { sport: received.dport, dport: received.sport };
  if (received.protocol === SCTP) {
    const answer = sctpAnswer(received.sctp ?? SCTP_INIT, null);
    if (answer?.chunks[0]?.type === INIT_ACK) return packet({ ...back, ...ports, sctp: answer });
  }
  if (received.protocol !== TCP) return packet({ ...back, ...ports, payloadLength: received.payloadLength });
  const opening = (received.flags & (SYN | FIN)) !== 0 ? 1 : 0;
  const isSyn = (received.flags & (SYN | ACK)) === SYN;
  return packet({
    ...back,
    ...ports,
    flags: isSyn ? SYN | ACK : ACK,
    seq: isSyn ? SERVER_ISN : received.ack,
    ack: (received.seq + received.payloadLength + opening) >>> 0,
  });
}

/** Initial sequence number of the answering side: its value matters to nobody. */
const SERVER_ISN = 5000;
