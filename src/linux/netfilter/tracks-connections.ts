import type { Family } from "../../net/address.ts";
import { hooksOf } from "../compiled-host.ts";
import type { HostRuntime } from "../runtime.ts";

/**
 * Whether connection tracking runs for packets of a family (nf_ct_netns_get()); asked where the only rules that may have it run are those
 * that podpath does not model, or that were cut off.
 */
export function tracksConnections(runtime: HostRuntime, family: Family): boolean {
  const { conntrack } = hooksOf(runtime.compiled, family);
  if (conntrack !== "perhaps") return conntrack === "yes";
  const { name } = runtime.host;
  const tool = family === 4 ? "iptables" : "ip6tables";
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "connection-tracking",
    variable: `${name} tracks connections IPv${family}`,
    question: `does ${name} track connections? of its ${tool} rules, only some that podpath does not model, or that were cut off, may have it do so`,
    alternatives: [
      { label: "it does, and nat chains run", probability: 0 },
      { label: "it does not, and no nat chain runs", probability: 0 },
    ],
    command: "conntrack -L",
  });
  return taken === 0;
}

/** Whether fragments are put together before any rule sees them. */
export function joinsFragments(runtime: HostRuntime, family: Family): boolean {
  return hooksOf(runtime.compiled, family).defragments || tracksConnections(runtime, family);
}
