import { createReadStream } from "node:fs";
import type { Finding } from "../model/finding.ts";
import { inOnePiece } from "../readers/archive/kept-bytes.ts";
import { openArchive } from "../readers/archive/open-archive.ts";
import { UNPACK_LIMITS, type UnpackLimits } from "../readers/archive/unpack-limits.ts";
import type { UnreadFile } from "../readers/snapshot/files.ts";
import { isNotRead } from "../readers/snapshot/not-read.ts";
import { isPodLog, logRoom } from "../readers/snapshot/pod-log.ts";
import { decodeText } from "./decode-text.ts";
import { inflate } from "./inflate.ts";
import { recentTexts } from "./recent-texts.ts";

/** The files of an archive, by their path inside it; `""` for a compressed file that is no archive. */
export interface ArchiveTexts {
  readonly files: ReadonlyMap<string, UnreadFile>;
  readonly findings: readonly Finding[];
}

/** Reads an archive into memory. `megabytes`: what `--unpack-limit` allows instead of the usual limits. */
export async function readArchive(
  source: AsyncIterable<Uint8Array>,
  name: string,
  megabytes: number | undefined,
): Promise<ArchiveTexts> {
  const limits: UnpackLimits =
    megabytes === undefined ? UNPACK_LIMITS : { ...UNPACK_LIMITS, bytes: megabytes * 1024 * 1024, ratio: null };
  const room = logRoom();
  const wants = (path: string, bytes: number): boolean => !isNotRead(path) && (!isPodLog(path) || room(bytes));
  const opened = await openArchive(source, name, { inflate, limits, wants });
  const files = new Map<string, UnreadFile>();
  const recent = recentTexts();
  for (const [path, kept] of opened.files) {
    files.set(path, { read: () => recent(path, () => decodeText(inOnePiece(kept), path === "" ? name : path)) });
  }
  return { files, findings: opened.findings };
}

/** The bytes of a file, piece by piece; a file that cannot be read ends early. */
export function bytesOf(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 256 * 1024 });
}
