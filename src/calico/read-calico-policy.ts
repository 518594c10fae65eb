import { complain, type Field, flag, listOf, member, numberField, oneOf, text } from "../kubernetes/field.ts";
import { readMetadata } from "../kubernetes/metadata.ts";
import type { Origin } from "../model/origin.ts";
import type { CalicoPolicy, PolicyKind } from "./network-policy.ts";
import { readRule } from "./read-rule.ts";
import { selectorField } from "./selector-field.ts";

/** What calicoctl and the API server fill in for `types` that are not written (libcalico-go/lib/clientv3, defaultPolicyTypesField). */
function types(field: Field, ingress: boolean, egress: boolean): CalicoPolicy["types"] {
  const written = listOf(field, (one) => oneOf(one, ["Ingress", "Egress"] as const));
  if (written.length > 0) return written;
  if (!egress) return ["Ingress"];
  return ingress ? ["Ingress", "Egress"] : ["Egress"];
}

/**
 * A NetworkPolicy or GlobalNetworkPolicy of Calico's, or one of them staged; crd.projectcalico.org/v1 and
 * projectcalico.org/v3 have the same spec.
 */
export function readCalicoPolicy(kind: PolicyKind, namespaced: boolean) {
  return (resource: Field, origin: Origin): CalicoPolicy => {
    const spec = member(resource, "spec");
    const metadata = readMetadata(resource, origin);
    const namespace = namespaced ? (metadata.namespace ?? "default") : null;
    const [ingress, egress] = (["ingress", "egress"] as const).map((direction) =>
      listOf(member(spec, direction), (rule) => readRule(rule, direction, namespace)),
    );
    const policy: CalicoPolicy = {
      kind,
      namespace,
      name: metadata.name,
      tier: text(member(spec, "tier")) || "default",
      order: numberField(member(spec, "order")),
      selector: selectorField(member(spec, "selector")),
      namespaceSelector: namespaced ? "" : selectorField(member(spec, "namespaceSelector"), "namespaces"),
      serviceAccountSelector: selectorField(member(spec, "serviceAccountSelector")),
      types: types(member(spec, "types"), (ingress?.length ?? 0) > 0, (egress?.length ?? 0) > 0),
      ingress: ingress ?? [],
      egress: egress ?? [],
      doNotTrack: !namespaced && (flag(member(spec, "doNotTrack")) ?? false),
      preDNAT: !namespaced && (flag(member(spec, "preDNAT")) ?? false),
      applyOnForward: !namespaced && (flag(member(spec, "applyOnForward")) ?? false),
      origin,
    };
    checkHostPolicy(spec, policy);
    return policy;
  };
}

/** What policies of host endpoints must keep (validator.go, validateGlobalNetworkPolicy). */
function checkHostPolicy(spec: Field, policy: CalicoPolicy): void {
  const { doNotTrack, preDNAT, applyOnForward } = policy;
  if (doNotTrack && preDNAT) complain(member(spec, "preDNAT"), "false, as doNotTrack is true");
  if ((doNotTrack || preDNAT) && !applyOnForward)
    complain(member(spec, "applyOnForward"), `true, as ${doNotTrack ? "doNotTrack" : "preDNAT"} is`);
  if (preDNAT && policy.egress.length > 0) complain(member(spec, "egress"), "no egress rules, as preDNAT is true");
  if (preDNAT && policy.types.includes("Egress")) complain(member(spec, "types"), "Ingress only, as preDNAT is true");
}
