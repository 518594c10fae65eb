import { freeValue } from "../../linux/free-value.ts";
import type { HostRuntime, PacketKind } from "../../linux/runtime.ts";
import { mtuOfSegment, sentMss, TCP_MSS_DEFAULT, tellMss } from "../../linux/segment-size.ts";
import type { Skb } from "../../linux/skb.ts";
import { formatAddress, unspecified } from "../../net/address.ts";
import { type Packet, packet } from "../../net/packet.ts";
import { TCP } from "../../net/protocol.ts";
import { ACK, PSH, RST, SYN } from "../../net/tcp-flags.ts";
import { tellsMtu } from "../error-about-mtu.ts";
import type { Journey } from "../journey.ts";
import { originate } from "../originate.ts";
import { openSocket } from "../sockets.ts";
import { blackHoleAfter, firstProbedMss, nextProbedMss } from "../tcp/mtu-probing.ts";
import { DATA_TIMEOUT } from "../tcp/send.ts";
import { settle, type World } from "../world.ts";
import {
  bindingOf,
  ephemeralPorts,
  failedCall,
  isRefusal,
  isUnreachable,
  type ProgramReport,
  type ProgramTarget,
} from "./program.ts";

/** Initial sequence number of every client: its value matters to nobody. */
const CLIENT_ISN = 1000;

/**
 * A TCP connection: SYN, SYN-ACK, ACK, and data each way: the client's in as many segments as it takes, which are cut again where the way
 * turns out to take less (tcp_simple_retransmit).
 */
export function connect(world: World, runtime: HostRuntime, target: ProgramTarget): ProgramReport {
  const sport = target.sport ?? freeValue(world.services.freeValues, [ephemeralPorts(runtime.host)]);
  let state: "connecting" | "established" | "answered" | "refused" | "reset" | "unreachable" = "connecting";
  let local = target.source;
  const segment = (fields: Partial<Packet>): Packet =>
    packet({
      src: local ?? unspecified(target.destination.family),
      dst: target.destination,
      protocol: TCP,
      sport,
      dport: target.port,
      df: true,
      ...fields,
    });
  const answer = (kind: PacketKind, cause: Skb, fields: Partial<Packet>): Journey => {
    return originate(world, runtime, segment(fields), { kind, cause, defaultTtl: true, discoversMtu: true });
  };
  let acknowledged = 0;
  let probedMss = firstProbedMss(runtime);
  /** Octets that a segment has room for. */
  let room = probedMss ?? 0xffff;
  /** The segments of the data as they were sent last, and what made it send them. */
  let segments: readonly Journey[] = [];
  let provokedBy: Skb | null = null;
  const roomOfRoute = (): number => {
    const mtu = mtuOfSegment(runtime, segment({}), null);
    return mtu === null ? room : sentMss(runtime, mtu, target.destination.family);
  };
  const sendData = (cause: Skb): void => {
    let sent = 0;
    const made: Journey[] = [];
    do {
      const payloadLength = Math.min(room, target.size - sent);
      const isLast = sent + payloadLength === target.size;
      const seq = CLIENT_ISN + 1 + sent;
      const journey = answer("data", cause, { flags: isLast ? PSH | ACK : ACK, seq, ack: acknowledged, payloadLength });
      made.push(journey);
      sent += payloadLength;
    } while (sent < target.size);
    segments = made;
    provokedBy = cause;
  };
  const receive = (skb: Skb): void => {
    const { flags, seq, dst } = skb.packet;
    if (flags & RST) {
      if (state === "connecting") state = "refused";
      else if (state === "established") state = "reset";
      return;
    }
    if (state === "connecting" && flags & SYN && flags & ACK) {
      state = "established";
      local = dst;
      acknowledged = (seq + 1) >>> 0;
      room = Math.min(room, skb.packet.mss === 0 ? TCP_MSS_DEFAULT : skb.packet.mss);
      answer("ack", skb, { flags: ACK, seq: CLIENT_ISN + 1, ack: acknowledged });
      sendData(skb);
      return;
    }
    if (state === "established" && skb.packet.payloadLength > 0) state = "answered";
  };
  const isIncomplete = (): boolean => (state === "established" || state === "answered") && segments.some(isLost);
  const wait = (): void => {
    state = "established";
  };
  /** Where nobody tells how little the way takes, TCP finds out by itself, if it may. */
  const probeWay = (): void => {
    const began = world.now;
    for (let timeouts = blackHoleAfter(runtime); provokedBy !== null && isIncomplete(); timeouts++) {
      probedMss = nextProbedMss(runtime, probedMss);
      if (probedMss === null || probedMss >= room) return;
      room = probedMss;
      if (segments.every(({ packet: { payloadLength } }) => payloadLength <= room)) continue;
      wait();
      world.now = Math.max(world.now, began + DATA_TIMEOUT * (2 ** timeouts - 1));
      sendData(provokedBy);
      settle(world);
    }
  };
  openSocket(world, runtime.host.name, {
    protocol: TCP,
    localPort: sport,
    remote: target.destination,
    remotePort: target.port,
    receive,
    error: (skb) => {
      if ((state === "established" || state === "answered") && tellsMtu(skb.packet)) {
        const less = roomOfRoute();
        if (less >= room) return;
        room = less;
        return sendData(skb);
      }
      if (state !== "connecting") return;
      if (isRefusal(skb.packet)) state = "refused";
      else if (isUnreachable(skb.packet)) state = "unreachable";
    },
  });
  const syn = segment({ flags: SYN, seq: CLIENT_ISN });
  tellMss(runtime, syn, null);
  room = Math.min(room, roomOfRoute());
  const journey = originate(world, runtime, syn, {
    kind: "request",
    cause: null,
    ...bindingOf(target),
    connects: true,
    defaultTtl: true,
    discoversMtu: true,
  });
  settle(world);
  // A SYN that OUTPUT drops is sent again and again: connect() itself never fails with EPERM (tcp_connect).
  if (journey.error !== null && journey.error !== "EPERM") {
    return { result: "unreachable", text: failedCall(journey.error, target), hops: [] };
  }
  probeWay();
  // the server has the end of the data, and waits for the rest
  if (isIncomplete()) wait();
  return report(state, `${formatAddress(target.destination)} port ${target.port}`);
}

function isLost({ end }: Journey): boolean {
  return end !== null && (end.ending.outcome === "dropped" || end.ending.outcome === "rejected");
}

function report(
  state: "connecting" | "established" | "answered" | "refused" | "reset" | "unreachable",
  peer: string,
): ProgramReport {
  switch (state) {
    case "answered":
      return { result: "answered", text: `connected to ${peer}, data both ways`, hops: [] };
    case "established":
      return { result: "timeout", text: `connected to ${peer}, but no data came back`, hops: [] };
    case "reset":
      return { result: "refused", text: `connected to ${peer}, then Connection reset by peer`, hops: [] };
    case "refused":
      return { result: "refused", text: "Connection refused", hops: [] };
    case "unreachable":
      return { result: "unreachable", text: "No route to host", hops: [] };
    case "connecting":
      return { result: "timeout", text: "Connection timed out", hops: [] };
  }
}
