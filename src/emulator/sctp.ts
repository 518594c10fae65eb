import type { HostRuntime, PacketKind } from "../linux/runtime.ts";
import { isForMany, type Skb } from "../linux/skb.ts";
import { type Packet, packet } from "../net/packet.ts";
import { SCTP } from "../net/protocol.ts";
import {
  ABORT,
  abortUnknown,
  COOKIE_ACK,
  COOKIE_ECHO,
  INIT_ACK,
  SCTP_INIT,
  type SctpHeader,
  SHUTDOWN_COMPLETE,
  sctpAnswer,
} from "../net/sctp.ts";
import { listening, type SocketState } from "./listening.ts";
import type { World } from "./world.ts";

/**
 * The SCTP of a receiver: a listener's answer, or the ABORT of a kernel that speaks SCTP without a listener. Null: nobody has
 * loaded the module, and the packet is of a protocol that the kernel does not know. No kernel at hand has SCTP: read in net/sctp/.
 */
export function deliverSctp(world: World, runtime: HostRuntime, skb: Skb): SocketState | null {
  if (isForMany(skb)) return "unknown";
  const header = skb.packet.sctp ?? SCTP_INIT;
  const state = listening(world, runtime, skb);
  if (state === "closed" && !speaksSctp(world, runtime)) return null;
  if (!world.answers) return state;
  const answer = state === "closed" ? abortUnknown(header) : sctpAnswer(header, peerTag(world, skb));
  if (answer !== null) say(runtime, skb, answer);
  return state;
}

/** The tag of whoever sent a packet: what it answers carried it. Null: it answers nothing, there is no association. */
export function peerTag({ journeys }: World, { journey }: Skb): number | null {
  const cause = journeys[journeys[journey]?.cause ?? -1];
  return cause?.packet.protocol === SCTP ? (cause.packet.sctp?.tag ?? null) : null;
}

/** What a packet of SCTP is, by its first chunk. */
export function sctpKind({ chunks }: SctpHeader): PacketKind {
  switch (chunks[0]?.type) {
    case INIT_ACK:
      return "init-ack";
    case COOKIE_ECHO:
      return "cookie-echo";
    case COOKIE_ACK:
      return "cookie-ack";
    case ABORT:
    case SHUTDOWN_COMPLETE:
      return "abort";
    default:
      return "data";
  }
}

/** Bytes of a server's message. */
const ANSWER_SIZE = 100;

/** The packet that says this to the sender of another one. */
export function sctpReply(received: Packet, sctp: SctpHeader): Packet {
  return packet({
    src: received.dst,
    dst: received.src,
    protocol: SCTP,
    sport: received.dport,
    dport: received.sport,
    df: received.src.family === 4,
    sctp,
    payloadLength: sctpKind(sctp) === "data" ? ANSWER_SIZE : 0,
  });
}

function say(runtime: HostRuntime, skb: Skb, answer: SctpHeader): void {
  runtime.services.send(runtime, sctpReply(skb.packet, answer), {
    kind: sctpKind(answer),
    cause: skb,
    defaultTtl: true,
  });
}

/**
 * Whether the machine's kernel has SCTP. Its module is loaded when a program first opens such a socket, and stays: a socket or a
 * sysctl of it that was dumped tells, as does a probe that runs there.
 */
function speaksSctp(world: World, runtime: HostRuntime): boolean {
  const machine = runtime.host.node ?? runtime.host.name;
  const { hosts } = world.network;
  const here = [runtime.host, ...(machine === runtime.host.name ? [] : [hosts.get(machine)])];
  if (here.some((host) => host?.sockets.some(({ protocol }) => protocol === SCTP))) return true;
  for (const [name, sockets] of world.sockets) {
    const host = hosts.get(name);
    if ((host?.node ?? name) === machine && sockets.some(({ protocol }) => protocol === SCTP)) return true;
  }
  for (const key of runtime.host.dumpedSysctls) if (/^net\.sctp\./.test(key)) return true;
  const detail = `the kernel of ${machine} has no SCTP loaded`;
  return runtime.services.assume(runtime, "no-sctp-module", detail, 1) === 1;
}
