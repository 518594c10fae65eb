import type { Origin } from "../model/origin.ts";
import type { AdminPolicy } from "./conversion/admin-policy.ts";
import { type FelixBand, isSince } from "./felix/felix-settings.ts";
import type { CalicoPolicy } from "./network-policy.ts";
import type { PolicyProblem } from "./policy-problem.ts";
import type { PolicyResources } from "./policy-resources.ts";
import type { Tier } from "./tier.ts";

/**
 * The name under which the datastore keeps a policy: of the default tier with its prefix until v3.31
 * (libcalico-go/lib/names/policy.go, TieredPolicyName), as written since.
 */
function storedName(policy: CalicoPolicy, band: FelixBand): string {
  const prefix = `${policy.tier}.`;
  const keeps = isSince(band, "v3.32") || policy.tier !== "default" || policy.name.startsWith(prefix);
  return keeps ? policy.name : prefix + policy.name;
}

/** Policies of Calico's own kinds, and those of the network-policy-api, that Felix of one release makes chains of. */
export function storedPolicies(
  resources: PolicyResources,
  band: FelixBand,
  tiers: ReadonlyMap<string, Tier>,
): { readonly policies: readonly CalicoPolicy[]; readonly problems: readonly PolicyProblem[] } {
  const problems: PolicyProblem[] = [];
  const policies: CalicoPolicy[] = [];
  const without = (origin: Origin, message: string): void => {
    problems.push({ code: "policy-without-effect", origin, path: [], message });
  };
  const own = [...resources.networkPolicies.values(), ...resources.globalNetworkPolicies.values()];
  for (const policy of own) {
    const name = storedName(policy, band);
    if (!tiers.has(policy.tier)) {
      const message = `there is no tier ${policy.tier}: the policy has no effect.`;
      problems.push({ code: "policy-reference-missing", origin: policy.origin, path: ["spec", "tier"], message });
    } else if (!isSince(band, "v3.29") && policy.tier !== "default") {
      without(policy.origin, "Calico before v3.29 knows no tier but default.");
    } else if (!isSince(band, "v3.32") && !name.startsWith(`${policy.tier}.`)) {
      without(policy.origin, `Calico before v3.32 refuses it: its name must begin with ${policy.tier}.`);
    } else policies.push({ ...policy, name });
  }
  const staged = [...resources.stagedNetworkPolicies.values(), ...resources.stagedGlobalNetworkPolicies.values()];
  for (const { origin } of [...staged, ...resources.stagedKubernetesNetworkPolicies.values()])
    without(origin, "it is staged: no packet is dropped or let through because of it.");

  const admin = (from: ReadonlyMap<string, AdminPolicy>, kind: string, known: boolean): void => {
    for (const { policy, refused } of from.values()) {
      if (!known) {
        without(policy.origin, `Calico ${band} does not look after ${kind} objects.`);
        continue;
      }
      policies.push(policy);
      for (const { path, reason } of refused) {
        const message = `it cannot be converted: ${reason}.`;
        problems.push({ code: "policy-rule-left-out", origin: policy.origin, path, message });
      }
    }
  };
  const before = !isSince(band, "v3.32");
  admin(resources.adminNetworkPolicies, "AdminNetworkPolicy", before && isSince(band, "v3.29"));
  admin(resources.baselineAdminNetworkPolicies, "BaselineAdminNetworkPolicy", before && isSince(band, "v3.30"));
  admin(resources.clusterNetworkPolicies, "ClusterNetworkPolicy", !before);
  return { policies, problems };
}
