import { freeValue } from "../../linux/free-value.ts";
import type { HostRuntime } from "../../linux/runtime.ts";
import { formatAddress, unspecified } from "../../net/address.ts";
import { type Packet, packet } from "../../net/packet.ts";
import { UDP } from "../../net/protocol.ts";
import { originate } from "../originate.ts";
import { openSocket } from "../sockets.ts";
import { settle, type World } from "../world.ts";
import {
  bindingOf,
  describeErrno,
  ephemeralPorts,
  isFatalForUdp,
  isRefusal,
  type ProgramReport,
  type ProgramTarget,
} from "./program.ts";

/** One UDP datagram from a connected socket, and one back. */
export function request(world: World, runtime: HostRuntime, target: ProgramTarget): ProgramReport {
  const sport = target.sport ?? freeValue(world.services.freeValues, [ephemeralPorts(runtime.host)]);
  let answer: Packet | null = null;
  let error: Packet | null = null;
  openSocket(world, runtime.host.name, {
    protocol: UDP,
    localPort: sport,
    remote: target.destination,
    remotePort: target.port,
    receive: (skb) => {
      answer ??= skb.packet;
    },
    error: (skb) => {
      if (isFatalForUdp(skb.packet)) error ??= skb.packet;
    },
  });
  const journey = originate(
    world,
    runtime,
    packet({
      src: target.source ?? unspecified(target.destination.family),
      dst: target.destination,
      protocol: UDP,
      sport,
      dport: target.port,
      payloadLength: target.size,
      df: target.df,
    }),
    { kind: "request", cause: null, connects: true, defaultTtl: true, ...bindingOf(target) },
  );
  settle(world);
  return report(journey.error, answer, error);
}

function report(errno: string | null, answer: Packet | null, error: Packet | null): ProgramReport {
  if (answer !== null) return { result: "answered", text: `answer from ${formatAddress(answer.src)}`, hops: [] };
  if (error !== null) {
    return isRefusal(error)
      ? { result: "refused", text: "Connection refused", hops: [] }
      : { result: "unreachable", text: "No route to host", hops: [] };
  }
  if (errno !== null) return { result: "unreachable", text: describeErrno(errno), hops: [] };
  return { result: "timeout", text: "no answer", hops: [] };
}
