import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./root.ts";

test("the list of what people bring names tests that exist", () => {
  const lines = readFileSync(join(ROOT, "docs/lab-notes/intake-checklist.md"), "utf8").split("\n");
  const items = lines.filter((line) => line.includes(" — `test/"));
  expect(items.length).toBeGreaterThan(80);
  const wrong = items.filter((line) => {
    const [, file = "", name = ""] = / — `(test\/[^`]+)`: (.+)$/.exec(line) ?? [];
    return !existsSync(join(ROOT, file)) || !readFileSync(join(ROOT, file), "utf8").includes(name);
  });
  expect(wrong).toEqual([]);
});
