import type { Host } from "../model/host.ts";
import { type Address, sameAddress } from "../net/address.ts";

/** A resolved or failed neighbour of one interface. */
export interface NeighbourEntry {
  readonly address: Address;
  readonly mac: string | null;
  /** `resolved` entries carry packets at once; `failed` ones are asked for again. */
  readonly state: "resolved" | "failed";
  /** State as dumped (`STALE`), or how it was learnt on the way. */
  readonly text: string;
  /** Virtual second of the last change; before time began for dumped entries. */
  readonly updated: number;
  /** neigh_hh_init(): a packet went this way, so that the next one finds its Ethernet header made. */
  headerCached?: boolean;
  /** Another entry has taken its place. */
  replaced?: boolean;
}

/** NUD_CONNECTED: reachable, or not in need of being so. */
export function isConnected(entry: NeighbourEntry): boolean {
  return isFixed(entry) || entry.text === "REACHABLE" || entry.text.startsWith("answered by");
}

/** True for an entry that stands as the dump showed it. */
export function isDumped({ updated }: NeighbourEntry): boolean {
  return updated === Number.NEGATIVE_INFINITY;
}

/** NUD_PERMANENT and NUD_NOARP entries change by command only. */
export function isFixed({ text }: NeighbourEntry): boolean {
  return text === "PERMANENT" || text === "NOARP";
}

/** The neighbour cache of a host: by interface, then by a hash of the address. */
export interface NeighbourTable {
  readonly devices: Map<string, Map<number, NeighbourEntry[]>>;
}

function hash(address: Address): number {
  return address.a ^ address.b ^ address.c ^ address.d;
}

/** The cache as the dump says it was. */
export function neighbourTable(host: Host): NeighbourTable {
  const table: NeighbourTable = { devices: new Map() };
  for (const item of host.neighbours) {
    if (item.proxy) continue;
    const resolved = item.mac !== null && item.state !== "FAILED" && item.state !== "INCOMPLETE";
    setNeighbour(table, item.interface, {
      address: item.address,
      mac: item.mac,
      state: resolved ? "resolved" : "failed",
      text: item.state,
      updated: Number.NEGATIVE_INFINITY,
    });
  }
  return table;
}

export function findNeighbour(table: NeighbourTable, device: string, address: Address): NeighbourEntry | null {
  const bucket = table.devices.get(device)?.get(hash(address));
  return bucket?.find((entry) => sameAddress(entry.address, address)) ?? null;
}

export function setNeighbour(table: NeighbourTable, device: string, entry: NeighbourEntry): void {
  const entries = table.devices.get(device) ?? new Map<number, NeighbourEntry[]>();
  table.devices.set(device, entries);
  const key = hash(entry.address);
  const others: NeighbourEntry[] = [];
  for (const other of entries.get(key) ?? []) {
    if (sameAddress(other.address, entry.address)) other.replaced = true;
    else others.push(other);
  }
  others.push(entry);
  entries.set(key, others);
}
