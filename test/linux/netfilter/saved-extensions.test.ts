import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Family } from "../../../src/net/address.ts";
import { printRule } from "../../../src/readers/iptables/print.ts";
import { readRule } from "../../../src/readers/iptables/rule.ts";
import type { RuleReading } from "../../../src/readers/iptables/rule-reading.ts";
import { splitWords } from "../../../src/readers/iptables/words.ts";

function read(text: string, family: Family): RuleReading {
  return readRule(splitWords(text).words, { family, isChain: () => false, counters: null, origin: 0 });
}

function print(text: string, family: Family): string {
  return read(text, family)
    .rules.map((rule) => printRule(rule, family))
    .join("\n");
}

function linesOf(file: string): readonly (readonly [families: readonly Family[], written: string, saved: string])[] {
  return readFileSync(new URL(file, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [families = "", , written = "", saved = ""] = line.split(" | ");
      return [([4, 6] as const).filter((family) => families.includes(String(family))), written, saved];
    });
}

describe.each(["matches/saved-extensions.txt", "targets/saved-extensions.txt"])("rules of %s", (file) => {
  for (const [families, written, saved] of linesOf(file)) {
    for (const family of families) {
      const name = `IPv${family}: ${written}`;
      if (saved === "refused") {
        it(`${name} is not understood, as iptables-restore refuses it`, () => {
          expect(read(written, family).problems).not.toEqual([]);
        });
        continue;
      }
      it(`${name} is saved as ${saved}`, () => {
        expect(read(written, family).problems).toEqual([]);
        expect(print(written, family)).toBe(saved);
        expect(print(saved, family)).toBe(saved);
      });
    }
  }
});
