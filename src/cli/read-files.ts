import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { FindingCode } from "../model/codes/finding-codes.ts";
import type { Finding } from "../model/finding.ts";
import type { FileText, SnapshotFiles, UnreadFile } from "../readers/snapshot/files.ts";
import { decodeText } from "./decode-text.ts";
import { recentTexts } from "./recent-texts.ts";

/** A dump of a big cluster's objects is some tens of megabytes; more is another kind of file. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_TOTAL_BYTES = 256 * 1024 * 1024;
const MAX_FILES = 100_000;
const MAX_DEPTH = 12;

/** Why a file cannot be read piece by piece; null where it can. */
export function unreadableFile(path: string, shown: string): Finding | null {
  try {
    // opening a pipe or a device may never return
    if (!statSync(path).isFile()) return problem("not-a-file", shown, "it is not a regular file");
    closeSync(openSync(path, "r"));
    return null;
  } catch (error) {
    return unreadable(shown, error);
  }
}

/** Reads one file; what cannot be read becomes a finding that names it as `shown`. */
export function readTextFile(path: string, shown: string): FileText {
  let descriptor: number;
  try {
    const { size } = statSync(path);
    // opening a pipe or a device may never return
    if (!statSync(path).isFile()) return { problem: problem("not-a-file", shown, "it is not a regular file") };
    if (size > MAX_FILE_BYTES) return { problem: tooLarge(shown, size) };
    descriptor = openSync(path, "r");
  } catch (error) {
    return { problem: unreadable(shown, error) };
  }
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.allocUnsafe(Math.min(size, MAX_FILE_BYTES) + 1);
    let length = 0;
    for (;;) {
      const count = readSync(descriptor, buffer, length, buffer.length - length, null);
      length += count;
      if (count === 0 || length === buffer.length) break;
    }
    return decodeText(buffer.subarray(0, Math.min(length, size)), shown);
  } catch (error) {
    return { problem: unreadable(shown, error) };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * All files below a folder, by their path inside it; their texts are read from disk when somebody asks. Links that lead back
 * are not followed twice.
 */
export function readFolder(folder: string): SnapshotFiles["files"] {
  const files = new Map<string, FileText | UnreadFile>();
  const recent = recentTexts();
  const seen = new Set<string>();
  let total = 0;
  const visit = (path: string, inside: string, depth: number): void => {
    let names: readonly string[];
    try {
      const { dev, ino } = statSync(path);
      const identity = `${dev}:${ino}`;
      if (seen.has(identity)) return;
      seen.add(identity);
      names = readdirSync(path).sort();
    } catch (error) {
      files.set(inside, { problem: unreadable(inside, error) });
      return;
    }
    if (depth > MAX_DEPTH) {
      files.set(inside, { problem: problem("too-deep", inside, `folders are nested deeper than ${MAX_DEPTH} levels`) });
      return;
    }
    for (const name of names) {
      // editors' and version control's own files say nothing about a network
      if (name.startsWith(".")) continue;
      const shown = inside === "" ? name : `${inside}/${name}`;
      const full = join(path, name);
      let isFolder = false;
      let size = 0;
      try {
        const about = statSync(full);
        isFolder = about.isDirectory();
        size = about.size;
      } catch (error) {
        files.set(shown, { problem: unreadable(shown, error) });
        continue;
      }
      if (isFolder) {
        visit(full, shown, depth + 1);
        continue;
      }
      if (files.size >= MAX_FILES || total + size > MAX_TOTAL_BYTES) {
        if (size <= MAX_FILE_BYTES) {
          files.set(shown, {
            problem: problem("too-much", shown, "the folder holds more than podpath reads at once", TOO_MUCH),
          });
          if (files.size > MAX_FILES) return;
          continue;
        }
      } else if (size <= MAX_FILE_BYTES) total += size;
      files.set(shown, { read: () => recent(shown, () => readTextFile(full, shown)) });
    }
  };
  visit(folder, "", 0);
  return files;
}

const TOO_MUCH = `At most ${MAX_FILES} files and ${MAX_TOTAL_BYTES / 1024 / 1024} MB are read: give a folder with fewer nodes.`;

function problem(code: FindingCode, file: string, message: string, advice = "The file was left out."): Finding {
  return { code, severity: "error", message, file, advice };
}

function tooLarge(file: string, size: number): Finding {
  return problem(
    "file-too-large",
    file,
    `the file has ${Math.round(size / 1024 / 1024)} MB; podpath reads up to ${MAX_FILE_BYTES / 1024 / 1024} MB`,
    "Is it the right file? A dump of one machine is some megabytes at most; split objects of a cluster by kind.",
  );
}

function unreadable(file: string, error: unknown): Finding {
  const words = new Map([
    ["ENOENT", "it does not exist (a link that leads nowhere?)"],
    ["EACCES", "permission denied"],
    ["EPERM", "permission denied"],
    ["ELOOP", "it is a link that leads back to itself"],
    ["EISDIR", "it is a folder"],
    ["EMFILE", "too many open files"],
  ]);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const what = words.get(code) ?? (error instanceof Error ? error.message : String(error));
  return problem(
    "unreadable-file",
    file,
    `the file cannot be read: ${what}`,
    "Check its permissions, or leave it out.",
  );
}
