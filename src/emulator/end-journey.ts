import { receive } from "../linux/forward.ts";
import type { Ending, HostRuntime, PacketKind } from "../linux/runtime.ts";
import { type Skb, skb } from "../linux/skb.ts";
import type { Interface } from "../model/interface.ts";
import { copyPacket, type Packet } from "../net/packet.ts";
import { ICMP, ICMPV6, TCP } from "../net/protocol.ts";
import { SYN } from "../net/tcp-flags.ts";
import { schedule } from "./event-queue.ts";
import { mayConfirm } from "./may-confirm.ts";
import { startJourney } from "./originate.ts";
import { answerFromOutside } from "./outside.ts";
import { sctpKind } from "./sctp.ts";
import { macOf } from "./topology.ts";
import type { World } from "./world.ts";

/** `held`: the end of a fragment that waits for the others, which holds until something else becomes of it. */
export function endJourney(world: World, runtime: HostRuntime, frame: Skb, ending: Ending, held: boolean): void {
  const journey = world.journeys[frame.journey];
  if (journey === undefined) {
    if (ending.outcome === "left") world.escaped = true;
    return;
  }
  if (journey.end !== null && !journey.end.held && !outranks(ending, journey.end.ending)) return;
  // where nobody asks later, the end of the only copy is of no use
  if (world.forgetful && ending.outcome === "delivered" && frame.copies === null && frame.pieceOf === null) return;
  const outgoing =
    ending.outcome === "left" ||
    ending.outcome === "unresolved" ||
    ending.hook === "POSTROUTING" ||
    ending.hook === "OUTPUT";
  const device = outgoing ? (frame.output ?? frame.input) : (frame.input ?? frame.output);
  journey.end = {
    ending,
    host: runtime.host.name,
    interface: device?.name ?? null,
    packet: held ? copyPacket(frame.packet) : frame.packet,
    chain: ending.byRule ? frame.verdictChain : null,
    rule: frame.verdictRule,
    held,
  };
  if (ending.outcome === "left" && world.answers && device !== null) {
    const answer = answerFromOutside(world, runtime, device, frame, ending.nextHop);
    if (answer !== null) schedule(world.queue, world.now, returnFromOutside, [world, runtime, device, answer, frame]);
  }
}

/**
 * Copies of a flooded frame share one journey. It ended where a copy was delivered, else where the first one died that was
 * for somebody.
 */
function outranks(ending: Ending, earlier: Ending): boolean {
  const rank = ({ outcome, reason }: Ending): number => (outcome === "delivered" ? 2 : reason === "OTHERHOST" ? 0 : 1);
  return rank(ending) > rank(earlier);
}

/** The answer of a machine that nobody dumped comes in where the question went out. */
function returnFromOutside(world: World, runtime: HostRuntime, device: Interface, packet: Packet, cause: Skb): void {
  const kind = kindOfAnswer(packet);
  const journey = startJourney(world, runtime.host.name, packet, kind, cause);
  const item = skb(packet, journey.id);
  item.destinationMac = macOf(runtime.host.name, device);
  item.confirms = device.kind === "veth" && mayConfirm(packet);
  receive(runtime, device, item);
}

function kindOfAnswer(packet: Packet): PacketKind {
  if (packet.sctp !== null) return sctpKind(packet.sctp);
  if (packet.protocol === TCP && (packet.flags & SYN) !== 0) return "syn-ack";
  return isEcho(packet) ? "echo-reply" : "data";
}

function isEcho(packet: Packet): boolean {
  return packet.protocol === ICMP || packet.protocol === ICMPV6;
}
