import { describePacket, headerLength, packetLength } from "../net/packet.ts";
import { AH, ESP, GRE, hasChecksum, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE } from "../net/protocol.ts";
import { unknownOutcome } from "./netfilter/unknown-outcome.ts";
import { type Hook, OUTPUT } from "./netfilter/verdict.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/**
 * Protocols whose checksum is none over the whole payload (nf_reject_verify_csum, include/net/netfilter/nf_reject.h). Linux 6.18 has DCCP no
 * longer among them (observed), older kernels had: what a packet of it carries may add up or not.
 */
const UNCHECKED: ReadonlySet<number> = new Set([GRE, AH, ESP, SCTP, UDPLITE]);
/** Protocols whose checksum podpath's packets have right. */
const RIGHT: ReadonlySet<number> = new Set([TCP, UDP, ICMP, ICMPV6]);

/**
 * Whether the checksum lets REJECT answer (nf_ip_checksum, reject6_csum_ok): it is looked at as if the packet's payload were all that
 * there is, so that for the first of several fragments it is wrong wherever a pseudo header tells the length. Of other
 * protocols, whose payload may hold any sum, nobody knows.
 */
export function mayRejectByChecksum(runtime: HostRuntime, skb: Skb, hook: Hook, isReset: boolean): boolean {
  const { packet } = skb;
  const six = packet.src.family === 6;
  // skb_csum_unnecessary(), which resets do not ask for; reject6_csum_ok() does before anything else.
  if (skb.checksumValid && !isReset) return six || packet.fragmentOffset === 0;
  // What a further fragment is nobody sees.
  if (packet.fragmentOffset > 0) return false;
  // reject6_csum_ok(): nothing stands behind the headers of IPv6.
  if (six && packetLength(packet) === headerLength(packet)) return false;
  // nf_ip_checksum(), nf_ip6_checksum(): a sum that was kept, as TEE's copies do, is looked at in PREROUTING and INPUT alone.
  if (skb.summed && hook === OUTPUT) return true;
  // nf_reject_verify_csum(): what may be damaged is not answered.
  if (packet.badChecksum && packet.protocol !== SCTP && hasChecksum(packet.protocol)) return false;
  if (UNCHECKED.has(packet.protocol)) return true;
  if (RIGHT.has(packet.protocol)) {
    if (!packet.moreFragments) return true;
    // VXLAN over IPv4 goes without a checksum.
    if (packet.vni >= 0 && !six) return true;
    if (packet.protocol !== ICMP) return false;
  }
  return unknownOutcome(runtime, {
    code: "match-hidden-state",
    item: "REJECT",
    fields: describePacket(packet),
    question: "does the payload add up as if it had an Internet checksum? REJECT answers only then",
    no: "it does not",
    yes: "it does",
  });
}
