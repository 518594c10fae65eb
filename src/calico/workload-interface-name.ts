import { sha1 } from "./sha1.ts";

/**
 * The name Calico gives to the host's end of a pod's veth pair: the prefix and eleven digits of SHA-1("namespace.pod")
 * (libcalico-go/lib/backend/k8s/conversion, VethNameForWorkload).
 */
export function workloadInterfaceName(namespace: string, pod: string): string {
  const of = `${namespace}.${pod}`;
  const known = recent.get(of);
  if (known !== undefined) return known;
  const name = `cali${sha1(of).slice(0, 11)}`;
  if (recent.size >= MOST) recent.clear();
  recent.set(of, name);
  return name;
}

/** Devices, links and chains of a node each ask for the names of its pods. */
const recent = new Map<string, string>();
const MOST = 4096;
