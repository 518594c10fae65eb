import type { Chain } from "./ruleset.ts";

/** What chains have in common whose rules differ in nothing but the chain's own name and the hashes that are made of it. */
export type Likeness = object;

const known = new WeakMap<Chain, Likeness>();

/** Tells of a chain that all chains of the same likeness are as it is. */
export function tellLikeness(chain: Chain, likeness: Likeness): void {
  known.set(chain, likeness);
}

/** Null for a chain of which nobody told. */
export function likenessOf(chain: Chain): Likeness | null {
  return known.get(chain) ?? null;
}
