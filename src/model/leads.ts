import type { Chain } from "./ruleset.ts";

/** What the rules of a chain jump to, in their order. */
export type Leads = () => readonly string[];

const known = new WeakMap<Chain, Leads>();

/**
 * Tells what a chain leads to, so that nobody needs its rules to know. Only of chains whose rules ask no set, and that no resource made.
 */
export function tellLeads(chain: Chain, leads: Leads): void {
  known.set(chain, leads);
}

/** Null for a chain of which nobody told. */
export function leadsOf(chain: Chain): readonly string[] | null {
  return known.get(chain)?.() ?? null;
}
