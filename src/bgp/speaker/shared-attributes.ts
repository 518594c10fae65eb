import type { World } from "../../emulator/world.ts";
import type { PathAttributes } from "../messages/path-attributes.ts";

/** Attributes of a World, each kept once: equal ones are one object. */
interface Pool {
  readonly byText: Map<string, PathAttributes>;
  readonly known: WeakMap<PathAttributes, PathAttributes>;
}

const pools = new WeakMap<World, Pool>();

/** Two Worlds, one of which is a copy, have their attributes in common. */
export function sharePool(from: World, to: World): void {
  const pool = pools.get(from);
  if (pool !== undefined) pools.set(to, pool);
}

/** The object that stands for all equal attributes of a World. */
export function sharedAttributes(world: World, attributes: PathAttributes): PathAttributes {
  const pool: Pool = pools.get(world) ?? { byText: new Map(), known: new WeakMap() };
  pools.set(world, pool);
  const seen = pool.known.get(attributes);
  if (seen !== undefined) return seen;
  const text = JSON.stringify(attributes);
  const shared = pool.byText.get(text) ?? attributes;
  pool.byText.set(text, shared);
  pool.known.set(attributes, shared);
  return shared;
}
