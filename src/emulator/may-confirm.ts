import type { Packet } from "../net/packet.ts";
import { DCCP, SCTP, TCP } from "../net/protocol.ts";
import { INIT, INIT_ACK, SCTP_INIT } from "../net/sctp.ts";
import { ACK, RST, SYN } from "../net/tcp-flags.ts";

/**
 * Whether the socket of a packet may have heard that what it sends arrives, so that its packets confirm the neighbours they go to: sk_dst_confirm()
 * in tcp_ack() (net/ipv4/tcp_input.c), sctp_transport_dst_confirm(). What it heard is not followed. No program of UDP is taken to say
 * so itself (MSG_CONFIRM).
 */
export function mayConfirm({ protocol, flags, sctp }: Packet): boolean {
  switch (protocol) {
    case TCP:
      return (flags & (ACK | SYN | RST)) === ACK;
    case SCTP:
      return (sctp ?? SCTP_INIT).chunks.some(({ type }) => type !== INIT && type !== INIT_ACK);
    case DCCP:
      return true;
    default:
      return false;
  }
}
