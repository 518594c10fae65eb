import type { Packet } from "../net/packet.ts";
import { DCCP, ICMP, ICMPV6, SCTP, TCP } from "../net/protocol.ts";
import { sysctl } from "./device-settings.ts";
import { learnPathMtu } from "./path-mtu.ts";
import { routeOutput, routeOutputKey } from "./routing/output.ts";
import type { HostRuntime } from "./runtime.ts";
import { type Skb, skb } from "./skb.ts";

/** Protocols that look whether the quoted packet was theirs before they believe it (`icmp_strict_tag_validation`). */
const STRICT: ReadonlySet<number> = new Set([TCP, SCTP, DCCP]);

/**
 * icmp_unreach() (net/ipv4/icmp.c): "fragmentation needed" teaches the path MTU to the quoted destination, if a socket
 * sent that packet (`heard`) or it was an ICMP one. `ip_no_pmtu_disc` 1 takes the news without its number, 2 not at all.
 * False: nobody is told of the error.
 */
export function receiveFragmentationNeeded(
  runtime: HostRuntime,
  quoted: Packet,
  told: number,
  heard: boolean,
): boolean {
  const mode = sysctl(runtime, "net.ipv4.ip_no_pmtu_disc", 0);
  if (mode === 2 || (mode === 3 && !STRICT.has(quoted.protocol))) return false;
  if (!heard && quoted.protocol !== ICMP) return true;
  const result = routeOutput(runtime, skb(quoted, -1), quoted.src);
  if (result.kind === "unicast") learnPathMtu(runtime, result, quoted.dst, mode === 1 ? 0 : told);
  return true;
}

/**
 * icmpv6_err(), rawv6_err() and others, then ip6_update_pmtu(): "packet too big" teaches the path MTU to the quoted
 * destination, if a socket sent that packet (`heard`) or it was an ICMPv6 one.
 */
export function receivePacketTooBig(
  runtime: HostRuntime,
  { packet: { inner: quoted, icmpMtu }, mark }: Skb,
  heard: boolean,
): void {
  if (quoted === null || (!heard && quoted.protocol !== ICMPV6)) return;
  const { src, dst, tos } = quoted;
  const reflected = sysctl(runtime, "net.ipv6.fwmark_reflect", 0) !== 0 ? mark : 0;
  const key = { dst, src, input: null, output: null, mark: reflected, uid: 0, tos: tos & 0xfc };
  const result = routeOutputKey(runtime, { ...key, protocol: 0, sport: 0, dport: 0 }, true);
  if (result.kind === "unicast") learnPathMtu(runtime, result, dst, icmpMtu);
}
