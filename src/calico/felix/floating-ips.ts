import type { Pod } from "../../kubernetes/pod.ts";
import { type Family, formatAddress, parseAddress } from "../../net/address.ts";
import type { FloatingIP } from "./felix-settings.ts";

/** A JSON list of texts in an annotation; none where it is no such list. */
export function annotatedList(pod: Pod, annotation: string): readonly string[] {
  const written = pod.metadata.annotations.get(annotation);
  if (written === undefined) return [];
  try {
    const list: unknown = JSON.parse(written);
    return Array.isArray(list) ? list.filter((item): item is string => typeof item === "string") : [];
  } catch {
    return [];
  }
}

/**
 * The floating addresses of a node's pods, each with the pod's own address of its family; one that several pods claim is
 * the first own address's (felix/dataplane/linux/floating_ip_mgr.go).
 */
export function floatingIPs(pods: readonly Pod[], family: Family): readonly FloatingIP[] {
  const found = new Map<string, string>();
  for (const pod of pods) {
    if (pod.metadata.annotations.size === 0) continue;
    const own = pod.podIPs.find((address) => address.family === family);
    if (own === undefined) continue;
    for (const text of annotatedList(pod, "cni.projectcalico.org/floatingIPs")) {
      const external = parseAddress(text);
      if (external?.family !== family) continue;
      const [key, internal] = [formatAddress(external), formatAddress(own)];
      const earlier = found.get(key);
      if (earlier === undefined || internal < earlier) found.set(key, internal);
    }
  }
  return [...found].map(([external, internal]) => ({ external, internal }));
}
