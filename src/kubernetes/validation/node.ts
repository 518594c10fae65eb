import { complain, type Field } from "../field.ts";
import { checkNetwork } from "./addresses.ts";
import { checkName, LABEL_KEY, LABEL_VALUE } from "./names.ts";
import { isAbsent, peek, peekList, peekText } from "./peek.ts";

/** The spec of a v1 Node (pkg/apis/core/validation, ValidateNode, and pkg/apis/core/v1/conversion.go for the two fields of networks). */
export function checkNode(resource: Field): void {
  const spec = peek(resource, "spec");
  const single = peek(spec, "podCIDR");
  const plural = peek(spec, "podCIDRs");
  const listed = peekList(plural);
  // the older field alone becomes the list
  const networks = listed.length > 0 ? listed : isAbsent(single) || single.value === "" ? [] : [single];
  const families = new Set<number>();
  for (const field of networks) {
    const network = checkNetwork(field);
    if (network === null) continue;
    if (families.has(network.address.family)) complain(field, "one network of each family");
    families.add(network.address.family);
  }
  const taints = new Set<string>();
  for (const taint of peekList(peek(spec, "taints"))) {
    checkName(peek(taint, "key"), LABEL_KEY);
    checkName(peek(taint, "value"), LABEL_VALUE);
    const own = `${peekText(peek(taint, "effect"))} ${peekText(peek(taint, "key"))}`;
    if (taints.has(own)) complain(taint, "each key once with an effect");
    taints.add(own);
  }
}
