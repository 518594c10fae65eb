import type { Check } from "./check.ts";

const COUNT = "net.netfilter.nf_conntrack_count";
const MAX = "net.netfilter.nf_conntrack_max";
/** Of a table that is this full, peaks are too many. */
const NEARLY = 0.95;

/** A connection tracking table that has no room left, or nearly none. */
export const conntrackFull: Check = ({ network }) =>
  [...network.hosts.values()].flatMap((host) => {
    if (!host.dumpedSysctls.has(COUNT) || !host.dumpedSysctls.has(MAX)) return [];
    const count = Number(host.sysctls.get(COUNT));
    const max = Number(host.sysctls.get(MAX));
    if (!(max > 0) || count < max * NEARLY) return [];
    return [
      {
        severity: "error" as const,
        message: `${host.name} tracks ${count} connections of ${max}: it drops packets of further ones`,
        at: host.origin,
        beside: 0,
      },
    ];
  });
