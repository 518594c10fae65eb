import { copyWorld } from "../emulator/copy-world.ts";
import { leavePort } from "../emulator/tcp/open.ts";
import { arouse, createWorld, runtimeOf, type World, type WorldOptions } from "../emulator/world.ts";
import type { Chooser } from "../linux/chooser.ts";
import type { HostRuntime } from "../linux/runtime.ts";
import { hostWithRoutes } from "../model/host-parts.ts";
import type { Network } from "../model/network.ts";
import type { Route } from "../model/route.ts";
import { routesWithoutBird } from "../model/routes-without-bird.ts";
import type { Family } from "../net/address.ts";
import { formatPrefix } from "../net/prefix.ts";
import { netsOf } from "./rib/table.ts";
import type { SpeakerConfiguration } from "./speaker/configuration.ts";
import { daemonsIn, runSpeakers } from "./speaker/run-speakers.ts";
import { sharePool } from "./speaker/shared-attributes.ts";
import { type Speaker, startSpeaker } from "./speaker/speaker.ts";

/**
 * Daemons that run on the hosts of a Network, from nothing. Keepalives of hours in which nothing happens are played when somebody asks for
 * the World or for the daemons: what was taken from them before tells how it was then.
 */
export interface BgpRun {
  readonly world: World;
  /** In the order given. */
  readonly speakers: Map<string, readonly Speaker[]>;
  readonly chosen: Chosen;
  /** Both, as they are while keepalives are put off: what those do not touch may be read there. */
  readonly resting: Pick<BgpRun, "world" | "speakers">;
}

function bgpRun(world: World, speakers: BgpRun["speakers"], chosen: Chosen): BgpRun {
  return {
    get world() {
      arouse(world);
      return world;
    },
    get speakers() {
      arouse(world);
      return speakers;
    },
    chosen,
    resting: { world, speakers },
  };
}

/** The ways that were taken so far. */
interface Chosen {
  readonly choices: Set<string>;
  /** Of two ways that chance takes, each is taken as often as it is probable, evenly: of packets of which a third is lost, each third one. */
  readonly due: Map<string, number>;
}

/** A daemon that does not start, and the port on which dumps may show it. */
export interface AbsentDaemon {
  readonly family: Family;
  readonly port: number;
}

/**
 * Seconds after which sessions stand as they will: connect delay and retries, the longest error wait of Calico's template, and
 * a TCP handshake that a lost SYN puts off.
 */
export const SETTLING_TIME = 120;

/**
 * Starts all daemons at once in a World without past: no connection is tracked, no neighbour is known, and of the routes that
 * the dumps show as BIRD's own none is there. What no dump tells takes the first way, which is told. `absent`: whom nobody starts.
 */
export function startDaemons(
  network: Network,
  configurations: ReadonlyMap<string, readonly SpeakerConfiguration[]>,
  options: Pick<WorldOptions, "remembersPaths" | "observer"> = {},
  absent: ReadonlyMap<string, readonly AbsentDaemon[]> = new Map(),
): BgpRun {
  const chosen: Chosen = { choices: new Set(), due: new Map() };
  const world = createWorld(network, { choose: chooserOf(chosen), empty: true, forgetful: true, ...options });
  const speakers = new Map<string, readonly Speaker[]>();
  for (const [host, items] of configurations) {
    const runtime = runtimeOf(world, host);
    if (runtime === null) continue;
    forgetBirds(
      runtime,
      items.map(({ family }) => family),
    );
    speakers.set(
      host,
      items.map((item) => startSpeaker(world, runtime, item)),
    );
  }
  for (const [host, daemons] of absent) for (const { family, port } of daemons) leavePort(world, host, family, port);
  return bgpRun(world, speakers, chosen);
}

/** What daemons put into the kernel in a life before is not made only to be taken away. */
function forgetBirds(runtime: HostRuntime, families: readonly Family[]): void {
  const { host, compiled } = runtime;
  const routes = routesWithoutBird(host, families);
  if (routes === null) return;
  runtime.compiled = { ...compiled, host: hostWithRoutes(host, () => routes), fib: { 4: null, 6: null } };
}

/**
 * Another run that goes on from where this one stands, for itself: what is done to one of the two does not happen in the other. A run
 * that is kept and only ever copied is a saved one, from which one can go on again and again.
 */
export function forkRun({ world, speakers, chosen }: BgpRun): BgpRun {
  const own: Chosen = { choices: new Set(chosen.choices), due: new Map(chosen.due) };
  const copy = copyWorld(world, { speakers, daemons: daemonsIn(world) }, chooserOf(own));
  daemonsIn(copy.world).push(...copy.held.daemons);
  sharePool(world, copy.world);
  return bgpRun(copy.world, copy.held.speakers, own);
}

/** What no dump told, and which way was taken: the answer rests on it. */
export function choicesOf({ chosen }: Pick<BgpRun, "chosen">): readonly string[] {
  return [...chosen.choices];
}

/** Destinations whose routes change on and on, each change bringing the next, and on which hosts; none where all has settled. */
export function unsettledRoutes({
  resting: { world, speakers },
}: Pick<BgpRun, "resting">): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const { unrest } = world.queue;
  if (unrest === null || world.now - unrest > RECENT) return found;
  for (const [host, items] of speakers) {
    for (const { table } of items) {
      for (const { prefix, routes } of netsOf(table)) {
        if (!routes.some(({ since }) => world.now - since < RECENT)) continue;
        const text = formatPrefix(prefix);
        const hosts = found.get(text) ?? [];
        if (!hosts.includes(host)) found.set(text, [...hosts, host]);
      }
    }
  }
  return found;
}

/** Seconds: a round of those who answer each other without an end takes a tenth at most. */
const RECENT = 1;

function chooserOf({ choices, due }: Chosen): Chooser {
  return (choice) => {
    const { kind, variable, alternatives } = choice;
    const [first, second] = alternatives;
    if (kind !== "random") {
      choices.add(`${choice.question}: ${first?.label ?? ""} is assumed`);
      return 0;
    }
    if (alternatives.length !== 2) return 0;
    const sum = (due.get(variable) ?? 0) + (second?.probability ?? 0);
    due.set(variable, sum >= 1 ? sum - 1 : sum);
    return sum >= 1 ? 1 : 0;
  };
}

/** Lets the daemons run for so many virtual seconds. Nothing is put off where the World alone is given, at which anybody may look. */
export function runFor(run: Pick<BgpRun, "world"> & Partial<Pick<BgpRun, "resting">>, seconds: number): void {
  const world = run.resting?.world ?? run.world;
  runSpeakers(world, world.now + seconds);
  if (run.resting === undefined) arouse(world);
}

/** The routes of a host as the daemons have left them. */
export function routesOf({ resting: { world } }: BgpRun, host: string): readonly Route[] {
  return (world.hosts.get(host) ?? runtimeOf(world, host))?.compiled.host.routes ?? [];
}
