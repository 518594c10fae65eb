import type { BgpRun } from "../../bgp/reconverge.ts";
import type { SpeakerConfiguration } from "../../bgp/speaker/configuration.ts";
import { reconfigureSpeaker } from "../../bgp/speaker/reconfigure.ts";
import { hostChanged, startSpeaker } from "../../bgp/speaker/speaker.ts";
import { changeNetwork } from "../../emulator/power.ts";
import { runtimeOf } from "../../emulator/world.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import type { Network } from "../../model/network.ts";
import { runCommand } from "../../readers/commands/run-command.ts";
import { type Declaration, type Playing, refused, withLearntRoutes } from "./playing.ts";

/** Manifests are applied, as `kubectl apply -f`. */
export function applyManifests(path: string, playing: Playing): readonly Finding[] {
  const { timeline, declaration } = playing;
  const text = timeline.text(path);
  if (text === null) return [notPlayed(`There is no file ${path}.`, "a file beside the scenario")];
  return changeCluster(playing, path, { ...declaration, texts: new Map(declaration.texts).set(path, text) });
}

/** What Calico, kube-proxy and the kubelets make of another cluster, on machines that are there. `what`: what was changed, in a word. */
export function changeCluster(playing: Playing, what: string, next: Declaration): readonly Finding[] {
  const { run, timeline, declaration } = playing;
  if (timeline.declared === null)
    return [notPlayed("Manifests cannot be applied to dumps.", "network: {cluster: ./FOLDER}")];
  playing.birdTexts ??= timeline.declared(declaration).birdTexts;
  const { network, findings, birdTexts, configurations, running } = timeline.declared(next);
  const known = run.world.network.hosts;
  if (machines(network).join() !== machines(run.world.network).join())
    return [
      notPlayed(
        `${what} makes or removes machines while the network lives.`,
        "pods, policies, sets, Services, settings",
      ),
    ];
  playing.declaration = { ...next, running };
  playing.expected = network.hosts;
  const lost: Finding[] = [];
  const hosts = new Map<string, Host>();
  for (const [name, declared] of network.hosts) {
    const dark = playing.off.has(declared.node ?? name) ? known.get(name) : undefined;
    if (dark !== undefined) {
      hosts.set(name, dark);
      continue;
    }
    const commands = playing.typed.filter(({ host }) => host === name);
    const now = commands.reduce<Host>((host, { command, context }) => {
      const result = runCommand(command, host, context);
      if (!("problem" in result)) return result.host;
      lost.push(refused(name, command, `after ${what}, ${result.problem}`, result.expected));
      return host;
    }, declared);
    hosts.set(name, withLearntRoutes(playing, name, now));
  }
  const { losses } = run.world.network;
  changeNetwork(run.world, { ...network, hosts, ...(losses === undefined ? {} : { losses }) });
  for (const name of run.speakers.keys()) {
    if (playing.off.has(name)) continue;
    for (const speaker of run.speakers.get(name) ?? []) hostChanged(speaker);
    if (birdTexts.get(name) !== playing.birdTexts.get(name)) reconfigure(run, name, configurations.get(name) ?? []);
  }
  playing.birdTexts = birdTexts;
  return [...findings, ...lost];
}

function machines({ hosts }: Network): readonly string[] {
  return [...hosts.values()].flatMap(({ name, kind }) => (kind === "pod" ? [] : [name])).sort();
}

export function notPlayed(message: string, expected: string): Finding {
  return { code: "change-not-played", severity: "error", message, expected };
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
