/** Tar is made of blocks of so many bytes. */
export const TAR_BLOCK = 512;

/** One header block (POSIX.1-1988 ustar, GNU and V7 variants). */
export interface TarHeader {
  readonly name: Uint8Array;
  readonly type: string;
  readonly size: number;
  readonly target: Uint8Array;
  /** Seconds since 1970; null when the field says nothing. */
  readonly modified: number | null;
  /** GNU's sparse format: more blocks of the map follow the header. */
  readonly isExtended: boolean;
}

const LATIN1 = new TextDecoder("latin1");

function field(block: Uint8Array, start: number, length: number): Uint8Array {
  const bytes = block.subarray(start, start + length);
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** An octal number, or GNU's base-256 form; NaN when it is neither. */
function number(block: Uint8Array, start: number, length: number): number {
  const first = block[start] ?? 0;
  if ((first & 0x80) !== 0) {
    // negative numbers begin with 0xff; nothing that is read here is negative
    if (first === 0xff) return Number.NaN;
    let value = first & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + (block[start + i] ?? 0);
    return Number.isSafeInteger(value) ? value : Number.NaN;
  }
  const text = LATIN1.decode(field(block, start, length)).trim();
  if (text === "") return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

/** True when the checksum of a header block is right (signed sums of old tars too) and its numbers are numbers. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < TAR_BLOCK || block[0] === 0) return false;
  const told = number(block, 148, 8);
  if (Number.isNaN(told) || Number.isNaN(number(block, 124, 12))) return false;
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < TAR_BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  return told === unsigned || told === signed;
}

/** Reads a header block whose checksum is right. */
export function readTarHeader(block: Uint8Array): TarHeader {
  const magic = LATIN1.decode(block.subarray(257, 262));
  const isPosix = magic === "ustar" && block[262] === 0;
  const name = field(block, 0, 100);
  const prefix = isPosix ? field(block, 345, 155) : new Uint8Array();
  const modified = number(block, 136, 12);
  return {
    name: prefix.length === 0 ? name : joined(prefix, name),
    type: String.fromCharCode(block[156] ?? 0),
    size: number(block, 124, 12),
    target: field(block, 157, 100),
    modified: Number.isNaN(modified) || modified === 0 ? null : modified,
    isExtended: block[482] === 1,
  };
}

function joined(prefix: Uint8Array, name: Uint8Array): Uint8Array {
  const path = new Uint8Array(prefix.length + 1 + name.length);
  path.set(prefix);
  path[prefix.length] = 0x2f;
  path.set(name, prefix.length + 1);
  return path;
}
