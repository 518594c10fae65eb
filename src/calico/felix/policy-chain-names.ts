import type { Origin } from "../../model/origin.ts";
import { LONGEST_CHAIN_NAME, lengthLimitedID } from "../length-limited-id.ts";
import { type FelixBand, isSince } from "./felix-settings.ts";

/** What a policy is known by; `name` as stored, with `default.` or `knp.default.` where the release writes that. */
export interface PolicyKey {
  readonly kind:
    | "NetworkPolicy"
    | "GlobalNetworkPolicy"
    | "StagedNetworkPolicy"
    | "StagedGlobalNetworkPolicy"
    | "StagedKubernetesNetworkPolicy"
    | "KubernetesNetworkPolicy"
    | "KubernetesClusterNetworkPolicy";
  /** Null for policies of the whole cluster. */
  readonly namespace: string | null;
  readonly name: string;
  readonly tier: string;
  /** The resource; not part of the key. */
  readonly origin?: Origin;
}

const SHORT_KINDS: Readonly<Record<PolicyKey["kind"], string>> = {
  NetworkPolicy: "np",
  GlobalNetworkPolicy: "gnp",
  StagedNetworkPolicy: "snp",
  StagedGlobalNetworkPolicy: "sgnp",
  StagedKubernetesNetworkPolicy: "sknp",
  KubernetesNetworkPolicy: "knp",
  KubernetesClusterNetworkPolicy: "kcnp",
};

function policyID(policy: PolicyKey, band: FelixBand): string {
  const name = policy.namespace === null ? policy.name : `${policy.namespace}/${policy.name}`;
  if (isSince(band, "v3.32")) return `${SHORT_KINDS[policy.kind]}/${name}`;
  return isSince(band, "v3.29") ? `${policy.tier}/${name}` : name;
}

/** What flow logs call a policy: before v3.32 by its stored name without its tier. */
export function loggedPolicyID(policy: PolicyKey, band: FelixBand): string {
  if (isSince(band, "v3.32")) return policyID(policy, band);
  return policy.namespace === null ? policy.name : `${policy.namespace}/${policy.name}`;
}

/** The chain of a policy's ingress (`cali-pi-`) or egress (`cali-po-`) rules (felix/rules/policy.go, PolicyChainName). */
export function policyChainName(direction: "ingress" | "egress", policy: PolicyKey, band: FelixBand): string {
  return lengthLimitedID(direction === "ingress" ? "cali-pi-" : "cali-po-", policyID(policy, band), LONGEST_CHAIN_NAME);
}

/** The chain of a profile's rules: `cali-pri-kns.default`. */
export function profileChainName(direction: "ingress" | "egress", profile: string): string {
  return lengthLimitedID(direction === "ingress" ? "cali-pri-" : "cali-pro-", profile, LONGEST_CHAIN_NAME);
}
