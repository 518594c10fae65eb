import { type ArchiveEntry, type ArchiveEvents, type EntryName, entryName } from "./entry.ts";
import { inOnePiece, type KeptPieces, keptPieces } from "./kept-bytes.ts";
import { NO_PAX, type PaxRecords, readPax } from "./pax.ts";
import { isTarHeader, readTarHeader, TAR_BLOCK, type TarHeader } from "./tar-header.ts";

/** Long names and extended headers have some hundred bytes; more is no name. */
const MAX_NAME_BYTES = 1024 * 1024;

/** What the blocks after a header are for. */
type Content =
  | { readonly for: "entry"; readonly entry: ArchiveEntry; readonly kept: KeptPieces | null }
  | { readonly for: "name"; readonly type: string; readonly kept: KeptPieces }
  | { readonly for: "nothing"; readonly kept: null };

export interface TarReader {
  /** The chunk is kept where a wanted file is in it: nobody may write to it afterwards. */
  push(chunk: Uint8Array): void;
  /** The data is over. */
  end(): void;
}

/**
 * Reads a tar as it comes: V7, ustar, GNU (long names, base-256 sizes, old sparse files) and pax. Holds no more than one
 * wanted file. After damage it goes on at the next header whose checksum is right, as GNU tar does.
 */
export function tarReader(events: ArchiveEvents): TarReader {
  const block = new Uint8Array(TAR_BLOCK);
  let filled = 0;
  let content: Content | null = null;
  let left = 0;
  let padding = 0;
  let isMap: TarHeader | null = null;
  let longName: EntryName | null = null;
  let longTarget: string | null = null;
  let pax: PaxRecords = NO_PAX;
  let globalPax: PaxRecords = NO_PAX;
  let isLost = false;
  let sawEnd = false;
  let isEmpty = true;

  const finish = (): void => {
    if (content === null) return;
    const done = content;
    content = null;
    if (done.for === "entry") events.entry(done.entry, done.kept?.kept() ?? null);
    else if (done.for === "name") named(done.type, inOnePiece(done.kept.kept()));
  };

  const named = (type: string, bytes: Uint8Array): void => {
    const nul = bytes.indexOf(0);
    const text = entryName(nul < 0 ? bytes : bytes.subarray(0, nul));
    if (type === "L") longName = text;
    else if (type === "K") longTarget = text.text;
    else {
      const read = readPax(bytes, type === "g" ? globalPax : pax);
      if (read === null) damage("an extended header makes no sense");
      else if (type === "g") globalPax = read;
      else pax = read;
    }
  };

  const damage = (message: string): void => events.problem({ code: "archive-damaged", message, entry: null });

  const start = (header: TarHeader): void => {
    const { type } = header;
    const isName = type === "L" || type === "K" || type === "x" || type === "g" || type === "X";
    if (isName) {
      begin(header.size > MAX_NAME_BYTES ? { for: "nothing", kept: null } : nameContent(header), header.size);
      if (header.size > MAX_NAME_BYTES) damage("a name of more than a megabyte was passed over");
      return;
    }
    const sized = pax.size ?? globalPax.size ?? header.size;
    const entry = entryOf(header, sized);
    longName = null;
    longTarget = null;
    pax = NO_PAX;
    // links and folders have no content, whatever their size says
    const size = entry.kind === "file" || entry.kind === "sparse" || entry.kind === "other" ? sized : 0;
    const isWanted = events.header(entry) && entry.kind === "file";
    begin({ for: "entry", entry, kept: isWanted ? keptPieces() : null }, size);
    if (size === 0) finish();
  };

  const nameContent = (header: TarHeader): Content => ({
    for: "name",
    type: header.type === "X" ? "x" : header.type,
    kept: keptPieces(),
  });

  const begin = (next: Content, size: number): void => {
    content = next;
    left = size;
    padding = (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
    if (size === 0 && next.for !== "entry") finish();
  };

  const entryOf = (header: TarHeader, size: number): ArchiveEntry => {
    const name = longName ?? pax.path ?? globalPax.path ?? entryName(header.name);
    const isSparse = header.type === "S" || pax.isSparse;
    const kind = isSparse ? "sparse" : kindOf(header.type, name.text);
    const target = longTarget ?? pax.linkpath ?? entryName(header.target).text;
    return {
      name,
      kind,
      size,
      target: kind === "symlink" || kind === "hardlink" ? target : null,
      modified: pax.modified ?? globalPax.modified ?? header.modified,
    };
  };

  const takeBlock = (): void => {
    filled = 0;
    if (isMap !== null) {
      const header = isMap;
      isMap = null;
      if (block[504] === 1) isMap = header;
      else start(header);
      return;
    }
    if (block.every((byte) => byte === 0)) {
      sawEnd = true;
      return;
    }
    if (!isTarHeader(block)) {
      if (!isLost && !sawEnd) damage("a header's checksum is wrong; reading goes on at the next one that is right");
      isLost = true;
      return;
    }
    isLost = false;
    sawEnd = false;
    isEmpty = false;
    const header = readTarHeader(block);
    if (header.type === "S" && header.isExtended) isMap = header;
    else start(header);
  };

  return {
    push(chunk) {
      let from = 0;
      while (from < chunk.length) {
        if (left > 0) {
          const count = Math.min(left, chunk.length - from);
          content?.kept?.add(chunk.subarray(from, from + count));
          left -= count;
          from += count;
          if (left === 0) finish();
        } else if (padding > 0) {
          const count = Math.min(padding, chunk.length - from);
          padding -= count;
          from += count;
        } else {
          const count = Math.min(TAR_BLOCK - filled, chunk.length - from);
          block.set(chunk.subarray(from, from + count), filled);
          filled += count;
          from += count;
          if (filled === TAR_BLOCK) takeBlock();
        }
      }
    },
    end() {
      const cut = left > 0 ? content : null;
      if (cut?.for === "entry") {
        const { text } = cut.entry.name;
        events.problem({ code: "archive-truncated", message: `it ends in the middle of ${text}`, entry: text });
        events.entry(cut.entry, cut.kept?.kept() ?? null);
      } else if (left > 0 || filled > 0 || isMap !== null) {
        events.problem({ code: "archive-truncated", message: "it ends in the middle of a header", entry: null });
      } else if (!sawEnd && !isEmpty) {
        events.problem({ code: "archive-truncated", message: "the mark at the end of a tar is missing", entry: null });
      }
    },
  };
}

/** POSIX's types, and those of old and GNU tars. */
function kindOf(type: string, name: string): ArchiveEntry["kind"] {
  switch (type) {
    case "0":
    case "\0":
    case "7":
      return name.endsWith("/") ? "folder" : "file";
    case "1":
      return "hardlink";
    case "2":
      return "symlink";
    case "3":
    case "4":
      return "device";
    case "5":
    case "D":
      return "folder";
    case "6":
      return "fifo";
    default:
      return "other";
  }
}
