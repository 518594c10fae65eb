import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { documents } from "./documents.ts";
import { anchorsOf, linksOf } from "./markdown.ts";
import { ROOT } from "./root.ts";

describe.each(documents)("links of $path", ({ path, text }) => {
  const links = linksOf(text).filter(({ target }) => !/^[a-z]+:/.test(target));

  test("lead to files and headings that exist", () => {
    const broken = links.filter(({ target }) => !resolves(path, target));
    expect(broken).toEqual([]);
  });
});

test("every document is reachable from the README", () => {
  const texts = new Map(documents.map(({ path, text }) => [path, text]));
  const reached = new Set<string>();
  const visit = (path: string): void => {
    const text = texts.get(path);
    if (text === undefined || reached.has(path)) return;
    reached.add(path);
    for (const { target } of linksOf(text))
      visit(relative(ROOT, join(ROOT, dirname(path), target.replace(/#.*$/, ""))));
  };
  visit("README.md");
  expect([...texts.keys()].filter((path) => !reached.has(path))).toEqual([]);
});

function resolves(from: string, target: string): boolean {
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? join(ROOT, from) : join(ROOT, dirname(from), file);
  if (!existsSync(path)) return false;
  return anchor === undefined || anchorsOf(readFileSync(path, "utf8")).has(anchor);
}
