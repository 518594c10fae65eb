import type { KeptBytes } from "./kept-bytes.ts";

/** What stands in an archive under one name. */
export interface ArchiveEntry {
  readonly name: EntryName;
  readonly kind: "file" | "folder" | "symlink" | "hardlink" | "device" | "fifo" | "sparse" | "other";
  /** Bytes of the content as the archive tells them. */
  readonly size: number;
  /** Where a link points. */
  readonly target: string | null;
  /** Seconds since 1970. */
  readonly modified: number | null;
}

export interface EntryName {
  readonly text: string;
  /** The bytes were no UTF-8, and were read as Latin-1. */
  readonly isLatin1: boolean;
}

/** What went wrong with an archive, or with one entry of it. */
export interface ArchiveProblem {
  readonly code:
    | "archive-truncated"
    | "archive-damaged"
    | "archive-encrypted"
    | "archive-method"
    | "archive-limit"
    | "archive-special-file";
  readonly message: string;
  /** The entry's name; null for the archive as a whole. */
  readonly entry: string | null;
}

/** What a reader of an archive tells while it reads. */
export interface ArchiveEvents {
  /** A new entry: true when its content is wanted. */
  header(entry: ArchiveEntry): boolean;
  /** The entry whose header came last, with its content; null when that was not wanted. */
  entry(entry: ArchiveEntry, content: KeptBytes | null): void;
  problem(problem: ArchiveProblem): void;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LATIN1 = new TextDecoder("latin1");

/** Names are UTF-8 in every archive made today, and whatever the system spoke in old ones. */
export function entryName(bytes: Uint8Array): EntryName {
  try {
    return { text: UTF8.decode(bytes), isLatin1: false };
  } catch {
    return { text: LATIN1.decode(bytes), isLatin1: true };
  }
}
