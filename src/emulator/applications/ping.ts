import type { HostRuntime } from "../../linux/runtime.ts";
import { formatAddress, unspecified } from "../../net/address.ts";
import * as icmp from "../../net/icmp.ts";
import { type Packet, packet } from "../../net/packet.ts";
import { ICMP, ICMPV6 } from "../../net/protocol.ts";
import { originate } from "../originate.ts";
import { openSocket } from "../sockets.ts";
import { settle, type World } from "../world.ts";
import { bindingOf, failedCall, type ProgramReport, type ProgramTarget } from "./program.ts";

/** Any id does: nothing in the datapath tests it. */
const ECHO_ID = 1000;

/** `ping -c 1`: one echo request, and whatever comes back. */
export function ping(world: World, runtime: HostRuntime, target: ProgramTarget): ProgramReport {
  const six = target.destination.family === 6;
  const protocol = six ? ICMPV6 : ICMP;
  let answer: Packet | null = null;
  let error: Packet | null = null;
  openSocket(world, runtime.host.name, {
    protocol,
    localPort: ECHO_ID,
    remote: target.destination,
    remotePort: 0,
    receive: (skb) => {
      answer ??= skb.packet;
    },
    error: (skb) => {
      error ??= skb.packet;
    },
  });
  const request = packet({
    src: target.source ?? unspecified(target.destination.family),
    dst: target.destination,
    protocol,
    icmpType: six ? icmp.V6_ECHO_REQUEST : icmp.ECHO_REQUEST,
    icmpId: ECHO_ID,
    icmpSeq: 1,
    payloadLength: target.size,
    df: target.df,
  });
  const journey = originate(world, runtime, request, {
    kind: "request",
    cause: null,
    defaultTtl: true,
    ...bindingOf(target),
  });
  settle(world);
  return report(journey.error, answer, error, target);
}

function report(
  errno: string | null,
  answer: Packet | null,
  error: Packet | null,
  target: ProgramTarget,
): ProgramReport {
  if (answer !== null) {
    return { result: "answered", text: `64 bytes from ${formatAddress(answer.src)}: ttl=${answer.ttl}`, hops: [] };
  }
  if (error !== null) {
    const words =
      error.protocol === ICMPV6
        ? icmp.describeIcmpv6(error.icmpType, error.icmpCode)
        : icmp.describeIcmp(error.icmpType, error.icmpCode);
    return { result: "unreachable", text: `From ${formatAddress(error.src)} icmp_seq=1 ${words}`, hops: [] };
  }
  if (errno === "EPERM") return { result: "timeout", text: "ping: sendmsg: Operation not permitted", hops: [] };
  if (errno !== null) return { result: "unreachable", text: `ping: ${failedCall(errno, target)}`, hops: [] };
  return { result: "timeout", text: "100% packet loss", hops: [] };
}
