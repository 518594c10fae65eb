import type { Journey } from "../emulator/journey.ts";
import { decisiveFrom, type Run } from "../trace/result.ts";

/** Journeys that the question's sender started on its own account: one, or one per TTL of a traceroute. */
export function ownJourneys(run: Run): readonly Journey[] {
  return run.journeys.slice(run.first).filter((journey) => journey.cause < run.first);
}

/** The journey that the outcome is about: the packet asked, or the last one that a traceroute sent. */
export function decisiveJourney(run: Run): Journey | null {
  const from = decisiveFrom(run);
  const own = ownJourneys(run).filter(({ id }) => id >= from);
  const isTraceroute = (run.report?.hops.length ?? 0) > 0;
  return (isTraceroute ? own.at(-1) : own[0]) ?? null;
}

/** What hosts sent because of a packet, in order. */
export function responsesTo(run: Run, journey: Journey): readonly Journey[] {
  return run.journeys.filter((other) => other.cause === journey.id && other.id !== journey.id);
}

/** Everything that a packet provoked, in order: answers, answers to those, …. */
export function consequencesOf(run: Run, journey: Journey): readonly Journey[] {
  return responsesTo(run, journey).flatMap((response) => [response, ...consequencesOf(run, response)]);
}

export function isDelivered(journey: Journey): boolean {
  return journey.end?.ending.outcome === "delivered";
}
