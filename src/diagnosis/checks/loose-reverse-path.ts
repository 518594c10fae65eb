import type { Check } from "./check.ts";

const KEY = "net.ipv4.conf.all.rp_filter";

/** A node with pods of Calico whose reverse path filter is loose: Felix refuses to start unless it is told to ignore that. */
export const looseReversePath: Check = ({ network }) =>
  [...network.hosts.values()].flatMap((host) => {
    if (!host.dumpedSysctls.has(KEY) || host.sysctls.get(KEY) !== "2") return [];
    const pod = [...host.interfaces.values()].find(({ name }) => name.startsWith("cali"));
    if (pod === undefined) return [];
    return [
      {
        severity: "info" as const,
        message: `${host.name} has ${KEY} = 2`,
        at: host.origin,
        beside: pod.origin,
      },
    ];
  });
