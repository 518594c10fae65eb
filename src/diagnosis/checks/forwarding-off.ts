import type { Check } from "./check.ts";

const KEY = "net.ipv4.ip_forward";

/** A node whose dump of sysctls says that it does not forward IPv4, and that has pods with IPv4 addresses. */
export const forwardingOff: Check = ({ network }) => {
  const pods = [...network.hosts.values()].filter(
    ({ kind, interfaces }) =>
      kind === "pod" &&
      [...interfaces.values()].some(({ addresses }) => addresses.some(({ address }) => address.family === 4)),
  );
  return [...network.hosts.values()].flatMap((host) => {
    if (!host.dumpedSysctls.has(KEY) || host.sysctls.get(KEY) !== "0") return [];
    const pod = pods.find(({ node }) => node === host.name);
    if (pod === undefined) return [];
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
