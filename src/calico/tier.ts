import type { CalicoPolicy } from "./network-policy.ts";

/** A tier of policies (api/pkg/apis/projectcalico/v3/tier.go). */
export interface Tier {
  readonly name: string;
  /** Null comes last. */
  readonly order: number | null;
  /** What becomes of packets that none of its policies decides about. */
  readonly defaultAction: "Deny" | "Pass";
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byOrder(a: number | null, b: number | null): number {
  if (a === b) return 0;
  return (a ?? Number.POSITIVE_INFINITY) < (b ?? Number.POSITIVE_INFINITY) ? -1 : 1;
}

/** Tiers as packets meet them (felix/calc/policy_sorter.go, TierLess). */
export function sortTiers(tiers: readonly Tier[]): readonly Tier[] {
  return [...tiers].sort((a, b) => byOrder(a.order, b.order) || byText(a.name, b.name));
}

/** Namespaced policies are stored as `namespace/name` until v3.31. */
export function storedName({ namespace, name }: Pick<CalicoPolicy, "namespace" | "name">): string {
  return namespace === null ? name : `${namespace}/${name}`;
}

/**
 * Policies of one tier as packets meet them (felix/calc/policy_sorter.go, PolKVLess).
 *
 * @param tieBreak what policies of one order are sorted by
 */
export function sortPolicies(
  policies: readonly CalicoPolicy[],
  tieBreak: (policy: CalicoPolicy) => string,
): readonly CalicoPolicy[] {
  return [...policies].sort((a, b) => byOrder(a.order, b.order) || byText(tieBreak(a), tieBreak(b)));
}
