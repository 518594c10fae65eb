import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./root.ts";

/** Joins what a formatter has broken: a name may stand in a JSON string, or over two lines. */
function words(text: string): string {
  return text.replaceAll("\\n", "\n").replaceAll(/\s+/g, " ");
}

test("the list of what BGP does names tests that exist", () => {
  const lines = readFileSync(join(ROOT, "docs/lab-notes/bgp-checklist.md"), "utf8").split("\n");
  const items = lines.filter((line) => / — `test\//.test(line));
  expect(items.length).toBeGreaterThan(110);
  const wrong = items.filter((line) => {
    const [, file = "", name = ""] = / — `(test\/[^`]+)`: (.+)$/.exec(line) ?? [];
    const path = join(ROOT, file);
    return name.length < 5 || !existsSync(path) || !words(readFileSync(path, "utf8")).includes(name);
  });
  expect(wrong).toEqual([]);
});
