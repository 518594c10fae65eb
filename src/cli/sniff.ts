import { closeSync, openSync, readSync } from "node:fs";
import { ARCHIVE_SAMPLE, type ArchiveKind, archiveKind } from "../readers/archive/archive-kind.ts";

/** What archive a regular file is, by its first bytes; null for any other file, and for one that cannot be read. */
export function sniffArchive(path: string): ArchiveKind | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch {
    return null;
  }
  try {
    const bytes = new Uint8Array(ARCHIVE_SAMPLE);
    const count = readSync(descriptor, bytes, 0, bytes.length, 0);
    return archiveKind(bytes.subarray(0, count));
  } catch {
    return null;
  } finally {
    closeSync(descriptor);
  }
}
