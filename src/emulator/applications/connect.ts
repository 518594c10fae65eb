import { freeValue } from "../../linux/free-value.ts";
import type { HostRuntime, PacketKind } from "../../linux/runtime.ts";
import { tellMss } from "../../linux/segment-size.ts";
import type { Skb } from "../../linux/skb.ts";
import { formatAddress, unspecified } from "../../net/address.ts";
import { type Packet, packet } from "../../net/packet.ts";
import { TCP } from "../../net/protocol.ts";
import { ACK, PSH, RST, SYN } from "../../net/tcp-flags.ts";
import { openSocket } from "../sockets.ts";
import { originate, settle, type World } from "../world.ts";
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

/** A TCP connection: SYN, SYN-ACK, ACK, and one data segment each way. */
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
  const answer = (kind: PacketKind, cause: Skb, fields: Partial<Packet>): void => {
    originate(world, runtime, segment(fields), { kind, cause, defaultTtl: true, discoversMtu: true });
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
      const ack = (seq + 1) >>> 0;
      answer("ack", skb, { flags: ACK, seq: CLIENT_ISN + 1, ack });
      answer("data", skb, { flags: PSH | ACK, seq: CLIENT_ISN + 1, ack, payloadLength: target.size });
      return;
    }
    if (state === "established" && skb.packet.payloadLength > 0) state = "answered";
  };
  openSocket(world, runtime.host.name, {
    protocol: TCP,
    localPort: sport,
    remote: target.destination,
    remotePort: target.port,
    receive,
    error: (skb) => {
      if (state !== "connecting") return;
      if (isRefusal(skb.packet)) state = "refused";
      else if (isUnreachable(skb.packet)) state = "unreachable";
    },
  });
  const syn = segment({ flags: SYN, seq: CLIENT_ISN });
  tellMss(runtime, syn, null);
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
  return report(state, `${formatAddress(target.destination)} port ${target.port}`);
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
