import type { FieldPath } from "../../kubernetes/field.ts";
import { describeResource } from "../../kubernetes/metadata.ts";
import type { KubernetesNetworkPolicy, NetworkPolicyPeer, NetworkPolicyRule } from "../../kubernetes/network-policy.ts";
import { formatPrefix, parsePrefix } from "../../net/prefix.ts";
import { ANY_ENTITY, type CalicoPolicy, type CalicoRule, type EntityRule } from "../network-policy.ts";
import { namespaceSelectorText, podSelectorText } from "./label-selector.ts";
import { portsByProtocol } from "./policy-ports.ts";

/** A rule that Calico leaves out, because it cannot convert it. */
export interface RefusedRule {
  readonly policy: string;
  /** Of the rule. */
  readonly path: FieldPath;
  readonly found: string;
}

const ORDER = 1000;

/** Go's ParseCIDR wants a length. */
function masked(cidr: string): string | null {
  const prefix = cidr.includes("/") ? parsePrefix(cidr) : null;
  return prefix === null ? null : formatPrefix(prefix);
}

/** Upstream asks nothing of the side when a network does not parse, which then holds for everybody. */
function peerEntity(peer: NetworkPolicyPeer | null): EntityRule {
  if (peer === null) return ANY_ENTITY;
  if (peer.kind === "selectors") {
    return {
      ...ANY_ENTITY,
      selector: podSelectorText(peer.podSelector),
      namespaceSelector: namespaceSelectorText(peer.namespaceSelector),
    };
  }
  const net = masked(peer.cidr);
  if (net === null) return ANY_ENTITY;
  const notNets: string[] = [];
  for (const exception of peer.except) {
    const not = masked(exception);
    if (not === null) return { ...ANY_ENTITY, nets: [net], notNets };
    notNets.push(not);
  }
  return { ...ANY_ENTITY, nets: [net], notNets };
}

function convertRule(rule: NetworkPolicyRule, ingress: boolean): readonly CalicoRule[] | { readonly refused: string } {
  const byProtocol = portsByProtocol(rule.ports);
  if ("refused" in byProtocol) return byProtocol;
  const peers = rule.peers.length === 0 ? [null] : rule.peers;
  return [...byProtocol].flatMap(([protocol, ports]) =>
    peers.map((peer): CalicoRule => {
      const entity = peerEntity(peer);
      return {
        action: "Allow",
        ipVersion: null,
        protocol: protocol === "" ? null : protocol,
        notProtocol: null,
        icmp: null,
        notICMP: null,
        source: ingress ? entity : ANY_ENTITY,
        destination: ingress ? { ...ANY_ENTITY, ports } : { ...entity, ports },
        http: false,
        annotations: [],
        path: rule.path,
      };
    }),
  );
}

/**
 * The policy that Calico makes of a Kubernetes NetworkPolicy
 * (libcalico-go/lib/backend/k8s/conversion/conversion.go, K8sNetworkPolicyToCalico). A rule that cannot be converted is
 * left out and named; the policy stays, and so selects its pods.
 *
 * @param namespace where it stands, when its metadata does not say
 */
export function convertKubernetesNetworkPolicy(
  policy: KubernetesNetworkPolicy,
  namespace: string | null = policy.metadata.namespace,
): {
  readonly policy: CalicoPolicy;
  readonly refused: readonly RefusedRule[];
} {
  const { metadata } = policy;
  const described = describeResource("NetworkPolicy", namespace, metadata.name);
  const refused: RefusedRule[] = [];
  const rules = (from: readonly NetworkPolicyRule[], ingress: boolean): readonly CalicoRule[] =>
    from.flatMap((rule) => {
      const converted = convertRule(rule, ingress);
      if (!("refused" in converted)) return converted;
      refused.push({ policy: described, path: rule.path, found: converted.refused });
      return [];
    });
  const types = (["Ingress", "Egress"] as const).filter((type) => policy.policyTypes.includes(type));
  return {
    policy: {
      kind: "KubernetesNetworkPolicy",
      namespace,
      name: metadata.name,
      tier: "default",
      order: ORDER,
      selector: podSelectorText(policy.podSelector),
      namespaceSelector: "",
      serviceAccountSelector: "",
      types: types.length === 0 ? ["Ingress"] : types,
      ingress: rules(policy.ingress, true),
      egress: rules(policy.egress, false),
      doNotTrack: false,
      preDNAT: false,
      applyOnForward: false,
      origin: metadata.origin,
    },
    refused,
  };
}
