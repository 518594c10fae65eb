import { statSync } from "node:fs";
import { basename } from "node:path";
import type { Finding } from "../model/finding.ts";
import { snapshotRoots } from "../readers/snapshot/roots.ts";
import { severalInArchive } from "./folders-inside.ts";
import { InputError } from "./input-error.ts";
import { loadFiles } from "./load-files.ts";
import { loadText } from "./load-text.ts";
import type { LoadedNetwork, TypedOptions } from "./loaded-network.ts";
import type { ProgressBar } from "./progress-bar.ts";

/** A snapshot, a bundle or a compressed dump; `source` is null for a file. */
export async function loadArchive(
  shown: string,
  source: AsyncIterable<Uint8Array> | null,
  options: TypedOptions,
): Promise<LoadedNetwork> {
  const { bytesOf, readArchive } = await import("./read-archive.ts");
  const bytes = source ?? counted(bytesOf(shown), statSync(shown).size, options.progress ?? null);
  const { files, findings } = await readArchive(bytes, shown, options.unpackLimit);
  const compressed = files.get("");
  if (compressed !== undefined) {
    const single = compressed.read();
    if (typeof single !== "string") throw new InputError([single.problem]);
    const lone = await loadText(single, shown, options);
    return { ...lone, findings: [...findings, ...lone.findings] };
  }
  if (files.size === 0) throw new InputError([...findings.filter(isError), emptyArchive(shown)]);
  const roots = snapshotRoots(files.keys());
  if (roots.length > 1) throw new InputError([severalInArchive(shown, roots)]);
  return loadFiles(basename(shown), files, findings, options);
}

/** The same bytes; how many of them came is shown. */
async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  total: number,
  progress: ProgressBar | null,
): AsyncGenerator<Uint8Array> {
  const megabytes = (count: number): number => Math.ceil(count / 1024 / 1024);
  let done = 0;
  for await (const piece of bytes) {
    done += piece.length;
    progress?.show("MB unpacked", megabytes(done), megabytes(total));
    yield piece;
  }
}

function isError(finding: Finding): boolean {
  return finding.severity === "error";
}

function emptyArchive(shown: string): Finding {
  return {
    code: "empty-snapshot",
    severity: "error",
    message: `${shown} holds no file that could be read`,
    expected: "an archive of a snapshot folder or of a Calico diagnostics bundle",
  };
}
