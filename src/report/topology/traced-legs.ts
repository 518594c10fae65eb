import { consequencesOf, decisiveJourney } from "../../analysis/journeys.ts";
import type { Journey } from "../../emulator/journey.ts";
import type { Network } from "../../model/network.ts";
import type { Answer } from "../../trace/result.ts";
import type { TraceStep } from "../../trace/step.ts";
import { ownerOf } from "../address-names.ts";
import { describeEnd, kindWords } from "../ending-text.ts";

/** A stay of the packet on one machine. */
export interface TracedHop {
  readonly host: string;
  /** Interface it came in by; null where it was sent. */
  readonly in: string | null;
  /** Interface it left by; null where it ended. A packet into a tunnel leaves by the device under it. */
  readonly out: string | null;
  /** Tunnel device that it was put into or taken out of here. */
  readonly tunnel: string | null;
}

/** One packet from its sender to its end. */
export interface TracedLeg {
  /** `request`, `echo reply`, `ICMP error`, …. */
  readonly what: string;
  readonly direction: "forward" | "back";
  readonly hops: readonly TracedHop[];
  readonly outcome: "delivered" | "dropped" | "rejected" | "left" | "unresolved" | null;
  /** Host that has the address it was sent to; null where nobody has who was dumped. */
  readonly to: string | null;
  /** What became of it, as the rest of a sentence. */
  readonly end: string;
}

/** The way of the packet asked for and of what was sent because of it, in the first branch of an answer. */
export function tracedLegs({ network, branches }: Answer): readonly TracedLeg[] {
  const run = branches[0]?.run;
  const request = run === undefined ? null : decisiveJourney(run);
  if (run === undefined || request === null) return [];
  const stepsOf = (journey: Journey): readonly TraceStep[] => run.steps.get(journey.id) ?? [];
  const legs = [legOf(network, request, stepsOf(request), "forward")];
  const [answer] = consequencesOf(run, request);
  if (answer !== undefined) legs.push(legOf(network, answer, stepsOf(answer), "back"));
  return legs;
}

function legOf(
  network: Network,
  journey: Journey,
  steps: readonly TraceStep[],
  direction: TracedLeg["direction"],
): TracedLeg {
  return {
    what: kindWords(journey),
    direction,
    hops: hopsOf(journey, steps),
    outcome: journey.end?.ending.outcome ?? null,
    to: ownerOf(network, journey.packet.dst)?.host || null,
    end: describeEnd(network, journey),
  };
}

function hopsOf(journey: Journey, steps: readonly TraceStep[]): readonly TracedHop[] {
  const hops: { host: string; in: string | null; out: string | null; tunnel: string | null }[] = [];
  const at = (host: string): (typeof hops)[number] => {
    const last = hops.at(-1);
    if (last?.host === host) return last;
    const hop = { host, in: null, out: null, tunnel: null };
    hops.push(hop);
    return hop;
  };
  at(journey.host);
  for (const step of steps) {
    const hop = at(step.host);
    if (step.kind === "receive") hop.in ??= step.interface;
    else if (step.kind === "transmit") hop.out = step.interface;
    else if (step.kind === "encapsulate" || step.kind === "decapsulate") hop.tunnel = step.interface;
  }
  return hops;
}
