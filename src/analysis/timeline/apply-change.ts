import type { BgpRun } from "../../bgp/reconverge.ts";
import type { SpeakerConfiguration } from "../../bgp/speaker/configuration.ts";
import { reconfigureSpeaker } from "../../bgp/speaker/reconfigure.ts";
import { hostChanged, startSpeaker } from "../../bgp/speaker/speaker.ts";
import { changeHost, runtimeOf } from "../../emulator/world.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import { runCommand } from "../../readers/commands/run-command.ts";
import { type Playing, refused, withLearntRoutes } from "./playing.ts";

/** Manifests change what Calico and kube-proxy have programmed on machines that are there. */
export function applyManifests(path: string, playing: Playing): readonly Finding[] {
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
