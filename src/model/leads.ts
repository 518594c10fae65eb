const known = new WeakMap<object, readonly string[]>();

/**
 * Tells of a chain, in whichever form, what its rules jump to, in their order, so that nobody needs the rules to know. Only of chains whose rules
 * ask no set, and that no resource made.
 */
export function tellLeads(chain: object, targets: readonly string[]): void {
  known.set(chain, targets);
}

/** Null for a chain of which nobody told. */
export function leadsOf(chain: object): readonly string[] | null {
  return known.get(chain) ?? null;
}
