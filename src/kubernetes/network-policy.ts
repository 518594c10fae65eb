import type { Origin } from "../model/origin.ts";
import { parsePrefix } from "../net/prefix.ts";
import { complain, type Field, type FieldPath, integer, listOf, member, pathOf, text } from "./field.ts";
import { type LabelSelector, readLabelSelector } from "./label-selector.ts";
import { type Metadata, readMetadata } from "./metadata.ts";

export interface NetworkPolicyPort {
  /** `TCP`, `UDP` or `SCTP`. */
  readonly protocol: string;
  /** A number or the name of a container port; null for every port. */
  readonly port: number | string | null;
  /** The last port of a range; null for one port. */
  readonly endPort: number | null;
}

export type NetworkPolicyPeer =
  | { readonly kind: "ipBlock"; readonly cidr: string; readonly except: readonly string[] }
  /** Null selectors were not given. */
  | {
      readonly kind: "selectors";
      readonly podSelector: LabelSelector | null;
      readonly namespaceSelector: LabelSelector | null;
    };

export interface NetworkPolicyRule {
  /** None for everybody. */
  readonly peers: readonly NetworkPolicyPeer[];
  /** None for everything. */
  readonly ports: readonly NetworkPolicyPort[];
  readonly path: FieldPath;
}

/** A networking.k8s.io/v1 NetworkPolicy. */
export interface KubernetesNetworkPolicy {
  readonly metadata: Metadata;
  readonly podSelector: LabelSelector;
  readonly policyTypes: readonly ("Ingress" | "Egress")[];
  readonly ingress: readonly NetworkPolicyRule[];
  readonly egress: readonly NetworkPolicyRule[];
}

function readPort(field: Field): NetworkPolicyPort {
  const port = member(field, "port");
  const named = typeof port.value === "string";
  return {
    protocol: text(member(field, "protocol")) ?? "TCP",
    port: named ? text(port) : integer(port),
    endPort: integer(member(field, "endPort")),
  };
}

/** As it is written; a rule without one of its networks would be wider or narrower. */
function network(field: Field): string | null {
  const written = text(field);
  if (written !== null && parsePrefix(written) === null)
    complain(field, "a network with its length, such as 10.0.0.0/8, without zeros before its numbers");
  return written;
}

function readPeer(field: Field): NetworkPolicyPeer {
  const block = member(field, "ipBlock");
  if (block.value !== undefined && block.value !== null) {
    return {
      kind: "ipBlock",
      cidr: network(member(block, "cidr")) ?? "",
      except: listOf(member(block, "except"), network),
    };
  }
  return {
    kind: "selectors",
    podSelector: readLabelSelector(member(field, "podSelector")),
    namespaceSelector: readLabelSelector(member(field, "namespaceSelector")),
  };
}

function readRules(field: Field, peers: "from" | "to"): readonly NetworkPolicyRule[] {
  return listOf(field, (rule) => ({
    peers: listOf(member(rule, peers), readPeer),
    ports: listOf(member(rule, "ports"), readPort),
    path: pathOf(rule),
  }));
}

function readType(field: Field): "Ingress" | "Egress" | null {
  const written = text(field);
  if (written === "Ingress" || written === "Egress") return written;
  complain(field, "Ingress or Egress");
  return null;
}

export function readKubernetesNetworkPolicy(resource: Field, origin: Origin): KubernetesNetworkPolicy {
  const spec = member(resource, "spec");
  return {
    metadata: readMetadata(resource, origin),
    podSelector: readLabelSelector(member(spec, "podSelector")) ?? { matchLabels: new Map(), matchExpressions: [] },
    policyTypes: listOf(member(spec, "policyTypes"), readType),
    ingress: readRules(member(spec, "ingress"), "from"),
    egress: readRules(member(spec, "egress"), "to"),
  };
}
