import { type EntryName, entryName } from "./entry.ts";

/** Where one file stands in a zip, as its central directory or its own header tells. */
export interface ZipRecord {
  readonly name: EntryName;
  readonly isEncrypted: boolean;
  /** 0: stored, 8: deflate. */
  readonly method: number;
  readonly crc: number | null;
  readonly packed: number;
  readonly size: number;
  /** Offset of the local header; of the data where no directory told it. */
  readonly offset: number;
  readonly isLocal: boolean;
  /** Of Unix; 0 elsewhere. */
  readonly mode: number;
}

export interface ZipDirectory {
  readonly records: readonly ZipRecord[];
  /** The directory at the end is missing or damaged; the records are those of the files' own headers. */
  readonly isRecovered: boolean;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const DESCRIPTOR = 0x08074b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
/** The end record is followed by a comment of at most 64 KB. */
const END_AT_MOST = 22 + 65535;
const ALL32 = 0xffffffff;

/** Reads which files a zip holds (APPNOTE 6.3: with zip64), from its end, or from its beginning when that is lost. */
export function zipDirectory(bytes: Uint8Array, maxRecords: number): ZipDirectory {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const central = readCentral(bytes, view, maxRecords);
  return central === null
    ? { records: readLocals(bytes, view, maxRecords), isRecovered: true }
    : { records: central, isRecovered: false };
}

function readCentral(bytes: Uint8Array, view: DataView, maxRecords: number): readonly ZipRecord[] | null {
  const end = findEnd(view);
  if (end === null) return null;
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const locator = end - 20;
  if (locator >= 0 && view.getUint32(locator, true) === LOCATOR64) {
    const end64 = Number(view.getBigUint64(locator + 8, true));
    if (end64 + 56 > bytes.length || view.getUint32(end64, true) !== END64) return null;
    count = Number(view.getBigUint64(end64 + 32, true));
    at = Number(view.getBigUint64(end64 + 48, true));
  }
  const records: ZipRecord[] = [];
  while (records.length < count && records.length <= maxRecords) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL) return null;
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > bytes.length) return null;
    const sizes = wideSizes(view, at + 46 + nameLength, extraLength, {
      size: view.getUint32(at + 24, true),
      packed: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
    });
    const madeBy = view.getUint8(at + 5);
    const isUnix = madeBy === 3 || madeBy === 19;
    records.push({
      name: entryName(bytes.subarray(at + 46, at + 46 + nameLength)),
      isEncrypted: (view.getUint16(at + 8, true) & 1) !== 0,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      ...sizes,
      isLocal: false,
      mode: isUnix ? view.getUint16(at + 40, true) : 0,
    });
    at = next;
  }
  return records;
}

function findEnd(view: DataView): number | null {
  const first = Math.max(0, view.byteLength - END_AT_MOST);
  for (let at = view.byteLength - 22; at >= first; at--) {
    if (view.getUint32(at, true) !== END) continue;
    if (at + 22 + view.getUint16(at + 20, true) <= view.byteLength) return at;
  }
  return null;
}

/** Sizes that do not fit 32 bits stand in the extra field 1, in this order, those that are needed. */
function wideSizes(
  view: DataView,
  start: number,
  length: number,
  told: { readonly size: number; readonly packed: number; readonly offset: number },
): { readonly size: number; readonly packed: number; readonly offset: number } {
  const end = Math.min(start + length, view.byteLength);
  for (let at = start; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let from = at + 4;
    const wide = (value: number): number => {
      if (value !== ALL32 || from + 8 > end) return value;
      from += 8;
      return Number(view.getBigUint64(from - 8, true));
    };
    const size = wide(told.size);
    const packed = wide(told.packed);
    return { size, packed, offset: wide(told.offset) };
  }
  return told;
}

/** The files' own headers, one after the other. Where one does not tell its length, the next signature ends it. */
function readLocals(bytes: Uint8Array, view: DataView, maxRecords: number): readonly ZipRecord[] {
  const records: ZipRecord[] = [];
  let at = 0;
  while (at + 30 <= bytes.length && records.length <= maxRecords) {
    if (view.getUint32(at, true) !== LOCAL) break;
    const nameLength = view.getUint16(at + 26, true);
    const extraLength = view.getUint16(at + 28, true);
    const data = at + 30 + nameLength + extraLength;
    if (data > bytes.length) break;
    const flags = view.getUint16(at + 6, true);
    const sizes = wideSizes(view, at + 30 + nameLength, extraLength, {
      size: view.getUint32(at + 22, true),
      packed: view.getUint32(at + 18, true),
      offset: data,
    });
    const isStreamed = (flags & 8) !== 0;
    const packed = isStreamed ? nextSignature(bytes, view, data) - data : Math.min(sizes.packed, bytes.length - data);
    records.push({
      name: entryName(bytes.subarray(at + 30, at + 30 + nameLength)),
      isEncrypted: (flags & 1) !== 0,
      method: view.getUint16(at + 8, true),
      crc: isStreamed ? null : view.getUint32(at + 14, true),
      packed,
      size: isStreamed ? 0 : sizes.size,
      offset: data,
      isLocal: true,
      mode: 0,
    });
    at = data + packed;
    if (isStreamed && at + 4 <= bytes.length && view.getUint32(at, true) === DESCRIPTOR) {
      at = nextSignature(bytes, view, at + 4);
    }
  }
  return records;
}

/** Where the next header begins; the end of the data when there is none. */
function nextSignature(bytes: Uint8Array, view: DataView, start: number): number {
  for (let at = bytes.indexOf(0x50, start); at >= 0 && at + 4 <= bytes.length; at = bytes.indexOf(0x50, at + 1)) {
    const signature = view.getUint32(at, true);
    if (signature === LOCAL || signature === CENTRAL || signature === DESCRIPTOR) return at;
  }
  return bytes.length;
}

/** Where the data of a record begins; null when its local header is not there. */
export function zipDataOffset(bytes: Uint8Array, record: ZipRecord): number | null {
  if (record.isLocal) return record.offset;
  const at = record.offset;
  if (at + 30 > bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(at, true) !== LOCAL) return null;
  const data = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  return data <= bytes.length ? data : null;
}
