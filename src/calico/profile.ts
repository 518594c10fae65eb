import type { Origin } from "../model/origin.ts";
import type { CalicoRule } from "./network-policy.ts";

/** Rules that hold where no policy decides, and labels that endpoints inherit (api/pkg/apis/projectcalico/v3/profile.go). */
export interface Profile {
  readonly name: string;
  readonly labelsToApply: ReadonlyMap<string, string>;
  readonly ingress: readonly CalicoRule[];
  readonly egress: readonly CalicoRule[];
  readonly origin: Origin;
}

/** An endpoint's own labels and those of its profiles; its own win, then those of the first profile. */
export function inheritedLabels(
  own: ReadonlyMap<string, string>,
  profiles: readonly Profile[],
): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const profile of [...profiles].reverse())
    for (const [key, value] of profile.labelsToApply) labels.set(key, value);
  for (const [key, value] of own) labels.set(key, value);
  return labels;
}
