import type { Journey } from "../emulator/journey.ts";
import { append } from "../model/append.ts";
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

const byCauseOf = new WeakMap<Run, ReadonlyMap<number, readonly Journey[]>>();

/** The journeys of a run by what provoked them: made once, since an exchange may be of thousands. */
function journeysByCause(run: Run): ReadonlyMap<number, readonly Journey[]> {
  const known = byCauseOf.get(run);
  if (known !== undefined) return known;
  const byCause = new Map<number, Journey[]>();
  for (const journey of run.journeys) {
    if (journey.cause === journey.id) continue;
    const siblings = byCause.get(journey.cause);
    if (siblings === undefined) byCause.set(journey.cause, [journey]);
    else siblings.push(journey);
  }
  byCauseOf.set(run, byCause);
  return byCause;
}

/** What hosts sent because of a packet, in order. */
export function responsesTo(run: Run, journey: Journey): readonly Journey[] {
  return journeysByCause(run).get(journey.id) ?? [];
}

/** Everything that a packet provoked, in order: answers, answers to those, …. */
export function consequencesOf(run: Run, journey: Journey): readonly Journey[] {
  const found: Journey[] = [];
  const waiting = [...responsesTo(run, journey)].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    found.push(next);
    append(waiting, [...responsesTo(run, next)].reverse());
  }
  return found;
}

export function isDelivered(journey: Journey): boolean {
  return journey.end?.ending.outcome === "delivered";
}
