import { sha1 } from "./sha1.ts";

/**
 * The name Calico gives to the host's end of a pod's veth pair: the prefix and eleven digits of SHA-1("namespace.pod")
 * (libcalico-go/lib/backend/k8s/conversion, VethNameForWorkload).
 */
export function workloadInterfaceName(namespace: string, pod: string): string {
  return `cali${sha1(`${namespace}.${pod}`).slice(0, 11)}`;
}
