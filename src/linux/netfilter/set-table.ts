/** Words of the key in hand; wide enough for hash:net,port,net of IPv6. Look-ups do not nest. */
export const keyWords = new Int32Array(12);

/**
 * Entries of a set that share their prefix lengths, found by key: a few words of 32 bits, masked. Open addressing; several
 * entries of one key (hash:net,iface, whose interfaces are no part of the key) are chained in the order they came.
 */
export interface SetTable {
  /** One mask for each word of a key. */
  readonly masks: Int32Array;
  /** Prefix lengths of its entries, first dimension first. */
  readonly lengths: readonly number[];
  keys: Int32Array;
  /** Number of the newest or only entry by slot, or -1. */
  entries: Int32Array;
  used: number;
}

export function setTable(masks: Int32Array, lengths: readonly number[]): SetTable {
  return { masks, lengths, keys: new Int32Array(4 * masks.length), entries: new Int32Array(4).fill(-1), used: 0 };
}

/** A table that shares nothing mutable with the original. */
export function copySetTable(table: SetTable): SetTable {
  return { ...table, keys: table.keys.slice(), entries: table.entries.slice() };
}

/** The number of the entry under the key, or -1. */
export function tableEntry(table: SetTable, words: Int32Array = keyWords): number {
  return table.entries[slotOf(table, words)] ?? -1;
}

/** Puts an entry under the key in `keyWords`, in place of one that stands there. */
export function putEntry(table: SetTable, entry: number): void {
  if (table.used * 2 >= table.entries.length) grow(table);
  const { masks, keys, entries } = table;
  const slot = slotOf(table, keyWords);
  if (entries[slot] === -1) {
    table.used++;
    for (let i = 0; i < masks.length; i++) keys[slot * masks.length + i] = (keyWords[i] ?? 0) & (masks[i] ?? 0);
  }
  entries[slot] = entry;
}

function grow(table: SetTable): void {
  const { masks, keys, entries } = table;
  const width = masks.length;
  table.keys = new Int32Array(keys.length * 2);
  table.entries = new Int32Array(entries.length * 2).fill(-1);
  for (let old = 0; old < entries.length; old++) {
    const entry = entries[old] ?? -1;
    if (entry < 0) continue;
    const key = keys.subarray(old * width, old * width + width);
    const slot = slotOf(table, key);
    table.entries[slot] = entry;
    table.keys.set(key, slot * width);
  }
}

/** The slot where a key stands, or the empty one where it would. */
function slotOf(table: SetTable, words: Int32Array): number {
  const { masks, keys, entries } = table;
  const width = masks.length;
  let hash = 0x811c9dc5;
  for (let i = 0; i < width; i++) {
    hash = Math.imul(hash ^ ((words[i] ?? 0) & (masks[i] ?? 0)), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  const wrap = entries.length - 1;
  for (let slot = hash & wrap; ; slot = (slot + 1) & wrap) {
    if (entries[slot] === -1) return slot;
    let equal = true;
    for (let i = 0; equal && i < width; i++) {
      equal = keys[slot * width + i] === ((words[i] ?? 0) & (masks[i] ?? 0));
    }
    if (equal) return slot;
  }
}
