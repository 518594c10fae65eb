import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const NOTE = new URL("../../docs/lab-notes/kernel-checklist.md", import.meta.url);

const rows = readFileSync(NOTE, "utf8")
  .split("\n")
  .filter((line) => /^\| [A-Z]\d \|/.test(line))
  .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));

describe("the checklist of what was observed on a kernel", () => {
  it.each(rows)("%s: %s", (_, __, held = "") => {
    const file = /^`([^`]+)`/.exec(held)?.[1];
    if (file === undefined) return expect(held).toMatch(/^(by reading|not modelled): .{20,}/);
    const found = [`${file}.test.ts`, `${file}.ts`]
      .map((name) => new URL(`../kernel/${name}`, import.meta.url))
      .find((name) => existsSync(name));
    expect(found, file).toBeDefined();
    const words = /"([^"]+)"/.exec(held)?.[1];
    if (found !== undefined && words !== undefined) expect(readFileSync(found, "utf8")).toContain(words);
  });

  it("names every letter of the list", () => {
    expect([...new Set(rows.map(([id = ""]) => id[0]))].sort().join("")).toBe("CFHIKNPR");
  });
});
