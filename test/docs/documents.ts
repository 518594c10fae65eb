import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

/** A document that these tests answer for. */
export interface Document {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export const documents: readonly Document[] = ["README.md", ...globSync("docs/**/*.md", { cwd: ROOT }).sort()]
  .filter((path) => !path.startsWith("docs/lab-notes/") && path !== "docs/benchmarks.md")
  .map((path) => ({ path, text: readFileSync(resolve(ROOT, path), "utf8") }));
