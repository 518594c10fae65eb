import { prefixField } from "../kubernetes/address-field.ts";
import { at, type Field, listOf, member, oneOf, text, textMap } from "../kubernetes/field.ts";
import type { Origin } from "../model/origin.ts";
import type { Prefix } from "../net/prefix.ts";

/** What host endpoints kube-controllers makes of nodes beside the usual one. */
export interface HostEndpointTemplate {
  readonly generateName: string;
  readonly interfaceCIDRs: readonly Prefix[];
  /** A regular expression; the empty string asks no name. */
  readonly interfacePattern: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly nodeSelector: string;
}

/** A projectcalico.org/v3 KubeControllersConfiguration, as far as host endpoints go. */
export interface KubeControllersConfiguration {
  readonly autoHostEndpoints: boolean;
  /** createDefaultHostEndpoint: one for all interfaces of each node. */
  readonly defaultHostEndpoint: boolean;
  readonly templates: readonly HostEndpointTemplate[];
  readonly origin: Origin;
}

export function readKubeControllersConfiguration(resource: Field, origin: Origin): KubeControllersConfiguration {
  const own = at(resource, "spec", "controllers", "node", "hostEndpoint");
  const switches = ["Enabled", "Disabled"] as const;
  return {
    autoHostEndpoints: oneOf(member(own, "autoCreate"), switches) === "Enabled",
    defaultHostEndpoint: oneOf(member(own, "createDefaultHostEndpoint"), switches) !== "Disabled",
    templates: listOf(member(own, "templates"), (template) => ({
      generateName: text(member(template, "generateName")) ?? "",
      interfaceCIDRs: listOf(member(template, "interfaceCIDRs"), prefixField),
      interfacePattern: text(member(template, "interfacePattern")) ?? "",
      labels: textMap(member(template, "labels")),
      nodeSelector: text(member(template, "nodeSelector")) ?? "",
    })),
    origin,
  };
}
