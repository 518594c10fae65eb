import type { Metadata } from "../kubernetes/metadata.ts";
import { ANY_RULE } from "./network-policy.ts";
import type { Profile } from "./profile.ts";

function prefixed(prefix: string, metadata: Metadata): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const [key, value] of metadata.labels) labels.set(prefix + key, value);
  return labels.set(`${prefix}projectcalico.org/name`, metadata.name);
}

/** The profile that Calico makes of a namespace: it allows everything (conversion.go, NamespaceToProfile). */
export function namespaceProfile(namespace: Metadata): Profile {
  return {
    name: `kns.${namespace.name}`,
    labelsToApply: prefixed("pcns.", namespace),
    ingress: [ANY_RULE],
    egress: [ANY_RULE],
    origin: namespace.origin,
  };
}

/** The profile that Calico makes of a service account: it only gives labels (conversion.go, ServiceAccountToProfile). */
export function serviceAccountProfile(namespace: string, account: Metadata): Profile {
  return {
    name: `ksa.${namespace}.${account.name}`,
    labelsToApply: prefixed("pcsa.", account),
    ingress: [],
    egress: [],
    origin: account.origin,
  };
}
