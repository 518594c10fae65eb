import { type FreeDomains, leastOf } from "../linux/free-value.ts";
import type { Network } from "../model/network.ts";
import type { Packet } from "../net/packet.ts";
import { encodeFrame } from "../net/wire/encode-packet.ts";
import type { Answer } from "../trace/result.ts";
import type { TraceStep } from "../trace/step.ts";
import { kindWords } from "./ending-text.ts";
import { PLAIN_INK } from "./ink.ts";
import { type CapturedPacket, pcapng } from "./pcapng.ts";
import { visitsOf } from "./visit.ts";
import { visitLines } from "./visit-text.ts";

/** Between two packets of a capture: what the model gives no time of their own still comes one after the other. */
const MICROSECONDS = 10;

/** When a capture without a known time of collection begins, in milliseconds since 1970: pcapng must have one. */
const SOME_TIME = Date.UTC(2000, 0, 1);

/** A step at which the packet is on an interface. */
type Hop = Extract<TraceStep, { readonly kind: "receive" | "transmit" }>;

/**
 * A capture of an answer: the packet as it was at each interface it came in or went out by, with what happened there as
 * the packet's comment; then likewise all that was sent because of it, and all further branches.
 */
export function tracePcap(answer: Answer, application: string, collectedAt: Date | null): Uint8Array {
  const interfaces = new Map<string, number>();
  const packets: CapturedPacket[] = [];
  const start = (collectedAt === null ? SOME_TIME : collectedAt.getTime()) * 1000;
  answer.branches.forEach((branch, number) => {
    const title = answer.branches.length === 1 ? "" : `branch ${number + 1} of ${answer.branches.length}; `;
    for (const journey of branch.run.journeys.slice(branch.run.first)) {
      const words = `${title}${journey.cause < 0 ? "the request" : kindWords(journey)} of ${journey.host}`;
      for (const { hop, story } of hopsOf(answer.network, branch.run.steps.get(journey.id) ?? [])) {
        const name = `${hop.host}:${hop.interface}`;
        const known = interfaces.get(name) ?? interfaces.size;
        interfaces.set(name, known);
        packets.push({
          interface: known,
          direction: hop.kind === "receive" ? "in" : "out",
          bytes: encodeFrame(drawn(hop.packet, branch.run.freeDomains), hop.frame, hop.innerFrame),
          comment: [words, ...story].join("\n"),
          time: start + packets.length * MICROSECONDS,
        });
      }
    }
  });
  return pcapng(application, [...interfaces.keys()], packets);
}

/** A port or id that nobody has drawn yet is shown as the least that it may be; the comments show it as `*`. */
function drawn(packet: Packet, domains: FreeDomains): Packet {
  return {
    ...packet,
    sport: leastOf(domains, packet.sport),
    dport: leastOf(domains, packet.dport),
    icmpId: leastOf(domains, packet.icmpId),
    inner: packet.inner === null ? null : drawn(packet.inner, domains),
  };
}

/** The hops of a packet; the first one on each host tells what happened to it there. */
function hopsOf(
  network: Network,
  steps: readonly TraceStep[],
): readonly { readonly hop: Hop; readonly story: readonly string[] }[] {
  return visitsOf(steps).flatMap((visit) => {
    const story = visitLines(network, visit, { ink: PLAIN_INK, verbose: false });
    const hops = visit.parts.flatMap((part) => (part.kind === "step" && isHop(part.step) ? [part.step] : []));
    return hops.map((hop, index) => ({ hop, story: index === 0 ? story : [] }));
  });
}

function isHop(step: TraceStep): step is Hop {
  return step.kind === "receive" || step.kind === "transmit";
}
