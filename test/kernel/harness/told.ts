import type { Round } from "./duel.ts";

/**
 * What the kernel did with a packet, in one line: outcome, receiver or reason, errno, and answers as
 * `type/code mtu from > to`. For facts, which say what they expect in these words.
 */
export function told({ kernel }: Round): string {
  const { outcome, delivered, errno, reason, responses } = kernel;
  const main = [
    outcome,
    delivered?.host ?? null,
    outcome === "delivered" || outcome === "unresolved" ? null : reason,
    errno,
  ].filter((part) => part !== null);
  const answers = responses.map(({ kind, packet }) => {
    const icmp = kind === "icmp" ? `${packet.icmpType}/${packet.icmpCode}` : kind;
    const mtu = packet.mtu === 0 ? "" : ` mtu ${packet.mtu}`;
    return `${icmp}${mtu} ${packet.src} > ${packet.dst}`;
  });
  return [main.join(" "), ...answers].join("; ");
}
