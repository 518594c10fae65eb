import type { Field } from "../field.ts";
import { CONTROLLER_KINDS, groupsOf } from "../workloads/workload-controller.ts";
import { checkEndpointSlice } from "./endpoint-slice.ts";
import { checkEndpoints } from "./endpoints.ts";
import { checkMetadata } from "./metadata.ts";
import { DNS_LABEL, DNS_SUBDOMAIN, type NameRule, SERVICE_NAME } from "./names.ts";
import { checkNetworkPolicy } from "./network-policy.ts";
import { checkNode } from "./node.ts";
import { peek } from "./peek.ts";
import { checkPodSpec } from "./pod-spec.ts";
import { checkService } from "./service.ts";
import { checkWorkloadController } from "./workload-controller.ts";

interface KindRules {
  readonly name: NameRule;
  readonly check: (resource: Field) => void;
}

function nothing(): void {}

function rules(check: KindRules["check"] = nothing, name: NameRule = DNS_SUBDOMAIN): KindRules {
  return { name, check };
}

/** By group and kind. */
const RULES: ReadonlyMap<string, KindRules> = new Map([
  ["/Pod", rules((pod) => checkPodSpec(peek(pod, "spec"), false))],
  ["/Service", rules(checkService, SERVICE_NAME)],
  ["/Endpoints", rules(checkEndpoints)],
  ["/Node", rules(checkNode)],
  ["/Namespace", rules(nothing, DNS_LABEL)],
  ["/ServiceAccount", rules()],
  ["/ConfigMap", rules()],
  ["/Secret", rules()],
  ["discovery.k8s.io/EndpointSlice", rules(checkEndpointSlice)],
  ["networking.k8s.io/NetworkPolicy", rules(checkNetworkPolicy)],
  ...["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"].map(
    (kind) => [`policy.networking.k8s.io/${kind}`, rules()] as const,
  ),
  ...CONTROLLER_KINDS.flatMap((kind) =>
    groupsOf(kind).map((group) => [`${group}/${kind}`, rules(checkWorkloadController(kind))] as const),
  ),
]);

/**
 * Complains of what the Kubernetes API server refuses by an object's own contents, beyond the types and limits of its fields: names,
 * labels, and what fields of its kind must keep together. Such an object is never stored. Kinds that are not known pass.
 *
 * @param group the API group, empty for the core's
 */
export function checkObject(group: string, kind: string, resource: Field): void {
  const found = RULES.get(`${group}/${kind}`);
  if (found === undefined) return;
  checkMetadata(resource, found.name);
  found.check(resource);
}
