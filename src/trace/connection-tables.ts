import type { World } from "../emulator/world.ts";
import { listConntrack } from "../linux/conntrack/list.ts";
import type { ConntrackRecord } from "../model/conntrack-record.ts";

/** The connections that each host of a World knows now, of those that know any. */
export function connectionTables(world: World): ReadonlyMap<string, readonly ConntrackRecord[]> {
  const tables = new Map<string, readonly ConntrackRecord[]>();
  for (const [name, { conntrack }] of world.hosts) {
    const records = listConntrack(conntrack, world.now);
    if (records.length > 0) tables.set(name, records);
  }
  return tables;
}
