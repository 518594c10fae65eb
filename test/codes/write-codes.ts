import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { CODES } from "../../src/model/codes/codes.ts";
import { codeIndex, codePage } from "./code-page.ts";
import { EXAMPLES } from "./examples/examples.ts";
import { show } from "./shown.ts";

/** `npm run codes`: writes docs/reference/codes/ from the tables in src/model/codes and what the examples really print. */
const folder = new URL("../../docs/reference/codes/", import.meta.url);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const silent: string[] = [];
for (const page of CODES.values()) {
  const example = EXAMPLES.get(page.code);
  const shown = example === undefined ? null : await show(page.code, example);
  if (example === undefined || shown === null || shown.excerpt.length === 0) silent.push(page.code);
  else writeFileSync(new URL(`${page.code}.md`, folder), codePage(page, example, shown));
}
writeFileSync(new URL("README.md", folder), codeIndex());
if (silent.length > 0) {
  process.stderr.write(`No example shows ${silent.join(", ")}\n`);
  process.exitCode = 1;
}
