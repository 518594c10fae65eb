import type { Rule } from "../../model/ruleset.ts";

/** What the hashes of a chain said that needed no repair. */
export interface KnownProof {
  /** Index of the first rule, from 0, that does not give its hash; null where all do. */
  readonly first: number | null;
  /** How many rules gave their hashes. */
  readonly proven: number;
  /** How many did not. */
  readonly unproven: number;
}

interface KnownChain {
  readonly rules: readonly Rule[];
  readonly proof: KnownProof;
  /** In which context repairs were tried in vain; null where none were tried. */
  readonly context: string | null;
}

/** Chains whose hashes were held against their rules, by their place: the nodes of a cluster have most of Felix's chains in common. */
export type KnownChains = Map<string, KnownChain[]>;

/** So many chains of one place are remembered, and so many in all. */
const EACH = 4;
const REMEMBERED = 5_000;

export function knownChains(): KnownChains {
  return new Map();
}

/** What was proven of a chain of the same rules; null where nobody knows. */
export function recallChain(
  known: KnownChains,
  place: string,
  rules: readonly Rule[],
  contextOf: () => string,
): KnownProof | null {
  for (const chain of known.get(place) ?? []) {
    if (!isSame(chain.rules, rules)) continue;
    if (chain.context === null || chain.context === contextOf()) return chain.proof;
  }
  return null;
}

export function rememberChain(
  known: KnownChains,
  place: string,
  rules: readonly Rule[],
  { first, proven, unproven }: KnownProof,
  context: string | null,
): void {
  const chains = known.get(place) ?? [];
  if (chains.length >= EACH || known.size >= REMEMBERED) return;
  chains.push({ rules, proof: { first, proven, unproven }, context });
  known.set(place, chains);
}

/** Whether the rules were read from the same texts: then they share their parts (readers/iptables/known-rules.ts). */
function isSame(some: readonly Rule[], others: readonly Rule[]): boolean {
  return (
    some.length === others.length &&
    some.every((rule, index) => {
      const other = others[index];
      return (
        other !== undefined &&
        rule.matches === other.matches &&
        rule.target === other.target &&
        rule.source === other.source &&
        rule.destination === other.destination &&
        rule.protocol === other.protocol &&
        rule.inInterface === other.inInterface &&
        rule.outInterface === other.outInterface
      );
    })
  );
}
