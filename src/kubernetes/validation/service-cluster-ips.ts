import { complain, type Field } from "../field.ts";
import { checkAddress } from "./addresses.ts";
import { isAbsent, peek, peekList, peekText } from "./peek.ts";

const FAMILIES = { IPv4: 4, IPv6: 6 } as const;

/** True where a Service has no address of its own. */
export function isHeadless(spec: Field): boolean {
  const listed = peekList(peek(spec, "clusterIPs"));
  return listed.length === 0
    ? peek(spec, "clusterIP").value === "None"
    : listed.length === 1 && listed[0]?.value === "None";
}

/**
 * `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy` (pkg/apis/core/validation, ValidateServiceClusterIPsRelatedFields, and
 * pkg/registry/core/service/storage/alloc.go, initIPFamilyFields, as far as it does not ask which families the cluster has).
 */
export function checkClusterIPs(spec: Field): void {
  const single = peek(spec, "clusterIP");
  const plural = peek(spec, "clusterIPs");
  const first = peekText(single) ?? "";
  const listed = peekList(plural);
  // who writes one address gets the list made of it
  const addresses = listed.length === 0 && first !== "" ? [single] : listed;
  if (first === "" && listed.length > 0) complain(single, "the first of clusterIPs, or neither of the two");
  else if (listed.length > 0 && listed[0]?.value !== first) complain(plural, `${first}, the clusterIP, as its first`);
  const families = checkFamilies(spec);
  if (addresses.length > 2) complain(plural, "one address, or one of each family");
  if (addresses.some(({ value }) => value === "None")) {
    if (addresses.length > 1) complain(plural, "None alone, or addresses");
  } else checkAddresses(addresses, families);
  checkPolicy(spec, listed.length, families.length, first);
}

function checkFamilies(spec: Field): readonly Field[] {
  const families = peekList(peek(spec, "ipFamilies"));
  const seen = new Set<unknown>();
  for (const family of families) {
    if (peekText(family) !== null && peekText(family) !== "IPv4" && peekText(family) !== "IPv6")
      complain(family, "IPv4 or IPv6");
    else if (seen.has(family.value)) complain(family, "each family once");
    seen.add(family.value);
  }
  return families;
}

function checkAddresses(addresses: readonly Field[], families: readonly Field[]): void {
  const seen = new Set<number>();
  for (const [i, field] of addresses.entries()) {
    const asked = families[i]?.value;
    const family = asked === "IPv4" || asked === "IPv6" ? FAMILIES[asked] : null;
    const address = checkAddress(field, family);
    if (address === null) continue;
    if (seen.has(address.family)) complain(field, "one address of each family");
    seen.add(address.family);
  }
}

function checkPolicy(spec: Field, addresses: number, families: number, clusterIP: string): void {
  const field = peek(spec, "ipFamilyPolicy");
  const selector = Object.keys(Object(peek(spec, "selector").value)).length > 0;
  const isDual = isAbsent(field) && clusterIP === "None" && !selector;
  if ((addresses !== 2 && families !== 2) || isDual) return;
  if (isAbsent(field) || field.value === "SingleStack")
    complain(field, "PreferDualStack or RequireDualStack, as there are addresses of two families");
}
