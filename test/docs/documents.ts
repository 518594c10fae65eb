import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./root.ts";

/** A document that these tests answer for. */
export interface Document {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

const inDocs = readdirSync(join(ROOT, "docs"), { encoding: "utf8", recursive: true })
  .map((path) => join("docs", path))
  .filter((path) => path.endsWith(".md"))
  .filter((path) => !/^docs\/(?:lab-notes|reference\/codes)\/|^docs\/benchmarks\.md$/.test(path))
  .sort();

export const documents: readonly Document[] = ["README.md", ...inDocs].map((path) => ({
  path,
  text: readFileSync(join(ROOT, path), "utf8"),
}));
