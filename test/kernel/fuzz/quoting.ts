import { ICMP, ICMPV6, TCP } from "../../../src/net/protocol.ts";
import type { ProbePacket, Round } from "../harness/duel.ts";

/** Whether the packet is an ICMP error about an earlier one, rather than that one's answer. */
export function isErrorAbout(packet: ProbePacket): boolean {
  return packet.replyTo !== undefined && packet.icmpType !== undefined;
}

/** The error packet with what it quotes: an earlier packet as it was delivered. Null when there is none to quote. */
export function quoting(packet: ProbePacket, rounds: ReadonlyMap<string, Round>): ProbePacket | null {
  const { replyTo, ...error } = packet;
  const round = rounds.get(replyTo ?? "");
  const delivered = round?.kernel.delivered ?? null;
  const ours = round?.branches[0]?.delivered ?? null;
  if (delivered === null || ours === null) return null;
  const { sport, dport, icmpId } = ours.packet;
  // Numbers that only the kernel has drawn.
  if (sport > 0xffff || dport > 0xffff || icmpId > 0xffff) return null;
  const { packet: it } = delivered;
  return {
    ...error,
    dst: it.src,
    icmpInner: {
      src: it.src,
      dst: it.dst,
      proto: it.protocol,
      ttl: it.ttl,
      length: it.length,
      ...(it.protocol === ICMP || it.protocol === ICMPV6
        ? { icmpType: it.icmpType, icmpCode: it.icmpCode, icmpId: it.icmpId }
        : { sport: it.sport, dport: it.dport }),
      ...(it.protocol === TCP ? { flags: it.flags, seq: it.seq, ack: it.ack } : {}),
    },
  };
}
