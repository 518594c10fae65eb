import { ECHO_REPLY, ECHO_REQUEST, V6_ECHO_REPLY, V6_ECHO_REQUEST } from "../../../src/net/icmp.ts";
import type { ProbePacket } from "./duel.ts";
import type { KernelPacket } from "./oracle-client.ts";

/** A packet of a sequence that the kernel delivered. */
export interface Received {
  readonly host: string;
  readonly packet: KernelPacket;
  /** On the host where it was put in. */
  readonly near: boolean;
  readonly asked: ProbePacket;
}

/** The natural answer (`src/trace/natural-reply.ts`) to what the kernel delivered; null where there is none. */
export function naturalAnswer(received: Received, packet: ProbePacket): ProbePacket | null {
  const { packet: it, host, asked } = received;
  // Of a protocol that nothing handles the oracle knows the packet only as it came in, before any NAT.
  if (it.proto !== "tcp" && it.proto !== "udp" && it.proto !== "icmp" && received.near) return null;
  const back: ProbePacket = {
    ...(packet.id === undefined ? {} : { id: packet.id }),
    host,
    src: it.dst,
    dst: it.src,
    proto: it.proto,
  };
  if (it.proto === "icmp" || it.proto === "icmpv6") {
    const six = it.proto === "icmpv6";
    if (it.icmpType !== (six ? V6_ECHO_REQUEST : ECHO_REQUEST)) return null;
    return {
      ...back,
      icmpType: six ? V6_ECHO_REPLY : ECHO_REPLY,
      icmpId: it.icmpId ?? 0,
      icmpSeq: it.icmpSeq ?? 0,
      length: it.length ?? 0,
    };
  }
  if (it.sport === undefined) return back;
  const ports = { ...back, sport: it.dport ?? 0, dport: it.sport ?? 0 };
  if (it.proto === "sctp" && (asked.chunks ?? ["INIT"]).join() === "INIT" && (asked.vtag ?? 0) === 0) {
    return { ...ports, chunks: ["INIT_ACK"], vtag: asked.initTag ?? 1, initTag: 5000, length: 0 };
  }
  if (it.proto !== "tcp") return { ...ports, length: it.length ?? 0 };
  const flags = it.flags ?? "";
  const syn = flags.includes("S") && !flags.includes("A");
  const opening = flags.includes("S") || flags.includes("F") ? 1 : 0;
  return {
    ...ports,
    flags: syn ? "SA" : "A",
    seq: syn ? 5000 : (it.ack ?? 0),
    ack: ((it.seq ?? 0) + (it.length ?? 0) + opening) >>> 0,
  };
}
