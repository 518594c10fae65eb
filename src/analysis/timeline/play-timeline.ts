import { type BgpRun, forkRun, routesOf, runFor, SETTLING_TIME, startDaemons } from "../../bgp/reconverge.ts";
import type { Finding } from "../../model/finding.ts";
import type { Network } from "../../model/network.ts";
import { originAt, originFile } from "../../model/origin.ts";
import type { CommandContext } from "../../readers/commands/command.ts";
import type { Change, TimelineEvent } from "../../readers/scenario/scenario.ts";
import { bgpDoubts } from "../bgp-doubts.ts";
import { emulatedSockets } from "../emulated-sockets.ts";
import { failingFilters, hasUndecidedFilter } from "../failing-filters.ts";
import { emulatedSessions } from "../reconverge.ts";
import { applyManifests } from "./apply-change.ts";
import { changeDaemon } from "./daemon-change.ts";
import { execute } from "./exec-change.ts";
import { changeLink, changeLoss, changePower } from "./machine-changes.ts";
import type { Playing, Timeline } from "./playing.ts";
import { changePod } from "./pod-change.ts";

/** Seconds after the last change when everything has come of it: BIRD's hold time, and then new sessions. */
export const CONSEQUENCES = 240 + SETTLING_TIME;

/** A timeline, played. */
export interface PlayedTimeline {
  /** The network as it stands at so many seconds. */
  at(time: number): Network;
  /**
   * False where BGP went one way of several because no dump tells, where a part of it is not followed, or where a change before is missing
   * that could not be made.
   */
  isCertain(time: number): boolean;
  readonly findings: readonly Finding[];
}

/** A network that has settled, before any change: BIRDs of the configurations run on the hosts. */
export function startTimeline(network: Network, timeline: Timeline): Playing {
  const run = startDaemons(network, timeline.configurations, {}, timeline.absent);
  runFor(run, SETTLING_TIME);
  const declaration = { texts: new Map(), deleted: new Set<string>(), placed: new Map(), running: null };
  const done = { declaration, off: new Set<string>(), typed: [], findings: [], kept: new Map() };
  return { run, timeline, first: network, birdTexts: null, now: 0, brokenFrom: null, expected: network.hosts, ...done };
}

/** Another course of events from where one stands: what happens in one does not happen in the other. */
export function forkTimeline(playing: Playing): Playing {
  const { run, declaration, off, typed, findings, kept } = playing;
  return {
    ...playing,
    run: forkRun(run),
    declaration: {
      texts: new Map(declaration.texts),
      deleted: new Set(declaration.deleted),
      placed: new Map(declaration.placed),
      running: declaration.running,
    },
    off: new Set(off),
    typed: [...typed],
    findings: [...findings],
    kept: new Map(kept),
  };
}

/**
 * Plays changes at their times (seconds from the start, none before what was played), and keeps the network as it stands at each of
 * `times`. Without daemons nothing but the changes happens. A change that a machine refuses is a finding, and the others are made.
 */
export function playTimeline(
  playing: Playing,
  events: readonly TimelineEvent[],
  times: readonly number[],
): PlayedTimeline {
  const { run, timeline } = playing;
  const { origins } = playing.first;
  const file = originFile(origins, timeline.file);
  const change = (one: Change, at: number): void => {
    const origin = originAt(origins, file, one.line ?? 0);
    for (const problem of make(one, playing, { origins, origin, file: timeline.text })) {
      const place = { file: timeline.file, ...(one.line === null ? {} : { line: one.line }) };
      playing.findings.push({ ...place, ...problem });
      if (problem.severity === "error") playing.brokenFrom ??= at;
    }
  };
  const stops = [
    ...events.map((event) => ({ time: event.at, event })),
    ...[...new Set(times)].map((time) => ({ time, event: null })),
  ];
  // what is asked at the time of a change is asked after it
  stops.sort((x, y) => x.time - y.time || Number(x.event === null) - Number(y.event === null));
  for (const { time, event } of stops) {
    if (time > playing.now) {
      runFor(run, time - playing.now);
      playing.now = time;
    }
    if (event === null) playing.kept.set(time, standing(playing));
    else change(event.change, time);
  }
  const doubts = bgpDoubts(run);
  const isKnown = timeline.isFollowed && doubts.length === 0 && !hasUndecidedFilter(run);
  const { brokenFrom } = playing;
  return {
    at: (time) => {
      const found = playing.kept.get(time);
      if (found === undefined) throw new Error(`nobody asked for the network at ${time} s`);
      return found;
    },
    isCertain: (time) => isKnown && (brokenFrom === null || time < brokenFrom),
    findings: [...playing.findings, ...doubts, ...failingFilters(run)],
  };
}

/** The daemons as they are so many seconds after the start, with all changes until then; null: when everything has come of the last one. */
export function daemonsAfter(
  network: Network,
  timeline: Timeline,
  events: readonly TimelineEvent[],
  seconds: number | null,
): { readonly run: BgpRun; readonly findings: readonly Finding[] } {
  const playing = startTimeline(network, timeline);
  const end = seconds ?? lastOf(events);
  const { findings } = playTimeline(
    playing,
    events.filter(({ at }) => at <= end),
    [end],
  );
  return { run: playing.run, findings };
}

/** When everything has come of the last change, in seconds from the start; 0 without changes. */
export function lastOf(events: readonly TimelineEvent[]): number {
  return events.length === 0 ? 0 : Math.max(...events.map(({ at }) => at)) + CONSEQUENCES;
}

/** The network with the routes that the daemons have left so far, and what they say of their sessions. */
function standing({ run, expected }: Playing): Network {
  const { world, speakers } = run.resting;
  const { network } = world;
  const hosts = new Map(network.hosts);
  for (const name of speakers.keys()) {
    const host = hosts.get(name);
    if (host !== undefined)
      hosts.set(name, { ...host, routes: routesOf(run, name), sockets: emulatedSockets(world, host) });
  }
  const bgp = {
    sessions: emulatedSessions({ speakers }),
    expected: (host: string) => expected.get(host)?.routes ?? [],
  };
  return { ...network, hosts, bgp };
}

function make(change: Change, playing: Playing, context: CommandContext): readonly Finding[] {
  switch (change.kind) {
    case "exec":
      return execute(change, playing, context);
    case "apply":
      return applyManifests(change.path, playing);
    case "daemon":
      return changeDaemon(change, playing);
    case "pod":
      return changePod(change, playing);
    case "link":
      return changeLink(change, playing);
    case "node":
      return changePower(change, playing);
    case "loss":
      return changeLoss(change, playing, context.origin);
    case "other":
      return [
        {
          code: "change-not-played",
          severity: "error",
          message: `Changes of the kind “${change.what}” are not played.`,
          expected: "exec, apply, daemon, pod, link, node or loss",
        },
      ];
  }
}
