import type { Address } from "../net/address.ts";
import { addressField } from "./address-field.ts";
import { elements, type Field, listOf, member, text } from "./field.ts";

/** What decides about a pod's `/etc/resolv.conf`. */
export interface PodDns {
  readonly policy: "ClusterFirst" | "ClusterFirstWithHostNet" | "Default" | "None";
  /** `dnsConfig`, which is added to what the policy gives. */
  readonly nameservers: readonly Address[];
  readonly searches: readonly string[];
  /** Null: as the policy has it. */
  readonly ndots: number | null;
}

const POLICIES = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"] as const;

/** Of a pod of which nobody says more: one object for all of them. */
const CLUSTER_FIRST: PodDns = { policy: "ClusterFirst", nameservers: [], searches: [], ndots: null };

/** `dnsPolicy` and `dnsConfig` of a pod's spec. */
export function readPodDns(spec: Field): PodDns {
  const config = member(spec, "dnsConfig");
  const written = text(member(spec, "dnsPolicy"));
  if (config.value === undefined && (written === null || written === "ClusterFirst")) return CLUSTER_FIRST;
  const ndots = elements(member(config, "options")).find((option) => text(member(option, "name")) === "ndots");
  const count = ndots === undefined ? Number.NaN : Number.parseInt(text(member(ndots, "value")) ?? "", 10);
  return {
    policy: POLICIES.find((policy) => policy === written) ?? "ClusterFirst",
    nameservers: listOf(member(config, "nameservers"), addressField),
    searches: listOf(member(config, "searches"), text),
    ndots: Number.isNaN(count) ? null : count,
  };
}
