import { type BgpRun, routesOf, runFor, SETTLING_TIME, startDaemons } from "../bgp/reconverge.ts";
import type { SpeakerConfiguration } from "../bgp/speaker/configuration.ts";
import { reconfigureSpeaker } from "../bgp/speaker/reconfigure.ts";
import { hostChanged, killSpeaker, startSpeaker, terminateSpeaker } from "../bgp/speaker/speaker.ts";
import { changeHost, runtimeOf } from "../emulator/world.ts";
import { flushConntrack } from "../linux/conntrack/table.ts";
import type { Finding } from "../model/finding.ts";
import type { Host } from "../model/host.ts";
import type { Network } from "../model/network.ts";
import { originAt, originFile } from "../model/origin.ts";
import type { CommandContext } from "../readers/commands/command.ts";
import { runCommand } from "../readers/commands/run-command.ts";
import type { Change, TimelineEvent } from "../readers/scenario/scenario.ts";
import { changeLink, changeLoss, changePower } from "./machine-changes.ts";
import { isNamed, nobody, type Playing, type Timeline, withLearntRoutes } from "./playing.ts";

/** Seconds after the last change when everything has come of it: BIRD's hold time, and then new sessions. */
export const CONSEQUENCES = 240 + SETTLING_TIME;

/** A timeline, played. */
export interface PlayedTimeline {
  /** The network as it stands at so many seconds. */
  at(time: number): Network;
  /**
   * False where BGP went one way of several because no dump tells, or where a change before is missing that could not be made.
   */
  isCertain(time: number): boolean;
  readonly findings: readonly Finding[];
}

/**
 * Plays changes on a network that has settled: BIRDs of the configurations run on the hosts from the start, changes are made at their
 * times, and the network is kept as it stands at each of `times` (seconds). Without daemons nothing but the changes happens. A change that
 * a machine refuses is a finding, and the others are made.
 */
export function playTimeline(
  network: Network,
  events: readonly TimelineEvent[],
  times: readonly number[],
  timeline: Timeline,
): PlayedTimeline {
  const run = startDaemons(network, timeline.configurations);
  runFor(run, SETTLING_TIME);
  const playing: Playing = {
    run,
    timeline,
    applied: new Map(),
    first: network,
    off: new Set(),
    birdTexts: null,
    typed: [],
  };
  const findings: Finding[] = [];
  const kept = new Map<number, Network>();
  const file = originFile(network.origins, timeline.file);
  let brokenFrom: number | null = null;
  let now = 0;
  const goTo = (time: number): void => {
    if (time <= now) return;
    runFor(run, time - now);
    now = time;
  };
  const change = (one: Change, at: number): void => {
    const context: CommandContext = {
      origins: network.origins,
      origin: originAt(network.origins, file, one.line ?? 0),
      file: timeline.text,
    };
    for (const problem of make(one, playing, context)) {
      const place = { file: timeline.file, ...(one.line === null ? {} : { line: one.line }) };
      findings.push({ ...place, ...problem });
      if (problem.severity === "error") brokenFrom ??= at;
    }
  };
  const stops = [
    ...events.map((event) => ({ time: event.at, event })),
    ...[...new Set(times)].map((time) => ({ time, event: null })),
  ];
  // what is asked at the time of a change is asked after it
  stops.sort((x, y) => x.time - y.time || Number(x.event === null) - Number(y.event === null));
  for (const { time, event } of stops) {
    goTo(time);
    if (event === null) {
      kept.set(time, standing(run));
    } else change(event.change, time);
  }
  for (const choice of run.choices) {
    findings.push({
      code: "bgp-rests-on-a-guess",
      severity: "warning",
      message: `BGP ran on, though nobody knows: ${choice}.`,
    });
  }
  return {
    at: (time) => {
      const found = kept.get(time);
      if (found === undefined) throw new Error(`nobody asked for the network at ${time} s`);
      return found;
    },
    isCertain: (time) => run.choices.length === 0 && (brokenFrom === null || time < brokenFrom),
    findings,
  };
}

/** The network with the routes that the daemons have left so far. */
function standing(run: BgpRun): Network {
  const { network } = run.world;
  const hosts = new Map(network.hosts);
  for (const name of run.speakers.keys()) {
    const host = hosts.get(name);
    if (host !== undefined) hosts.set(name, { ...host, routes: routesOf(run, name) });
  }
  return { ...network, hosts };
}

function make(change: Change, playing: Playing, context: CommandContext): readonly Finding[] {
  switch (change.kind) {
    case "exec":
      return execute(change, playing, context);
    case "apply":
      return apply(change.path, playing);
    case "daemon":
      return daemon(change, playing);
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
          expected: "exec, apply, daemon, link, node or loss",
        },
      ];
  }
}

