import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A real output, as far as the fuzz needs it. */
export interface Sample {
  readonly path: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDERS = ["test/readers", "scenarios"];
const KEPT = 24_000;

/** Recorded outputs beside the tests of readers, and the dumps of scenarios. */
export function samples(): readonly Sample[] {
  return FOLDERS.flatMap((folder) => filesBelow(folder)).flatMap((path) => {
    const isSample =
      /fixtures\//.test(path) || (path.startsWith("scenarios/") && /\.(?:txt|json|ya?ml|cfg)$/.test(path));
    if (!isSample || statSync(join(ROOT, path)).size === 0) return [];
    return [{ path, text: readFileSync(join(ROOT, path), "utf8").slice(0, KEPT) }];
  });
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
