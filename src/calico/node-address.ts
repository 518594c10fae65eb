import type { AddressWithLength } from "../kubernetes/address-field.ts";
import { at, type Field, flag, listOf, member, ownValue, text, topField } from "../kubernetes/field.ts";
import type { Interface } from "../model/interface.ts";
import {
  type Address,
  type Family,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseAddress,
  sameAddress,
} from "../net/address.ts";
import { type Prefix, parsePrefix, prefixContains, prefixOf } from "../net/prefix.ts";

/** How calico/node finds the address of its node (`IP_AUTODETECTION_METHOD`). */
export type Autodetection =
  | { readonly kind: "first-found"; readonly skip: readonly RegExp[] }
  | { readonly kind: "interface"; readonly names: readonly RegExp[] }
  | { readonly kind: "internal-ip" }
  | { readonly kind: "cidr"; readonly cidrs: readonly Prefix[] }
  | { readonly kind: "can-reach"; readonly target: Address };

/** Interfaces that first-found passes over (node/pkg/lifecycle/startup/autodetection/filtered.go). */
const EXCLUDED = [
  "docker.*",
  "cbr.*",
  "dummy.*",
  "podman.*",
  "virbr.*",
  "lxcbr.*",
  "veth.*",
  "lo",
  "br-.*",
  "cali.*",
  "tunl.*",
  "flannel.*",
  "kube-ipvs.*",
  "cni.*",
  "vxlan\\.calico.*",
  "vxlan-v6\\.calico.*",
  "wireguard\\.cali.*",
  "wg-v6\\.cali.*",
  "nodelocaldns.*",
].map((pattern) => new RegExp(`^${pattern}`));

export const FIRST_FOUND: Autodetection = { kind: "first-found", skip: [] };

/** `nodeAddressAutodetectionV4` or `V6` of an operator.tigera.io Installation; first-found where it says nothing. */
export function autodetectionOf(installation: unknown, family: Family): Autodetection {
  const field = at(topField(installation), "spec", "calicoNetwork", `nodeAddressAutodetectionV${family}`);
  if (text(member(field, "kubernetes")) === "NodeInternalIP") return { kind: "internal-ip" };
  const names = patterns(member(field, "interface"));
  if (names.length > 0) return { kind: "interface", names };
  const cidrs = listOf(member(field, "cidrs"), (one) => parsePrefix(text(one) ?? ""));
  if (cidrs.length > 0) return { kind: "cidr", cidrs };
  const target = parseAddress(text(member(field, "canReach")) ?? "");
  if (target !== null) return { kind: "can-reach", target };
  if (flag(member(field, "firstFound")) === true || ownValue(field.value, "skipInterface") === undefined)
    return FIRST_FOUND;
  return { kind: "first-found", skip: patterns(member(field, "skipInterface")) };
}

/** `IP_AUTODETECTION_METHOD` or `IP6_AUTODETECTION_METHOD` as calico/node reads it (node/pkg/lifecycle/startup/autodetection/autodetection_methods.go). */
export function autodetectionOfText(written: string): Autodetection {
  const [method = "", value = ""] = written.split(/=(.*)/s);
  const field = topField(value);
  switch (method) {
    case "kubernetes-internal-ip":
      return { kind: "internal-ip" };
    case "interface":
      return { kind: "interface", names: patterns(field) };
    case "skip-interface":
      return { kind: "first-found", skip: patterns(field) };
    case "cidr":
      return { kind: "cidr", cidrs: value.split(",").flatMap((one) => parsePrefix(one.trim()) ?? []) };
    case "can-reach": {
      const target = parseAddress(value);
      return target === null ? FIRST_FOUND : { kind: "can-reach", target };
    }
    default:
      return FIRST_FOUND;
  }
}

/** Several patterns are separated by commas; one that is no regular expression matches nothing. */
function patterns(field: Field): readonly RegExp[] {
  return (text(field) ?? "").split(",").flatMap((part) => {
    if (part.trim() === "") return [];
    try {
      return [new RegExp(part.trim())];
    } catch {
      return [];
    }
  });
}

/**
 * The address that calico/node takes for its node, with its subnet's length; null where it finds none. It looks through
 * interfaces from the one made last to the first (node/pkg/lifecycle/startup/autodetection). `can-reach` asks the kernel's
 * routes: here the interface whose subnet holds the target, else that of a default route.
 */
export function detectAddress(
  method: Autodetection,
  family: Family,
  interfaces: readonly Interface[],
  internalIPs: readonly Address[],
  exit: string | null,
): AddressWithLength | null {
  const devices = interfaces.filter(({ up }) => up).reverse();
  const first = (chosen: readonly Interface[], fits: (address: Address) => boolean = () => true) => {
    for (const { addresses } of chosen) {
      for (const { address, prefixLength } of addresses) {
        if (address.family === family && isUsable(address) && fits(address)) return { address, length: prefixLength };
      }
    }
    return null;
  };
  switch (method.kind) {
    case "first-found": {
      const skipped = [...EXCLUDED, ...method.skip];
      return first(devices.filter(({ name }) => !skipped.some((pattern) => pattern.test(name))));
    }
    case "interface": {
      for (const pattern of method.names) {
        const found = first(devices.filter(({ name }) => pattern.test(name)));
        if (found !== null) return found;
      }
      return null;
    }
    case "cidr":
      return first(devices, (address) => method.cidrs.some((cidr) => prefixContains(cidr, address)));
    case "internal-ip": {
      const own = internalIPs.find((address) => address.family === family);
      if (own === undefined) return null;
      return (
        first(devices, (address) => sameAddress(address, own)) ?? { address: own, length: family === 4 ? 32 : 128 }
      );
    }
    case "can-reach": {
      const onLink = devices.filter(({ addresses }) =>
        addresses.some(
          ({ address, prefixLength }) =>
            address.family === family && prefixContains(prefixOf(address, prefixLength), method.target),
        ),
      );
      return first(onLink.length > 0 ? onLink : devices.filter(({ name }) => name === exit));
    }
  }
}

function isUsable(address: Address): boolean {
  return !isLoopback(address) && !isLinkLocal(address) && !isMulticast(address) && !isUnspecified(address);
}
