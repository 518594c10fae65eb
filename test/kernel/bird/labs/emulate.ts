import { runFor } from "../../../../src/bgp/reconverge.ts";
import { speakerOf } from "../../../../src/bgp/speaker/from-bird.ts";
import { disablePeer } from "../../../../src/bgp/speaker/instance.ts";
import {
  hostChanged,
  killSpeaker,
  type Speaker,
  startSpeaker,
  terminateSpeaker,
} from "../../../../src/bgp/speaker/speaker.ts";
import { changeHost, createWorld, runtimeOf, type World } from "../../../../src/emulator/world.ts";
import type { Network } from "../../../../src/model/network.ts";
import { originTable } from "../../../../src/model/origin.ts";
import type { Route } from "../../../../src/model/route.ts";
import { type Family, parseAddress } from "../../../../src/net/address.ts";
import { readBirdConfiguration } from "../../../../src/readers/bird/configuration.ts";
import { includesAmong } from "../../../../src/readers/bird/included.ts";
import { readSnapshot } from "../../../../src/readers/snapshot/read-snapshot.ts";
import { birdcText } from "../../../../src/report/bird/birdc-text.ts";
import { birdClock } from "../../../../src/report/bird/clock.ts";
import { info, stateName } from "../../../../src/report/bird/protocols-text.ts";
import type { Lab, LabEvent, Seen } from "./lab.ts";

/** What the emulation shows of a stage. */
export interface EmulatedStage {
  /** `NAME state info` of the BGP protocols by node, at each time asked; of daemons that run. */
  readonly samples: readonly ReadonlyMap<string, readonly string[]>[];
  /** What the daemons answer at the end to what they are asked, by node and command. */
  readonly said: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly kernel: ReadonlyMap<string, readonly Route[]>;
}

function networkOf(lab: Lab, dumps: Readonly<Record<string, string>>): Network {
  const members = (segment: string): readonly string[] =>
    lab.nodes.flatMap(({ name, interfaces }) =>
      interfaces.filter((port) => port.segment === segment).map((port) => `${name}:${port.name}`),
    );
  const segments = lab.segments
    .filter((name) => members(name).length > 0)
    .map((name) => `  - name: ${name}\n    members: [${members(name).join(", ")}]`);
  const description = `apiVersion: podpath/v1\nkind: Snapshot\nmetadata: {name: lab}\nfabric:\n  segments:\n${segments.join("\n")}\n`;
  const files = new Map([["snapshot.yaml", description], ...Object.entries(dumps)]);
  return readSnapshot({ name: lab.name, files }).network;
}

/** Plays a lab in the emulator, from the dumps that were taken of the real one before each stage. */
export function emulate(lab: Lab, seen: Seen): readonly EmulatedStage[] {
  const stages: EmulatedStage[] = [];
  const speakers = new Map<string, readonly Speaker[]>();
  let world: World | null = null;
  for (const [index, stage] of lab.stages.entries()) {
    const real = seen.stages[index];
    if (real === undefined) break;
    const network = networkOf(lab, real.dumps);
    if (world !== null) runFor({ world }, real.pause);
    if (world === null) world = createWorld(network, { choose: () => 0, empty: true, forgetful: true });
    else {
      for (const [name, host] of network.hosts) {
        changeHost(world, name, host);
        for (const speaker of speakers.get(name) ?? []) hostChanged(speaker);
      }
    }
    const begun = world.now;
    for (const [index, event] of stage.events.entries()) {
      play(world, speakers, event, lab);
      // Machines are not started at one moment, and one thing happens after the other.
      if (event.kind === "start") runFor({ world }, APART * (index % 4));
      else if (event.kind !== "run" && event.kind !== "freeze") runFor({ world }, SHORTLY);
    }
    const samples: Map<string, readonly string[]>[] = [];
    const last = index === lab.stages.length - 1;
    for (const time of windowOf(stage, real, last)) {
      runFor({ world }, Math.max(0, begun + time - world.now));
      samples.push(new Map([...speakers].map(([name, halves]) => [name, halves.flatMap(sessionsOf)])));
    }
    runFor({ world }, Math.max(0, begun + real.time - world.now));
    const said = new Map([...speakers].map(([name, halves]) => [name, answersOf(halves, lab.asked)]));
    const kernel = new Map<string, readonly Route[]>();
    for (const name of network.hosts.keys()) kernel.set(name, runtimeOf(world, name)?.compiled.host.routes ?? []);
    stages.push({ samples, said, kernel });
  }
  return stages;
}

/** Seconds between the starts of two daemons, and between two other events. */
const APART = 0.07;
const SHORTLY = 0.01;

function answersOf(halves: readonly Speaker[], commands: readonly string[]): ReadonlyMap<string, string> {
  const [speaker] = halves;
  if (speaker === undefined) return new Map();
  const clock = birdClock(0, speaker.world.now);
  const answer = (command: string): string => birdcText(speaker, command.split(" "), clock, 0, halves) ?? "no answer";
  return new Map(commands.map((command) => [command, answer(command)]));
}

/** The times at which the real ones were asked, and more before and between, and after where nothing follows: what comes and goes is met. */
function windowOf(
  { seconds, sampled }: Lab["stages"][number],
  { times, time: end }: Seen["stages"][number],
  last: boolean,
): readonly number[] {
  const more: number[] = [];
  for (let time = Math.max(0, seconds - 2 * sampled); time < (last ? seconds + 2 : end); time += 0.25) more.push(time);
  return [...more, ...times].sort((x, y) => x - y);
}

export function sessionsOf(speaker: Speaker): readonly string[] {
  const own = speaker.peers.filter(({ configuration }) => !configuration.isCarried);
  return own.map(
    (peer) =>
      `${peer.configuration.name} ${stateName(speaker, peer.protocol)} ${info(peer).trim().replace(/ +/g, " ")}`,
  );
}

function play(world: World, speakers: Map<string, readonly Speaker[]>, event: LabEvent, { family, both }: Lab): void {
  const runtime = runtimeOf(world, event.node);
  if (runtime === null) throw new Error(`no node ${event.node}`);
  const halves = speakers.get(event.node) ?? [];
  switch (event.kind) {
    case "start": {
      const files = new Map(Object.entries(event.files ?? {}).map(([path, text]) => [path, { path, text }]));
      const includes = includesAmong(files);
      const { configuration, findings } = readBirdConfiguration(event.config, "bird.cfg", originTable(), includes);
      if (findings.length > 0) throw new Error(findings.map(({ message }) => message).join("\n"));
      const families: readonly Family[] = both === true ? [4, 6] : [family];
      const made = families.flatMap((one) => speakerOf(configuration, one, parseAddress("1.1.1.1")).speaker ?? []);
      const recover = event.flags.includes("-R");
      // BIRD refuses to start with some of them: then there is none.
      if (made.length > 0)
        speakers.set(
          event.node,
          made.map((one) => startSpeaker(world, runtime, one, recover)),
        );
      return;
    }
    case "signal":
      for (const speaker of halves) {
        if (event.signal === "SIGKILL") killSpeaker(speaker);
        else terminateSpeaker(speaker);
      }
      speakers.delete(event.node);
      return;
    case "birdc":
      for (const speaker of halves) {
        const peer = speaker.peers.find(
          ({ configuration: { name, isCarried } }) => !isCarried && event.command.endsWith(` ${name}`),
        );
        if (peer !== undefined) disablePeer(speaker, peer);
      }
      return;
    // Their traces are in the dumps, or there are none.
    case "freeze":
    case "run":
    case "take-port":
      return;
  }
}
