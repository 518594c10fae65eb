import { sysctl } from "../device-settings.ts";
import type { HostRuntime } from "../runtime.ts";
import { IPS_ASSURED } from "./connection.ts";
import { connectionsIn } from "./table.ts";

/** `nf_conntrack_max` of a machine with some memory; smaller ones have less, which only a dump tells. */
const DEFAULT_MAX = 262144;

/**
 * Whether a new connection finds room (__nf_conntrack_alloc). In a full table the kernel looks into a few neighbouring
 * hash buckets for an entry that is not assured (early_drop); whether it finds one depends on a secret hash.
 */
export function hasRoom(runtime: HostRuntime): boolean {
  const size = runtime.conntrack.used / 2;
  if (size < 1000) return true;
  const now = runtime.services.now();
  const most = sysctl(runtime, "net.netfilter.nf_conntrack_max", DEFAULT_MAX);
  if (most === 0 || size < most) return true;
  let live = 0;
  let loose = 0;
  for (const { expires, status } of connectionsIn(runtime.conntrack)) {
    if (expires <= now) continue;
    live++;
    if ((status & IPS_ASSURED) === 0) loose++;
  }
  if (live < most) return true;
  if (loose === 0) return false;
  const { name } = runtime.host;
  return (
    runtime.services.choose({
      kind: "unknown",
      code: "full-connection-table",
      variable: `early drop ${name}`,
      question: `the connection table of ${name} is full (nf_conntrack_max ${most}): does the kernel find an entry to drop for a new connection?`,
      alternatives: [
        { label: "it finds one", probability: 0 },
        { label: "the packet is dropped", probability: 0 },
      ],
      command: "conntrack -S",
    }) === 0
  );
}
