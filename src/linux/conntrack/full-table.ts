import type { Host } from "../../model/host.ts";
import { settingOf, sysctl } from "../device-settings.ts";
import { remembered } from "../remembered.ts";
import type { HostRuntime } from "../runtime.ts";
import { type Connection, IPS_ASSURED } from "./connection.ts";
import { connectionsIn } from "./table.ts";
import { isClosing } from "./tcp.ts";

const MAX = "net.netfilter.nf_conntrack_max";
/** What that is on a machine with some memory; smaller ones have less, which only a dump tells. */
const DEFAULT_MAX = 262144;

/** The value alone, on which the answer does not rest yet. */
const mostOn = remembered((host: Host): number => settingOf(host, MAX, DEFAULT_MAX).value);

/**
 * Whether a new connection finds room (__nf_conntrack_alloc). In a full table the kernel looks into a few neighbouring
 * hash buckets for an entry that is not assured (early_drop); whether it finds one depends on a secret hash. Now and then it also
 * drops what is closing (gc_worker()). Of connections that are only counted nobody knows what they are.
 */
export function hasRoom(runtime: HostRuntime): boolean {
  const { used, untold } = runtime.conntrack;
  const full = mostOn(runtime.host);
  if (full === 0 || used / 2 + untold < full) return true;
  const now = runtime.services.now();
  const most = sysctl(runtime, MAX, DEFAULT_MAX);
  let live = untold;
  let loose = untold;
  for (const connection of connectionsIn(runtime.conntrack)) {
    if (connection.expires <= now) continue;
    live++;
    if (mayGo(connection)) loose++;
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

/** early_drop_list(), gc_worker_can_early_drop(). */
function mayGo({ status, tcpState, sctpState }: Connection): boolean {
  return (status & IPS_ASSURED) === 0 || isClosing(tcpState) || sctpState.startsWith("SHUTDOWN");
}
