import { elements, member, text, topField } from "../../kubernetes/field.ts";
import type { Cluster } from "../cluster.ts";
import { type WrittenCIDR, writtenCIDR } from "../written-cidr.ts";

/** What the DaemonSet calico-node tells confd that no Calico resource does. */
export interface CalicoNodeEnvironment {
  /** Where calico-node runs, and reads its Secrets. */
  readonly namespace: string;
  /** CALICO_ROUTER_ID; empty where it is not set. */
  readonly routerId: string;
  /** CALICO_ADVERTISE_CLUSTER_IPS, which stands for `serviceClusterIPs`; null where it is not set. */
  readonly advertisedClusterIPs: readonly WrittenCIDR[] | null;
}

/** Null without the DaemonSet. Values that a ConfigMap or a field gives are not followed. */
export function calicoNodeEnvironment(cluster: Cluster): CalicoNodeEnvironment | null {
  for (const { kind, metadata, templateText } of cluster.controllers.values()) {
    if (kind !== "DaemonSet" || metadata.name !== "calico-node" || templateText === "") continue;
    const content: unknown = JSON.parse(templateText);
    const variables = new Map<string, string>();
    for (const container of elements(member(member(topField(content), "spec"), "containers"))) {
      if (text(member(container, "name")) !== "calico-node") continue;
      for (const variable of elements(member(container, "env"))) {
        const name = text(member(variable, "name"));
        const value = text(member(variable, "value"));
        if (name !== null && value !== null) variables.set(name, value);
      }
    }
    const advertised = variables.get("CALICO_ADVERTISE_CLUSTER_IPS") ?? "";
    return {
      namespace: metadata.namespace ?? "default",
      routerId: variables.get("CALICO_ROUTER_ID") ?? "",
      advertisedClusterIPs:
        advertised === "" ? null : advertised.split(",").flatMap((cidr) => writtenCIDR(topField(cidr.trim())) ?? []),
    };
  }
  return null;
}