/** Manifests change what Calico and kube-proxy have programmed on machines that are there. */
function apply(path: string, playing: Playing): readonly Finding[] {
  const { run, timeline, applied, typed } = playing;
  const problem = (message: string, expected: string): readonly Finding[] => [
    { code: "change-not-played", severity: "error", message, expected },
  ];
  if (timeline.declared === null)
    return problem("Manifests cannot be applied to dumps.", "network: {cluster: ./FOLDER}");
  const text = timeline.text(path);
  if (text === null) return problem(`There is no file ${path}.`, "a file beside the scenario");
  playing.birdTexts ??= timeline.declared(applied).birdTexts;
  applied.set(path, text);
  const { network, findings, birdTexts, configurations } = timeline.declared(applied);
  const known = run.world.network.hosts;
  if (network.hosts.size !== known.size || [...network.hosts.keys()].some((name) => !known.has(name))) {
    applied.delete(path);
    return problem(
      `${path} makes or removes pods or machines while the network lives.`,
      "policies, sets, Services, settings",
    );
  }
  const lost: Finding[] = [];
  for (const [name, declared] of network.hosts) {
    if (playing.off.has(declared.node ?? name)) continue;
    const commands = typed.filter(({ host }) => host === name);
    const now = commands.reduce<Host>((host, { command, context }) => {
      const result = runCommand(command, host, context);
      if (!("problem" in result)) return result.host;
      lost.push(refused(name, command, `after ${path}, ${result.problem}`, result.expected));
      return host;
    }, declared);
    changeHost(run.world, name, withLearntRoutes(playing, name, now));
    for (const speaker of run.speakers.get(name) ?? []) hostChanged(speaker);
  }
  for (const name of run.speakers.keys()) {
    if (birdTexts.get(name) !== playing.birdTexts.get(name)) reconfigure(run, name, configurations.get(name) ?? []);
  }
  playing.birdTexts = birdTexts;
  return [...findings, ...lost];
}

/** confd has BIRD read its new configuration (SIGHUP); one that BIRD refuses changes nothing, and one of a family that had none starts. */
function reconfigure(run: BgpRun, name: string, configurations: readonly SpeakerConfiguration[]): void {
  const runtime = runtimeOf(run.world, name);
  const speakers = run.speakers.get(name) ?? [];
  if (runtime === null) return;
  for (const speaker of speakers) {
    const next = configurations.find(({ family }) => family === speaker.configuration.family);
    if (next === undefined) continue;
    if (speaker.running) reconfigureSpeaker(speaker, next);
    else speaker.configuration = next;
  }
  if (!speakers.some(({ running }) => running)) return;
  const others = configurations.filter(({ family }) =>
    speakers.every(({ configuration }) => configuration.family !== family),
  );
  run.speakers.set(name, [...speakers, ...others.map((one) => startSpeaker(run.world, runtime, one))]);
}

/** BIRDs stop and start; what they left in the kernel is what `persist` and their ends make of it. */
function daemon(change: Extract<Change, { readonly kind: "daemon" }>, { run, off }: Playing): readonly Finding[] {
  const names = [...run.speakers.keys()].filter((name) => isNamed(name, change.host));
  if (names.length === 0) return [nobody(change.host, [...run.speakers.keys()], "host that runs BIRD")];
  for (const name of names) {
    const runtime = runtimeOf(run.world, name);
    const speakers = run.speakers.get(name) ?? [];
    if (runtime === null || off.has(name)) continue;
    for (const speaker of speakers.filter(({ running }) => running)) {
      if (change.action === "kill") killSpeaker(speaker);
      else if (change.action !== "start") terminateSpeaker(speaker);
    }
    if (change.action !== "start" && change.action !== "restart") continue;
    const started = speakers.map((speaker) =>
      speaker.running ? speaker : startSpeaker(run.world, runtime, speaker.configuration, true),
    );
    run.speakers.set(name, started);
  }
  return [];
}

function execute(
  change: Extract<Change, { readonly kind: "exec" }>,
  { run, typed, off }: Playing,
  context: CommandContext,
): readonly Finding[] {
  const { network } = run.world;
  const names = [...network.hosts.keys()].filter((name) => isNamed(name, change.host));
  if (names.length === 0) return [nobody(change.host, [...network.hosts.keys()], "host")];
  return names.flatMap((name) => {
    const host = current(run, name);
    const result =
      host === null || off.has(host.node ?? name)
        ? { problem: "it has no power" }
        : runCommand(change.command, host, context);
    if ("problem" in result) return [refused(name, change.command, result.problem, result.expected)];
    changeHost(run.world, name, result.host);
    const runtime = result.flushes === undefined ? null : runtimeOf(run.world, name);
    if (runtime !== null) flushConntrack(runtime.conntrack);
    typed.push({ host: name, command: change.command, context });
    for (const speaker of run.speakers.get(name) ?? []) hostChanged(speaker);
    return [];
  });
}

/** A host with the routes that daemons have programmed, which a command meets. */
function current(run: BgpRun, name: string): Host | null {
  const host = run.world.network.hosts.get(name) ?? null;
  return host === null || !run.speakers.has(name) ? host : { ...host, routes: routesOf(run, name) };
}

function refused(host: string, command: string, problem: string, expected: string | undefined): Finding {
  return {
    code: "command-refused",
    severity: "error",
    message: `${host} refuses \`${command}\`: ${problem}.`,
    ...(expected === undefined ? {} : { expected }),
  };
}
