import { isTarHeader, TAR_BLOCK } from "./tar-header.ts";

/** Archive and compression formats, told by their first bytes and never by a name. */
export type ArchiveKind = "gzip" | "zip" | "tar" | "bzip2" | "xz" | "zstd" | "7z" | "rar" | "lz4";

/** So many bytes tell which archive it is. */
export const ARCHIVE_SAMPLE = TAR_BLOCK;

const MAGIC: readonly (readonly [ArchiveKind, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
  // an empty archive
  ["zip", [0x50, 0x4b, 0x05, 0x06]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["7z", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ["rar", [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
  ["lz4", [0x04, 0x22, 0x4d, 0x18]],
];

/** "BZh" may begin a text; after the size of the blocks comes the first block, or the end. */
const BZIP2_BLOCKS: readonly (readonly number[])[] = [
  [0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
  [0x17, 0x72, 0x45, 0x38, 0x50, 0x90],
];

function hasBytes(bytes: Uint8Array, at: number, wanted: readonly number[]): boolean {
  return wanted.every((byte, index) => bytes[at + index] === byte);
}

/** What archive the beginning of some data is; null when it is none that is known. */
export function archiveKind(bytes: Uint8Array): ArchiveKind | null {
  for (const [kind, magic] of MAGIC) {
    if (!hasBytes(bytes, 0, magic)) continue;
    if (kind === "bzip2" && !BZIP2_BLOCKS.some((block) => hasBytes(bytes, 4, block))) continue;
    return kind;
  }
  return isTarHeader(bytes.subarray(0, TAR_BLOCK)) ? "tar" : null;
}

/** The command that unpacks what podpath does not. */
export function unpackCommand(kind: ArchiveKind, file: string): string {
  switch (kind) {
    case "gzip":
    case "tar":
    case "bzip2":
    case "xz":
      return `tar -xf ${file}`;
    case "zstd":
      return `tar --zstd -xf ${file}`;
    case "lz4":
      return `lz4 -dc ${file} | tar -xf -`;
    case "zip":
      return `unzip ${file}`;
    case "7z":
      return `7z x ${file}`;
    case "rar":
      return `unrar x ${file}`;
  }
}
