import { crc32 } from "./crc32.ts";
import type { ArchiveEntry, ArchiveEvents } from "./entry.ts";
import { type Inflate, inPieces } from "./inflate.ts";
import { inOnePiece, keptWhole } from "./kept-bytes.ts";
import { type ZipRecord, zipDataOffset, zipDirectory } from "./zip-directory.ts";

const STORED = 0;
const DEFLATED = 8;

/** What further methods are called, for messages (APPNOTE 4.4.5). */
const METHODS: ReadonlyMap<number, string> = new Map([
  [9, "Deflate64"],
  [12, "bzip2"],
  [14, "LZMA"],
  [93, "zstd"],
  [95, "xz"],
]);

/**
 * Reads a zip that is in memory, file by file. `take` is told of every unpacked piece and says whether there may be
 * more: sizes in the directory are only what somebody wrote there.
 */
export async function readZip(
  bytes: Uint8Array,
  inflate: Inflate,
  events: ArchiveEvents,
  limits: { readonly entries: number; readonly take: (count: number) => boolean },
): Promise<void> {
  const { records, isRecovered } = zipDirectory(bytes, limits.entries);
  if (isRecovered) {
    const message = "the directory at its end is missing; files were taken from their own headers";
    events.problem({ code: "archive-truncated", message, entry: null });
  }
  for (const record of records) {
    const entry = entryOf(record);
    if (!events.header(entry) || (entry.kind !== "file" && entry.kind !== "symlink")) {
      events.entry(entry, null);
      continue;
    }
    const content = await contentOf(bytes, record, inflate, events, limits.take);
    const target = entry.kind === "symlink" && content !== null ? new TextDecoder().decode(content) : null;
    events.entry(target === null ? entry : { ...entry, target }, content === null ? null : keptWhole(content));
  }
}

function entryOf(record: ZipRecord): ArchiveEntry {
  // programs on Windows write what Windows writes
  const text = record.name.text.includes("/") ? record.name.text : record.name.text.replaceAll("\\", "/");
  return {
    name: { ...record.name, text },
    kind: text.endsWith("/") ? "folder" : kindOf(record.mode),
    size: record.size,
    target: null,
    modified: null,
  };
}

/** S_IFMT of a Unix mode. */
function kindOf(mode: number): ArchiveEntry["kind"] {
  switch (mode & 0o170000) {
    case 0:
    case 0o100000:
      return "file";
    case 0o040000:
      return "folder";
    case 0o120000:
      return "symlink";
    case 0o010000:
      return "fifo";
    case 0o020000:
    case 0o060000:
      return "device";
    default:
      return "other";
  }
}

async function contentOf(
  bytes: Uint8Array,
  record: ZipRecord,
  inflate: Inflate,
  events: ArchiveEvents,
  take: (count: number) => boolean,
): Promise<Uint8Array | null> {
  const entry = record.name.text;
  const start = zipDataOffset(bytes, record);
  if (start === null) {
    events.problem({ code: "archive-damaged", message: "the file is not where the directory says", entry });
    return null;
  }
  if (record.isEncrypted) {
    events.problem({ code: "archive-encrypted", message: "the file is encrypted", entry });
    return null;
  }
  const packed = bytes.subarray(start, start + record.packed);
  if (record.method === STORED) {
    if (packed.length < record.packed) {
      events.problem({ code: "archive-truncated", message: "the archive ends in the middle of the file", entry });
    }
    return take(packed.length) ? checked(packed, record, events) : null;
  }
  if (record.method !== DEFLATED) {
    const method = METHODS.get(record.method) ?? `method ${record.method}`;
    events.problem({ code: "archive-method", message: `the file is packed with ${method}`, entry });
    return null;
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of inflate("deflate-raw", inPieces(packed))) {
    if (!(piece instanceof Uint8Array)) {
      const isCut = piece.problem === "truncated";
      const message = isCut ? "the archive ends in the middle of the file" : "the file is damaged from some byte on";
      events.problem({ code: isCut ? "archive-truncated" : "archive-damaged", message, entry });
      return inOnePiece({ length, pieces });
    }
    if (!take(piece.length)) return null;
    pieces.push(piece);
    length += piece.length;
  }
  return checked(inOnePiece({ length, pieces }), record, events);
}

function checked(content: Uint8Array, record: ZipRecord, events: ArchiveEvents): Uint8Array {
  if (record.crc !== null && crc32(content) !== record.crc) {
    const message = "the checksum of the file is wrong: it was damaged after it was packed";
    events.problem({ code: "archive-damaged", message, entry: record.name.text });
  }
  return content;
}
