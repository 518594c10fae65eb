import type { FieldPath } from "../kubernetes/field.ts";
import type { Origin } from "../model/origin.ts";

/** A port, a range of ports, or a name that endpoints give to one of theirs. */
export type PolicyPort =
  | { readonly kind: "range"; readonly first: number; readonly last: number }
  | { readonly kind: "named"; readonly name: string };

/** What a rule asks of one side; the empty string is a selector that was not given. */
export interface EntityRule {
  readonly nets: readonly string[];
  readonly notNets: readonly string[];
  readonly selector: string;
  readonly notSelector: string;
  readonly namespaceSelector: string;
  readonly ports: readonly PolicyPort[];
  readonly notPorts: readonly PolicyPort[];
  readonly serviceAccounts: { readonly names: readonly string[]; readonly selector: string } | null;
  readonly services: { readonly name: string; readonly namespace: string } | null;
}

export interface CalicoRule {
  readonly action: "Allow" | "Deny" | "Log" | "Pass";
  readonly ipVersion: 4 | 6 | null;
  /** A name as written (`TCP`) or a number in decimal; null for any. */
  readonly protocol: string | null;
  readonly notProtocol: string | null;
  readonly icmp: { readonly type: number; readonly code: number | null } | null;
  readonly notICMP: { readonly type: number; readonly code: number | null } | null;
  readonly source: EntityRule;
  readonly destination: EntityRule;
  /** True when it looks into HTTP, which packets' headers cannot tell. */
  readonly http: boolean;
  readonly annotations: readonly (readonly [string, string])[];
  /** Where it stands in the resource that caused it. */
  readonly path: FieldPath;
}

/** The kinds of resources that become policies. */
export type PolicyKind =
  | "NetworkPolicy"
  | "GlobalNetworkPolicy"
  | "StagedNetworkPolicy"
  | "StagedGlobalNetworkPolicy"
  | "StagedKubernetesNetworkPolicy"
  | "KubernetesNetworkPolicy"
  | "KubernetesClusterNetworkPolicy";

/** A policy of Calico's, whichever resource it was declared as (api/pkg/apis/projectcalico/v3/networkpolicy.go). */
export interface CalicoPolicy {
  readonly kind: PolicyKind;
  /** Null for policies of the whole cluster. */
  readonly namespace: string | null;
  /** As the datastore calls it. */
  readonly name: string;
  readonly tier: string;
  /** Null comes last. */
  readonly order: number | null;
  readonly selector: string;
  readonly namespaceSelector: string;
  readonly serviceAccountSelector: string;
  readonly types: readonly ("Ingress" | "Egress")[];
  readonly ingress: readonly CalicoRule[];
  readonly egress: readonly CalicoRule[];
  readonly doNotTrack: boolean;
  readonly preDNAT: boolean;
  readonly applyOnForward: boolean;
  readonly origin: Origin;
}

/** A side that asks nothing. */
export const ANY_ENTITY: EntityRule = {
  nets: [],
  notNets: [],
  selector: "",
  notSelector: "",
  namespaceSelector: "",
  ports: [],
  notPorts: [],
  serviceAccounts: null,
  services: null,
};

/** A rule that allows everything. */
export const ANY_RULE: CalicoRule = {
  action: "Allow",
  ipVersion: null,
  protocol: null,
  notProtocol: null,
  icmp: null,
  notICMP: null,
  source: ANY_ENTITY,
  destination: ANY_ENTITY,
  http: false,
  annotations: [],
  path: [],
};
