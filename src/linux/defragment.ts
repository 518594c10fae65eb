import * as icmp from "../net/icmp.ts";
import { findExtension } from "../net/ipv6-extension.ts";
import { isFragment } from "../net/packet.ts";
import { sysctl } from "./device-settings.ts";
import { drop, reject } from "./endings.ts";
import { dropAtomicFragment, standsBehind } from "./extension-headers.ts";
import { sendIcmpError } from "./icmp.ts";
import { sendIcmpv6Error } from "./icmpv6.ts";
import { type DefragUser, type FragmentQueue, firstFragment, forget, gather } from "./reassembly.ts";
import { dissect } from "./routing/dissect.ts";
import { routeInput } from "./routing/input.ts";
import { type HostRuntime, PLAIN_ENDING } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/**
 * ip_defrag(): true once the datagram is whole, which the skb then holds; until then the fragment waits for the others.
 * Conntrack, TPROXY and `-m socket` have fragments gathered before any rule sees them, the receiver before INPUT.
 */
export function defragment(runtime: HostRuntime, skb: Skb, user: DefragUser): boolean {
  if (!isFragment(skb.packet)) {
    dropAtomicFragment(skb);
    return true;
  }
  const hook = user === "local-deliver" ? "INPUT" : user === "conntrack-out" ? "OUTPUT" : "PREROUTING";
  const found = gather(runtime, skb, user);
  const { family } = skb.packet.src;
  if (found.kind !== "whole" && found.opened !== null)
    runtime.services.after(reassemblyTime(runtime, family, user), expire, [runtime, found.opened, user]);
  switch (found.kind) {
    case "whole": {
      const { first, reassembled } = found;
      skb.packet = found.packet;
      skb.reassembled = reassembled;
      skb.misread = user !== "local-deliver" && standsBehind(skb.packet.extensions);
      skb.pieceOf = null;
      skb.mark = first.mark;
      skb.route = first.route;
      skb.packetType = first.packetType;
      skb.checksumValid = first.checksumValid;
      if (runtime.observer !== null) {
        runtime.observer.step({ kind: "reassemble", runtime, skb, pieces: reassembled.sizes.length });
      }
      return true;
    }
    case "dropped":
      // nf_ct_frag6_gather() lets it pass on (-EPROTO).
      if (found.unaligned && user !== "local-deliver") return true;
      if (found.unaligned) {
        sendIcmpv6Error(runtime, skb, icmp.V6_PARAMETER_PROBLEM, 0, PAYLOAD_LENGTH);
        reject(runtime, skb, null, hook, found.text);
      } else drop(runtime, skb, found.reason, hook, found.text);
      if (user === "conntrack-out" && found.reason === "NETFILTER_DROP") skb.errno = "EPERM";
      return false;
    case "kept": {
      const text = `the other fragments do not come within ${reassemblyTime(runtime, family, user)} s`;
      runtime.services.hold(runtime, skb, { ...PLAIN_ENDING, reason: "FRAG_REASM_TIMEOUT", hook, text });
      return false;
    }
  }
}

/** Whether the packet has a fragment header, in IPv6 also one that says that it is whole. */
export function mayBeJoined({ packet }: Skb): boolean {
  return isFragment(packet) || (packet.extensions !== null && findExtension(packet.extensions, "fragment") !== null);
}

/** Where in the IPv6 header the length stands, to which a parameter problem points. */
const PAYLOAD_LENGTH = 4;

/** Seconds until a datagram that is not complete is given up: in IPv6 connection tracking has a time of its own (nf_ct_net_init()). */
function reassemblyTime(runtime: HostRuntime, family: 4 | 6, user: DefragUser): number {
  if (family === 4) return sysctl(runtime, "net.ipv4.ipfrag_time", 30);
  return user === "local-deliver"
    ? sysctl(runtime, "net.ipv6.ip6frag_time", 60)
    : sysctl(runtime, "net.netfilter.nf_conntrack_frag6_timeout", 60);
}

/**
 * ip_expire(), ip6frag_expire_frag_queue(): the sender of a first fragment is told; in IPv4 not where the datagram was only
 * passing through conntrack.
 */
function expire(runtime: HostRuntime, queue: FragmentQueue, user: DefragUser): void {
  if (queue.done) return;
  forget(runtime, queue);
  const first = firstFragment(queue);
  if (first === null || first.input === null) return;
  if (first.packet.src.family === 6) {
    return sendIcmpv6Error(runtime, first, icmp.V6_TIME_EXCEEDED, icmp.FRAGMENT_TIME, 0);
  }
  if (user !== "local-deliver") {
    const { packet, mark } = first;
    const { src, dst, tos } = packet;
    const { protocol, sport, dport } = dissect(packet);
    const key = { src, dst, protocol, sport, dport, tos: tos & 0xfc, mark, output: null, uid: 0, packet };
    const route = routeInput(runtime, first.input, { ...key, input: first.input.name });
    if (route.kind !== "deliver") return;
    first.route = route.result;
  }
  sendIcmpError(runtime, first, icmp.TIME_EXCEEDED, icmp.FRAGMENT_TIME, 0);
}
