import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { ASSUMPTION_CODES } from "../../src/model/codes/assumption-codes.ts";
import { CODES } from "../../src/model/codes/codes.ts";
import { FINDING_CODES } from "../../src/model/codes/finding-codes.ts";
import { UNKNOWN_CODES } from "../../src/model/codes/unknown-codes.ts";
import { codeIndex, codePage } from "./code-page.ts";
import { EXAMPLES } from "./examples/examples.ts";
import { show } from "./shown.ts";

const PAGES = new URL("../../docs/reference/codes/", import.meta.url);

describe("codes", () => {
  it("are kebab-case, and one name means one thing", () => {
    const names = [FINDING_CODES, ASSUMPTION_CODES, UNKNOWN_CODES].flatMap((table) => Object.keys(table));
    expect(names.filter((name) => !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it("are told in sentences, under a heading without a full stop", () => {
    for (const { code, title, means, todo } of CODES.values()) {
      expect(title, code).toMatch(/[^.]$/);
      for (const text of [means, todo]) expect(text, code).toMatch(/\.$/);
    }
  });

  it("all stand on the list, and nothing else has a page", () => {
    expect(readFileSync(new URL("README.md", PAGES), "utf8")).toBe(codeIndex());
    const pages = readdirSync(PAGES).filter((name) => name !== "README.md");
    expect(pages.map((name) => name.replace(/\.md$/, "")).sort()).toEqual([...CODES.keys()]);
  });
});

test.each([...CODES.values()])(
  "$code is shown by its example, and its page is what npm run codes writes",
  async (page) => {
    const example = EXAMPLES.get(page.code);
    if (example === undefined) throw new Error("there is no example");
    const shown = await show(page.code, example);
    expect(shown.excerpt, shown.output.slice(0, 3000)).not.toEqual([]);
    expect(readFileSync(new URL(`${page.code}.md`, PAGES), "utf8")).toBe(codePage(page, example, shown));
  },
);
