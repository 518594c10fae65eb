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

/** Seconds after the last change when everything has come of it: BIRD's hold time, and then new sessions. */
export const CONSEQUENCES = 240 + SETTLING_TIME;

/** What changes work with. */
export interface Timeline {
  /** The scenario's file, where its changes are written. */
  readonly file: string;
  readonly configurations: ReadonlyMap<string, readonly SpeakerConfiguration[]>;
  /** The text of a file beside the scenario; null when there is none. */
  text(path: string): string | null;
  /** The network that the cluster makes with these files too; null for a network of dumps. */
  readonly declared: ((applied: ReadonlyMap<string, string>) => DeclaredAnew) | null;
}

/** A cluster after manifests were applied. */
export interface DeclaredAnew {
  readonly network: Network;
  readonly findings: readonly Finding[];
  /** What confd writes for the BIRDs of each node. */
  readonly birdTexts: ReadonlyMap<string, string>;
  readonly configurations: Timeline["configurations"];
}

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
  const playing: Playing = { run, timeline, applied: new Map(), birdTexts: null, typed: [] };
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
    at: (time) => kept.get(time) ?? network,
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

/** What a run is changed with, and what was done so far. */
interface Playing {
  readonly run: BgpRun;
  readonly timeline: Timeline;
  readonly applied: Map<string, string>;
  /** What confd has written so far; null before anybody asked. */
  birdTexts: ReadonlyMap<string, string> | null;
  /** Commands that machines took, in order: they hold for what manifests make of the machine too. */
  readonly typed: { readonly host: string; readonly command: string; readonly context: CommandContext }[];
}

function make(change: Change, playing: Playing, context: CommandContext): readonly Finding[] {
  switch (change.kind) {
    case "exec":
      return execute(change, playing, context);
    case "apply":
      return apply(change.path, playing);
    case "daemon":
      return daemon(change, playing);
    case "other":
      return [
        {
          code: "change-not-played",
          severity: "error",
          message: `Changes of the kind “${change.what}” are not played.`,
          expected: "{exec: {host: …, command: …}} or {apply: FILE}",
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
    const commands = typed.filter(({ host }) => host === name);
    const now = commands.reduce<Host>((host, { command, context }) => {
      const result = runCommand(command, host, context);
      if (!("problem" in result)) return result.host;
      lost.push(refused(name, command, `after ${path}, ${result.problem}`, result.expected));
      return host;
    }, declared);
    const learnt = run.speakers.has(name) ? routesOf(run, name).filter(({ protocol }) => protocol === "bird") : null;
    const routes =
      learnt === null ? now.routes : [...now.routes.filter(({ protocol }) => protocol !== "bird"), ...learnt];
    changeHost(run.world, name, { ...now, routes });
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
function daemon(change: Extract<Change, { readonly kind: "daemon" }>, { run }: Playing): readonly Finding[] {
  const names = [...run.speakers.keys()].filter((name) => isNamed(name, change.host));
  if (names.length === 0) return [nobody(change.host, [...run.speakers.keys()], "host that runs BIRD")];
  for (const name of names) {
    const runtime = runtimeOf(run.world, name);
    const speakers = run.speakers.get(name) ?? [];
    if (runtime === null) continue;
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

function nobody(host: string, known: readonly string[], what: string): Finding {
  return {
    code: "change-of-nobody",
    severity: "error",
    message: `There is no ${what} called ${host}.`,
    expected: known.length === 0 ? `a ${what}; there is none` : `one of ${known.slice(0, 8).join(", ")}`,
  };
}

function execute(
  change: Extract<Change, { readonly kind: "exec" }>,
  { run, typed }: Playing,
  context: CommandContext,
): readonly Finding[] {
  const { network } = run.world;
  const names = [...network.hosts.keys()].filter((name) => isNamed(name, change.host));
  if (names.length === 0) return [nobody(change.host, [...network.hosts.keys()], "host")];
  return names.flatMap((name) => {
    const host = current(run, name);
    const result = host === null ? { problem: "it is not there" } : runCommand(change.command, host, context);
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

/** A host's own name, or a pattern in which `*` stands for anything but a slash. */
function isNamed(name: string, pattern: string): boolean {
  if (!pattern.includes("*")) return name === pattern;
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*");
  return new RegExp(`^${source}$`).test(name);
}
