import type { Host } from "../model/host.ts";
import type { Neighbour } from "../model/neighbour.ts";
import { type Address, type Family, sameAddress } from "../net/address.ts";
import type { NeighbourAge } from "./neighbour-age.ts";
import { addressHash, neighboursAt } from "./neighbour-index.ts";

/** A resolved or failed neighbour of one interface. */
export interface NeighbourEntry {
  readonly address: Address;
  readonly mac: string | null;
  /** `resolved` entries carry packets at once; `failed` ones are asked for again. */
  readonly state: "resolved" | "failed";
  /** State as dumped (`STALE`), or how it was learnt on the way. */
  text: string;
  /** Virtual second of the last change; before time began for dumped entries. */
  readonly updated: number;
  /** neigh_hh_init(): a packet went this way, so that the next one finds its Ethernet header made. */
  headerCached?: boolean;
  /** How it has aged, as far as anybody has asked. */
  age?: NeighbourAge;
  /** Another entry has taken its place. */
  replaced?: boolean;
}

/** NUD_CONNECTED: reachable, or not in need of being so. */
export function isConnected(entry: NeighbourEntry): boolean {
  return isFixed(entry) || entry.text === "REACHABLE" || wasAsked(entry);
}

/** It has answered a question of this host. */
export function wasAsked({ text }: NeighbourEntry): boolean {
  return text.startsWith("answered by");
}

/** True for an entry that stands as the dump showed it. */
export function isDumped({ updated }: NeighbourEntry): boolean {
  return updated === Number.NEGATIVE_INFINITY;
}

/** NUD_PERMANENT and NUD_NOARP entries change by command only. */
export function isFixed({ text }: NeighbourEntry): boolean {
  return text === "PERMANENT" || text === "NOARP";
}

function isPermanent({ text }: NeighbourEntry): boolean {
  return text === "PERMANENT";
}

/** What a World keeps of the caches of all its hosts, so that a question to all need not be held against each. */
export interface NeighbourWatch {
  /** By a hash of the address, the MAC address at which all who know it have it; null: some have another one. */
  readonly macs: Map<number, string | null>;
  /** Hosts in whose caches something waits for an answer. */
  readonly unsettled: Set<string>;
}

export function neighbourWatch(): NeighbourWatch {
  return { macs: new Map(), unsettled: new Set() };
}

/** The neighbour cache of a host. */
export interface NeighbourTable {
  readonly host: string;
  /** As it was dumped. */
  readonly dumped: readonly Neighbour[];
  /** What was looked at or changed since: by interface, then by a hash of the address. */
  readonly devices: Map<string, Map<number, NeighbourEntry[]>>;
  readonly watch: NeighbourWatch;
  /** False in Worlds that run for hours, where segments take remembered ways: what is known stays known until somebody says otherwise. */
  readonly ages: boolean;
  /** Devices whose entries of a family were forgotten, with whether permanent ones of the dump stayed. */
  readonly flushed: { readonly [family in Family]: Map<string, boolean> };
  /** Entries without an answer. */
  failed: number;
}

/** The cache as the dump says it was. */
export function neighbourTable({ name, neighbours }: Host, watch: NeighbourWatch, ages: boolean): NeighbourTable {
  return {
    host: name,
    dumped: neighbours,
    devices: new Map(),
    watch,
    ages,
    flushed: { 4: new Map(), 6: new Map() },
    failed: 0,
  };
}

export function findNeighbour(table: NeighbourTable, device: string, address: Address): NeighbourEntry | null {
  const hash = addressHash(address);
  const bucket = table.devices.get(device)?.get(hash);
  if (bucket !== undefined) {
    for (let index = 0; index < bucket.length; index++) {
      const entry = bucket[index];
      if (entry !== undefined && sameAddress(entry.address, address)) return entry;
    }
  }
  const staysPermanent = table.flushed[address.family].get(device);
  if (staysPermanent === false) return null;
  let dumped: Neighbour | null = null;
  const items = neighboursAt(table.dumped, device, hash);
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    if (item !== undefined && !item.proxy && sameAddress(item.address, address)) dumped = item;
  }
  if (dumped === null) return null;
  const entry = entryOf(dumped);
  if (staysPermanent !== undefined && !isPermanent(entry)) return null;
  setNeighbour(table, device, entry);
  return entry;
}

function entryOf(item: Neighbour): NeighbourEntry {
  const resolved = item.mac !== null && item.state !== "FAILED" && item.state !== "INCOMPLETE";
  return {
    address: item.address,
    mac: item.mac,
    state: resolved ? "resolved" : "failed",
    text: item.state,
    updated: Number.NEGATIVE_INFINITY,
  };
}

export function setNeighbour(table: NeighbourTable, device: string, entry: NeighbourEntry): void {
  const entries = table.devices.get(device) ?? new Map<number, NeighbourEntry[]>();
  table.devices.set(device, entries);
  const key = addressHash(entry.address);
  let others: NeighbourEntry[] | null = null;
  const before = entries.get(key);
  const count = before === undefined ? 0 : before.length;
  for (let index = 0; index < count; index++) {
    const other = before?.[index];
    if (other === undefined) continue;
    if (!sameAddress(other.address, entry.address)) others = others === null ? [other] : [...others, other];
    else {
      other.replaced = true;
      if (other.state === "failed") table.failed--;
    }
  }
  entries.set(key, others === null ? [entry] : [...others, entry]);
  tellWatch(table, key, entry);
}

/**
 * neigh_flush_dev(): what a host knew of a family on a device that has gone down or has another MAC address; where only its carrier is lost
 * (neigh_carrier_down()), permanent entries stay.
 */
export function forgetNeighbours(table: NeighbourTable, device: string, family: Family, keepsPermanent: boolean): void {
  const flushed = table.flushed[family];
  if (flushed.get(device) !== false) flushed.set(device, keepsPermanent);
  const buckets = table.devices.get(device) ?? new Map<number, NeighbourEntry[]>();
  for (const [key, entries] of buckets) {
    const kept = entries.filter((entry) => entry.address.family !== family || (keepsPermanent && isPermanent(entry)));
    for (const entry of entries) {
      if (kept.includes(entry)) continue;
      entry.replaced = true;
      if (entry.state === "failed") table.failed--;
    }
    buckets.set(key, kept);
  }
  if (table.failed === 0) table.watch.unsettled.delete(table.host);
}

function tellWatch(table: NeighbourTable, key: number, { state, mac }: NeighbourEntry): void {
  const { macs, unsettled } = table.watch;
  const known = macs.get(key);
  if (state === "failed") table.failed++;
  else if (known === undefined) macs.set(key, mac);
  else if (known !== mac) macs.set(key, null);
  if (table.failed > 0) unsettled.add(table.host);
  else unsettled.delete(table.host);
}
