import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Family } from "../../../../src/net/address.ts";
import { reprintRule } from "./rule-text.ts";

function sections(file: string): { readonly title: string; readonly lines: readonly string[] }[] {
  const text = readFileSync(new URL(file, import.meta.url), "utf8");
  const found: { title: string; lines: string[] }[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("# ")) found.push({ title: line.slice(2), lines: [] });
    else if (line !== "") found.at(-1)?.lines.push(line);
  }
  return found.filter(({ lines }) => lines.length > 0);
}

function familyOf(title: string): Family {
  return title.includes("6") ? 6 : 4;
}

describe("A rule printed by the real iptables-save", () => {
  for (const { title, lines } of sections("saved-lines.txt")) {
    it.each(lines)(`is printed the same after reading (${title}): %s`, (line) => {
      const rule = line.replace(/^-A \S+ ?/, "");
      expect(reprintRule(line, familyOf(title))).toBe(rule);
    });
  }
});

describe("A rule as people write it", () => {
  for (const { title, lines } of sections("written-rules.txt")) {
    it.each(lines)(`is normalised or refused as iptables does it (${title}): %s`, (line) => {
      const [written = "", saved = ""] = line.split(" => ");
      const printed = reprintRule(written, familyOf(title));
      expect(printed.startsWith("problem") ? "refused" : printed).toBe(saved);
    });
  }
});
