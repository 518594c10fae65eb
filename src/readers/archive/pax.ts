import { type EntryName, entryName } from "./entry.ts";

/** What POSIX's extended headers (pax) say of the next entry, as far as podpath needs it. */
export interface PaxRecords {
  readonly path: EntryName | null;
  readonly linkpath: string | null;
  readonly size: number | null;
  readonly modified: number | null;
  readonly isSparse: boolean;
}

export const NO_PAX: PaxRecords = { path: null, linkpath: null, size: null, modified: null, isSparse: false };

/**
 * Reads records `<length> <key>=<value>\n` on top of earlier ones; null when they are not such. The length counts the
 * whole record.
 */
export function readPax(bytes: Uint8Array, earlier: PaxRecords): PaxRecords | null {
  let records = earlier;
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    if (space < 0 || space - at > 20) return null;
    const told = entryName(bytes.subarray(at, space)).text;
    const length = Number(told);
    if (!/^\d+$/.test(told) || length <= space - at + 1 || at + length > bytes.length) return null;
    const record = bytes.subarray(space + 1, at + length - 1);
    const equals = record.indexOf(0x3d);
    if (equals < 0) return null;
    const key = entryName(record.subarray(0, equals)).text;
    const value = record.subarray(equals + 1);
    records = withRecord(records, key, value);
    at += length;
  }
  return records;
}

function withRecord(records: PaxRecords, key: string, value: Uint8Array): PaxRecords {
  const number = (): number | null => {
    const told = entryName(value).text;
    return /^\d+(?:\.\d+)?$/.test(told) ? Number(told) : null;
  };
  if (key.startsWith("GNU.sparse.")) {
    return { ...records, isSparse: true, ...(key === "GNU.sparse.name" ? { path: entryName(value) } : {}) };
  }
  switch (key) {
    case "path":
      return records.isSparse ? records : { ...records, path: entryName(value) };
    case "linkpath":
      return { ...records, linkpath: entryName(value).text };
    case "size":
      return { ...records, size: number() };
    case "mtime":
      return { ...records, modified: number() };
    default:
      return records;
  }
}
