import { freeValue } from "../../linux/free-value.ts";
import type { HostRuntime } from "../../linux/runtime.ts";
import type { Skb } from "../../linux/skb.ts";
import { formatAddress, unspecified } from "../../net/address.ts";
import * as icmp from "../../net/icmp.ts";
import { type Packet, packet } from "../../net/packet.ts";
import { ICMPV6, SCTP } from "../../net/protocol.ts";
import {
  ABORT,
  COOKIE_ACK,
  COOKIE_ECHO,
  chunk,
  DATA,
  INIT_ACK,
  SCTP_INIT,
  type SctpHeader,
  WHOLE_MESSAGE,
} from "../../net/sctp.ts";
import { originate } from "../originate.ts";
import { sctpKind } from "../sctp.ts";
import { openSocket } from "../sockets.ts";
import { settle, type World } from "../world.ts";
import { bindingOf, describeErrno, ephemeralPorts, type ProgramReport, type ProgramTarget } from "./program.ts";

type State = "connecting" | "cookie-echoed" | "established" | "answered" | "refused" | "reset" | "no-protocol";

/**
 * An SCTP association of one stream from a socket that blocks: INIT, INIT ACK, COOKIE ECHO, COOKIE ACK, and one message each way
 * (RFC 9260 section 5.1). Of ICMP errors only "protocol unreachable" ends it; the others are told when all INITs have been sent in
 * vain, as ETIMEDOUT (net/sctp/input.c sctp_v4_err_handle(), sctp_icmp_proto_unreachable()). No kernel at hand has SCTP.
 */
export function associate(world: World, runtime: HostRuntime, target: ProgramTarget): ProgramReport {
  const sport = target.sport ?? freeValue(world.services.freeValues, [ephemeralPorts(runtime.host)]);
  let state: State = "connecting";
  let local = target.source;
  let tag = 0;
  const carrying = (sctp: SctpHeader, payloadLength: number): Packet =>
    packet({
      src: local ?? unspecified(target.destination.family),
      dst: target.destination,
      protocol: SCTP,
      sport,
      dport: target.port,
      df: true,
      sctp,
      payloadLength,
    });
  const say = (cause: Skb, type: number, flags: number, size: number): void => {
    const sctp = { tag, chunks: [chunk(type, { flags })] };
    originate(world, runtime, carrying(sctp, size), { kind: sctpKind(sctp), cause, defaultTtl: true });
  };
  const receive = (skb: Skb): void => {
    const chunks = skb.packet.sctp?.chunks ?? [];
    for (const { type, initTag } of chunks) {
      if (type === ABORT) state = state === "established" ? "reset" : "refused";
      else if (type === INIT_ACK && state === "connecting") {
        state = "cookie-echoed";
        local = skb.packet.dst;
        tag = initTag;
        say(skb, COOKIE_ECHO, 0, 0);
      } else if (type === COOKIE_ACK && state === "cookie-echoed") {
        state = "established";
        say(skb, DATA, WHOLE_MESSAGE, target.size);
      } else if (type === DATA && state === "established") state = "answered";
    }
  };
  openSocket(world, runtime.host.name, {
    protocol: SCTP,
    localPort: sport,
    remote: target.destination,
    remotePort: target.port,
    receive,
    error: (skb) => {
      if (state === "connecting" && isProtocolUnreachable(skb.packet)) state = "no-protocol";
    },
  });
  const journey = originate(world, runtime, carrying(SCTP_INIT, 0), {
    kind: "request",
    cause: null,
    ...bindingOf(target),
    connects: true,
    defaultTtl: true,
  });
  settle(world);
  // sctp_assoc_add_peer() takes a destination without a route for one that may get one; INITs are sent again.
  const silent = journey.error === null ? "" : `, its INIT never left: ${describeErrno(journey.error)}`;
  return report(state, `${formatAddress(target.destination)} port ${target.port}`, silent);
}

function isProtocolUnreachable({ protocol, icmpType, icmpCode }: Packet): boolean {
  return protocol === ICMPV6
    ? icmpType === icmp.V6_PARAMETER_PROBLEM && icmpCode === icmp.V6_UNKNOWN_NEXT_HEADER
    : icmpType === icmp.DEST_UNREACHABLE && icmpCode === icmp.PROTOCOL_UNREACHABLE;
}

function report(state: State, peer: string, silent: string): ProgramReport {
  switch (state) {
    case "answered":
      return { result: "answered", text: `associated with ${peer}, data both ways`, hops: [] };
    case "established":
      return { result: "timeout", text: `associated with ${peer}, but no data came back`, hops: [] };
    case "reset":
      return { result: "refused", text: `associated with ${peer}, then Connection reset by peer`, hops: [] };
    case "refused":
      return { result: "refused", text: "Connection refused", hops: [] };
    case "no-protocol":
      return { result: "unreachable", text: "Protocol not available", hops: [] };
    case "connecting":
    case "cookie-echoed":
      return { result: "timeout", text: `Connection timed out${silent}`, hops: [] };
  }
}
