import { type FdbEntry, layeredFdb } from "../../model/neighbour.ts";

const indexes = new WeakMap<readonly FdbEntry[], ReadonlyMap<string, readonly FdbEntry[]>>();

/** Entries with a destination, by device and MAC address. */
function indexOf(list: readonly FdbEntry[]): ReadonlyMap<string, readonly FdbEntry[]> {
  const known = indexes.get(list);
  if (known !== undefined) return known;
  const index = new Map<string, FdbEntry[]>();
  for (const entry of list) {
    if (entry.destination === null) continue;
    const key = `${entry.interface} ${entry.mac}`;
    const same = index.get(key);
    if (same === undefined) index.set(key, [entry]);
    else same.push(entry);
  }
  indexes.set(list, index);
  return index;
}

/** The remote ends that the forwarding database of a VXLAN device has for a MAC address; what many hosts share is indexed once. */
export function vxlanEntries(fdb: readonly FdbEntry[], device: string, mac: string): readonly FdbEntry[] {
  const key = `${device} ${mac}`;
  const layers = layeredFdb.layersOf(fdb);
  if (layers === null) return indexOf(fdb).get(key) ?? [];
  const shared = (indexOf(layers.shared).get(key) ?? []).filter((entry) => !layers.without.has(entry));
  return [...(indexOf(layers.own).get(key) ?? []), ...shared];
}
