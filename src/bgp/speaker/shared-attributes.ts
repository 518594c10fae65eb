import type { World } from "../../emulator/world.ts";
import type { PathAttributes } from "../messages/path-attributes.ts";
import { type Numbering, numbering } from "../rib/numbering.ts";

/** What the daemons of a World have in common. */
interface Pool {
  /** Attributes, each kept once: equal ones are one object. */
  readonly byText: Map<string, PathAttributes>;
  readonly known: WeakMap<PathAttributes, PathAttributes>;
  readonly numbering: Numbering;
  /** Objects that stand for all who do the same with routes, by what tells them from others. */
  readonly alike: Map<string, object>;
  /** The same of those who also have an object in common. */
  readonly alikeWith: WeakMap<object, Map<string, object>>;
}

const pools = new WeakMap<World, Pool>();

function poolOf(world: World): Pool {
  const known = pools.get(world);
  if (known !== undefined) return known;
  const made: Pool = {
    byText: new Map(),
    known: new WeakMap(),
    numbering: numbering(),
    alike: new Map(),
    alikeWith: new WeakMap(),
  };
  pools.set(world, made);
  return made;
}

/** Two Worlds, one of which is a copy, have all this in common. */
export function sharePool(from: World, to: World): void {
  pools.set(to, poolOf(from));
}

/** The object that stands for all equal attributes of a World. */
export function sharedAttributes(world: World, attributes: PathAttributes): PathAttributes {
  const pool = poolOf(world);
  const seen = pool.known.get(attributes);
  if (seen !== undefined) return seen;
  const text = JSON.stringify(attributes);
  const shared = pool.byText.get(text) ?? attributes;
  pool.byText.set(text, shared);
  pool.known.set(attributes, shared);
  return shared;
}

export function numberingOf(world: World): Numbering {
  return poolOf(world).numbering;
}

/** The object that stands for all of whom one text tells everything that they do with routes. */
export function alike(world: World, text: string): object {
  return standingFor(poolOf(world).alike, text);
}

/** The same where that depends on an object which they have in common, too. */
export function alikeWith(world: World, common: object, text: string): object {
  const { alikeWith: all } = poolOf(world);
  let known = all.get(common);
  if (known === undefined) {
    known = new Map();
    all.set(common, known);
  }
  return standingFor(known, text);
}

function standingFor(all: Map<string, object>, text: string): object {
  const known = all.get(text);
  if (known !== undefined) return known;
  const made = Object.freeze({ text });
  all.set(text, made);
  return made;
}
