import type { Network } from "../../model/network.ts";
import type { Fix, Scenario } from "../../readers/scenario/scenario.ts";
import {
  CONSEQUENCES,
  forkTimeline,
  lastOf,
  type PlayedTimeline,
  playTimeline,
  startTimeline,
} from "./play-timeline.ts";
import type { Timeline } from "./playing.ts";

/** The networks that a scenario's changes make. */
export interface Stages {
  /** When probes without a time are asked: once everything has come of the timeline. */
  readonly last: number;
  readonly played: PlayedTimeline;
  /** When the consequences of a fix are there. */
  readonly fixedBy: number;
  readonly fixed: ReadonlyMap<Fix, PlayedTimeline>;
}

/** Plays the timeline, and each fix in a fork of the World that it left. Null for a scenario without changes. */
export function playStages(network: Network, scenario: Scenario, timeline: Timeline): Stages | null {
  const { timeline: events, fixes, probes } = scenario;
  if (events.length === 0 && fixes.length === 0) return null;
  const asked = probes.flatMap(({ at }) => at ?? []);
  const last = lastOf(events);
  const fixedBy = last + CONSEQUENCES;
  const playing = startTimeline(network, timeline);
  const early = asked.filter((time) => time <= last);
  playTimeline(playing, events, [...early, last]);
  const repaired = fixes.map((fix) => {
    const changes = fix.changes.map((change) => ({ at: last, change }));
    return [fix, playTimeline(forkTimeline(playing), changes, [fixedBy])] as const;
  });
  const late = asked.filter((time) => time > last);
  const played = playTimeline(playing, [], late);
  return { last, played, fixedBy, fixed: new Map(repaired) };
}
