import { basename, join, resolve } from "node:path";
import { append } from "../model/append.ts";
import type { Finding } from "../model/finding.ts";
import { FILE_ROLES, type SnapshotFiles, stemOf } from "../readers/snapshot/files.ts";
import { isNotRead } from "../readers/snapshot/not-read.ts";
import { snapshotRoots } from "../readers/snapshot/roots.ts";
import type { CommonOptions } from "./common-options.ts";
import {
  isSnapshot,
  isWrapper,
  machineFolder,
  networksInside,
  severalInArchive,
  severalInside,
} from "./folders-inside.ts";
import { InputError } from "./input-error.ts";
import { loadFiles } from "./load-files.ts";
import type { LoadedNetwork, TypedOptions } from "./loaded-network.ts";
import { readFolder } from "./read-files.ts";
import { sniffArchive } from "./sniff.ts";

/** A folder is a snapshot, a bundle, loose dumps, or manifests. Archives in it are opened. */
export async function loadFolder(path: string, options: TypedOptions): Promise<LoadedNetwork> {
  if (!isSnapshot(path)) {
    const inside = networksInside(path);
    if (inside.length > 0 && !isWrapper(path, inside)) throw new InputError([severalInside(path, inside)]);
    const machine = machineFolder(path);
    if (machine !== null) throw new InputError([machine]);
  }
  const { files, findings } = await withArchives(path, readFolder(path), options);
  return loadFiles(basename(resolve(path)), files, findings, options);
}

/** The files of a folder, with those of the archives that lie in it: `diags.tar.gz/diagnostics/hostname`. */
async function withArchives(
  folder: string,
  read: SnapshotFiles["files"],
  options: CommonOptions,
): Promise<{ readonly files: SnapshotFiles["files"]; readonly findings: readonly Finding[] }> {
  const archives = [...read.keys()].filter((path) => mayBeArchive(path) && sniffArchive(join(folder, path)) !== null);
  if (archives.length === 0) return { files: read, findings: [] };
  const { bytesOf, readArchive } = await import("./read-archive.ts");
  const files = new Map(read);
  const findings: Finding[] = [];
  for (const path of archives) {
    const opened = await readArchive(bytesOf(join(folder, path)), path, options.unpackLimit);
    files.delete(path);
    for (const [inside, content] of opened.files) files.set(inside === "" ? path : `${path}/${inside}`, content);
    append(findings, opened.findings);
  }
  const whole = snapshotRoots(files.keys()).filter((root) =>
    archives.some((archive) => root.startsWith(`${archive}/`)),
  );
  if (whole.length > 1) throw new InputError([severalInArchive(folder, whole)]);
  return { files, findings };
}

/** False for the files of a snapshot folder, which nobody needs to look into for that. */
function mayBeArchive(path: string): boolean {
  return !FILE_ROLES.has(stemOf(basename(path))) && !/\.ya?ml$/.test(path) && !isNotRead(path);
}
