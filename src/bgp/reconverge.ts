import { createWorld, runtimeOf, type World, type WorldOptions } from "../emulator/world.ts";
import type { Choice } from "../linux/chooser.ts";
import type { Network } from "../model/network.ts";
import type { Route } from "../model/route.ts";
import type { SpeakerConfiguration } from "./speaker/configuration.ts";
import { runSpeakers } from "./speaker/run-speakers.ts";
import { type Speaker, startSpeaker } from "./speaker/speaker.ts";

/** Daemons that run on the hosts of a Network, from nothing. */
export interface BgpRun {
  readonly world: World;
  /** In the order given. */
  readonly speakers: Map<string, readonly Speaker[]>;
  /** What no dump told, and which way was taken: the answer rests on it. */
  readonly choices: readonly string[];
}

/**
 * Seconds after which sessions stand as they will: connect delay and retries, the longest error wait of Calico's template, and
 * a TCP handshake that a lost SYN puts off.
 */
export const SETTLING_TIME = 120;

/**
 * Starts all daemons at once in a World without past: no connection is tracked, no neighbour is known, and of the routes that
 * the dumps show as BIRD's own none is there. What no dump tells takes the first way, which is told.
 */
export function startDaemons(
  network: Network,
  configurations: ReadonlyMap<string, readonly SpeakerConfiguration[]>,
  options: Pick<WorldOptions, "remembersPaths"> = {},
): BgpRun {
  const choices = new Set<string>();
  const draw = evenly();
  const choose = (choice: Choice): number => {
    if (choice.kind === "random" && choice.alternatives.length === 2) return draw(choice);
    if (choice.kind !== "random") choices.add(`${choice.question}: ${choice.alternatives[0]?.label ?? ""} is assumed`);
    return 0;
  };
  const world = createWorld(network, { choose, empty: true, forgetful: true, ...options });
  const speakers = new Map<string, readonly Speaker[]>();
  for (const [host, items] of configurations) {
    const runtime = runtimeOf(world, host);
    if (runtime === null) continue;
    speakers.set(
      host,
      items.map((item) => startSpeaker(world, runtime, item)),
    );
  }
  return {
    world,
    speakers,
    get choices() {
      return [...choices];
    },
  };
}

/** Of two ways that chance takes, each is taken as often as it is probable, evenly: of packets of which a third is lost, each third one. */
function evenly(): (choice: Choice) => number {
  const due = new Map<string, number>();
  return ({ variable, alternatives: [, second] }) => {
    const sum = (due.get(variable) ?? 0) + (second?.probability ?? 0);
    due.set(variable, sum >= 1 ? sum - 1 : sum);
    return sum >= 1 ? 1 : 0;
  };
}

/** Lets the daemons run for so many virtual seconds. */
export function runFor({ world }: Pick<BgpRun, "world">, seconds: number): void {
  runSpeakers(world, world.now + seconds);
}

/** The routes of a host as the daemons have left them. */
export function routesOf({ world }: BgpRun, host: string): readonly Route[] {
  return runtimeOf(world, host)?.compiled.host.routes ?? [];
}
