import { type Packet, packet } from "../net/packet.ts";
import { TCP } from "../net/protocol.ts";
import { ACK, FIN, RST, SYN } from "../net/tcp-flags.ts";
import { closeTcp } from "./conntrack/tcp.ts";
import { defaultTtl } from "./default-ttl.ts";
import { replyMark, sendIcmpError } from "./icmp.ts";
import { sendIcmpv6Error } from "./icmpv6.ts";
import { type Hook, OUTPUT, PREROUTING } from "./netfilter/verdict.ts";
import { mayRejectByChecksum } from "./reject-checksum.ts";
import { lookUpRoute } from "./routing/look-up.ts";
import type { HostRuntime } from "./runtime.ts";
import { isRoutedToMany, type Skb } from "./skb.ts";
import { isUnicast6 } from "./unicast6.ts";

/** What REJECT answers with: a TCP reset, or an ICMP error of the packet's family. */
export type RejectWith = "tcp-reset" | { readonly type: number; readonly code: number };

/** Answers a packet that a rule rejects, and marks it as rejected. Whether an answer really goes out is decided here. */
export function sendReject(runtime: HostRuntime, skb: Skb, hook: Hook, how: RejectWith): void {
  skb.rejected = true;
  if (!mayRejectByChecksum(runtime, skb, hook, how === "tcp-reset")) return;
  if (how === "tcp-reset") {
    if (hook === PREROUTING || !mayReset(skb)) return;
    sendReset(runtime, skb, hook);
    return;
  }
  const { type, code } = how;
  if (skb.packet.src.family === 4) return sendIcmpError(runtime, skb, type, code, 0);
  // nf_send_unreach6(): what has no device yet gets lo; redirects, copies and what tunnels made have one.
  const device = skb.carrier ?? (hook === OUTPUT ? runtime.compiled.loopback : null);
  sendIcmpv6Error(runtime, skb, type, code, 0, device);
}

const ANYBODY = { src: null, input: null, output: null, mark: 0, tos: 0, sport: 0, dport: 0, uid: 0 };

/** IPv4 looks at the route (nf_send_reset), IPv6 at the addresses (nf_send_reset6), neither at the frame. */
function mayReset(skb: Skb): boolean {
  const { src, dst } = skb.packet;
  return src.family === 4 ? !isRoutedToMany(skb) : isUnicast6(src) && isUnicast6(dst);
}

/** nf_send_reset() (net/ipv4/netfilter/nf_reject_ipv4.c); no reset answers a reset or a fragment. */
function sendReset(runtime: HostRuntime, skb: Skb, hook: Hook): void {
  const reset = resetFor(skb.packet);
  if (reset === null) return;
  if (skb.bridged !== null) {
    // It goes straight back out of the port, past all rules, as long as this host knows a way to the sender.
    if (lookUpRoute(runtime, { ...ANYBODY, dst: reset.dst, protocol: TCP }).kind === "error") return;
    const { destinationMac: sourceMac, sourceMac: destinationMac } = skb;
    reset.ttl = defaultTtl(runtime, reset.dst.family, skb.input?.name ?? null);
    const device = skb.bridged.physicalInput;
    if (skb.connection !== null) closeTcp(runtime, skb.connection);
    return runtime.services.sendFrame(runtime, reset, {
      device,
      sourceMac,
      destinationMac,
      kind: "tcp-reset",
      cause: skb,
    });
  }
  const { connection, owner, boundInterface } = skb;
  const mark = replyMark(runtime, skb);
  // IPv4 goes by the way of what it answers, which in from outside has no metrics (rt_dst_alloc()), IPv6 by its own.
  const way = reset.src.family === 4 && skb.route?.kind !== "error" ? skb.route : null;
  const isFromOutside = skb.input !== null && skb.input.kind !== "loopback" && way?.kind === "local";
  if (way !== null) reset.ttl = defaultTtl(runtime, 4, null, isFromOutside ? null : way.route);
  runtime.services.send(runtime, reset, {
    kind: "tcp-reset",
    cause: skb,
    fromKernel: true,
    defaultTtl: way === null,
    socketless: true,
    hookSocket: hook === OUTPUT && owner !== null ? { owner, boundInterface } : null,
    mark,
    ...(connection === null ? {} : { closes: connection }),
  });
}

/** The reset that answers a segment (RFC 793 page 36); null when none may. */
export function resetFor(about: Packet): Packet | null {
  if (about.protocol !== TCP || about.fragmentOffset > 0 || about.flags & RST) return null;
  const acknowledged = (about.flags & ACK) !== 0;
  const length = about.payloadLength + (about.flags & SYN ? 1 : 0) + (about.flags & FIN ? 1 : 0);
  return packet({
    src: about.dst,
    dst: about.src,
    protocol: TCP,
    sport: about.dport,
    dport: about.sport,
    flags: acknowledged ? RST : RST | ACK,
    seq: acknowledged ? about.ack : 0,
    ack: acknowledged ? 0 : (about.seq + length) >>> 0,
    window: 0,
    df: about.src.family === 4,
  });
}
