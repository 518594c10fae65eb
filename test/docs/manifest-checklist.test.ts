import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./root.ts";

const NOTE = readFileSync(join(ROOT, "docs/lab-notes/manifest-checklist.md"), "utf8");
const ROWS = NOTE.split("\n").filter((line) => line.startsWith("| ") && !/^\|[ |]*(?:held by|---)/.test(line));

test("each row names files that hold it, which exist, or says that something is missing", () => {
  const wrong = ROWS.flatMap((row) => {
    const held = row.split("|").at(-2) ?? "";
    const named = held.match(/[\w-]+\/[\w./-]+\w/g) ?? [];
    const gone = named.filter(
      (name) => !existsSync(join(ROOT, "test", name.endsWith(".ts") ? name : `${name}.test.ts`)),
    );
    return gone.length > 0 || (named.length === 0 && !held.includes("missing: ")) ? [`${row} (${gone.join()})`] : [];
  });
  expect(wrong).toEqual([]);
  expect(ROWS.length).toBeGreaterThan(60);
});
