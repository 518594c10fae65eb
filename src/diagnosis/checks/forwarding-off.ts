import type { Host } from "../../model/host.ts";
import type { Check } from "./check.ts";

const KEY = "net.ipv4.ip_forward";

/** A node whose dump of sysctls says that it does not forward IPv4, and that has pods with IPv4 addresses. */
export const forwardingOff: Check = ({ network }) => {
  const podOf = new Map<string, Host>();
  for (const pod of network.hosts.values()) {
    if (pod.kind !== "pod" || pod.node === null || podOf.has(pod.node)) continue;
    const addresses = [...pod.interfaces.values()].flatMap((device) => device.addresses);
    if (addresses.some(({ address }) => address.family === 4)) podOf.set(pod.node, pod);
  }
  return [...network.hosts.values()].flatMap((host) => {
    const pod = podOf.get(host.name);
    if (pod === undefined || !host.dumpedSysctls.has(KEY) || host.sysctls.get(KEY) !== "0") return [];
    return [
      {
        severity: "error" as const,
        message: `${host.name} does not forward (${KEY} is 0), and ${pod.name} runs on it`,
        at: host.origin,
        beside: pod.origin,
      },
    ];
  });
};
