import { settle, type World } from "../../emulator/world.ts";
import type { BgpCore } from "./bgp-core.ts";
import { playIdle, restOn } from "./idle.ts";

const started = new WeakMap<World, BgpCore[]>();

/** All daemons that were ever started in a World, in that order. */
export function daemonsIn(world: World): BgpCore[] {
  const known = started.get(world);
  if (known !== undefined) return known;
  const made: BgpCore[] = [];
  started.set(world, made);
  return made;
}

/** Seconds of idleness that are not worth looking for, and how long one goes on before the next look. */
const SHORT = 5;
const LONG = 30;

/** Runs a World to a virtual time (s). Hours in which nothing happens to its daemons cost next to nothing. */
export function runSpeakers(world: World, until: number): void {
  if (restOn(world, until)) return;
  settle(world, world.now);
  while (world.now < until) {
    const { now } = world;
    const idle = world.noting === undefined ? now : playIdle(world, daemonsIn(world), until);
    if (world.putOff !== null) {
      world.now = until;
      return;
    }
    // Something happens at that time, or soon: what follows is played as it comes, for a while.
    const end = idle >= until ? until : Math.min(until, idle + (idle - now > SHORT ? 1 : LONG));
    settle(world, end);
    world.now = end;
  }
}
