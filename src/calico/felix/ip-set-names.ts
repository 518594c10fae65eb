import { base64url } from "../base64url.ts";
import { canonicalSelector, type Selector } from "../selector/selector.ts";
import { ruleDigest } from "./rule-digest.ts";

const LONGEST_SET_NAME = 31;

/** What the kernel calls the set with this id: `cali40` or `cali60` and the id, cut to fit (felix/ipsets). */
export function ipSetName(id: string, family: 4 | 6): string {
  return `cali${family}0${id}`.slice(0, LONGEST_SET_NAME);
}

/** Whether a set can be one of Felix's. */
export function isSetName(name: string): boolean {
  return /^cali[46]0/.test(name);
}

function hashedID(kind: string, content: string): string {
  return `${kind}:${base64url(ruleDigest(null, `${kind}:${content}`))}`;
}

/** The id of the set of endpoints and network sets that a selector chooses (libcalico-go/lib/selector, UniqueID). */
function selectorSetID(selector: Selector): string {
  return hashedID("s", canonicalSelector(selector));
}

/** The id of the set of pods in an Istio mesh (felix/rules/rule_defs.go, IPSetIDAllIstioWEPs). */
export const MESH_SET = "all-istio-weps";

/** What the members of a set of Felix's are. */
export type SetDefinition =
  /** The addresses of endpoints and network sets. */
  | { readonly kind: "selector"; readonly selector: Selector }
  /** The addresses of endpoints with a port of this name, each with its number. */
  | {
      readonly kind: "named-port";
      readonly selector: Selector;
      readonly protocol: "tcp" | "udp" | "sctp";
      readonly port: string;
    }
  /** The addresses of pods in an Istio mesh, chosen by labels. */
  | { readonly kind: "mesh"; readonly selector: Selector }
  /** The endpoints of a Service, `namespace/name`. */
  | { readonly kind: "service"; readonly service: string; readonly ports: boolean };

/** The id that Felix gives to a set (felix/calc/rule_scanner.go, IPSetData.UniqueID). */
export function setID(definition: SetDefinition): string {
  switch (definition.kind) {
    case "selector":
      return selectorSetID(definition.selector);
    case "named-port":
      return hashedID("n", `${selectorSetID(definition.selector)},${definition.protocol},${definition.port}`);
    case "mesh":
      return MESH_SET;
    case "service":
      return hashedID(definition.ports ? "svc" : "svcnoport", definition.service);
  }
}
