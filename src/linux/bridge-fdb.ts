import type { Interface } from "../model/interface.ts";
import type { HostRuntime } from "./runtime.ts";

/** Where a MAC address is: behind a port, or (null) the bridge itself. */
export interface BridgeFdbRow {
  port: Interface | null;
}

/** The forwarding database of one bridge, as it stands after what was dumped and what passed since. */
export interface BridgeFdb {
  readonly rows: Map<string, BridgeFdbRow>;
  /** False where no dump tells any entry: what the bridge has learnt before is not known then. */
  readonly known: boolean;
}

/** The forwarding database of a bridge of this host, made when the first frame asks for it. */
export function bridgeFdb(runtime: HostRuntime, bridge: Interface): BridgeFdb {
  const made = runtime.bridges.get(bridge.name);
  if (made !== undefined) return made;
  const rows = new Map<string, BridgeFdbRow>();
  const ports = runtime.compiled.bridgePorts.get(bridge.name) ?? [];
  let known = false;
  for (const entry of runtime.host.fdb) {
    const port = ports.find(({ name }) => name === entry.interface);
    if (port === undefined && entry.interface !== bridge.name) continue;
    known = true;
    // Entries `self` belong to the device below, and those of a VXLAN port (`dst`) to its own table.
    if (entry.master !== bridge.name || entry.destination !== null) continue;
    rows.set(entry.mac, { port: entry.permanent ? null : (port ?? null) });
  }
  // br_fdb_add_local(): the bridge's address and those of its ports are its own.
  for (const { mac } of [bridge, ...ports]) if (mac !== null) rows.set(mac, { port: null });
  const fdb: BridgeFdb = { rows, known };
  runtime.bridges.set(bridge.name, fdb);
  return fdb;
}

/** br_fdb_update(): the sender of a frame is behind the port that it came in by; the bridge's own addresses stay its own. */
export function learn(fdb: BridgeFdb, port: Interface, mac: string): void {
  const row = fdb.rows.get(mac);
  if (row === undefined) fdb.rows.set(mac, { port });
  else if (row.port !== null) row.port = port;
}
