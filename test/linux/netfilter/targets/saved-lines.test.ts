import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Family } from "../../../../src/net/address.ts";
import { printRule } from "../../../../src/readers/iptables/print.ts";
import { readRule } from "../../../../src/readers/iptables/rule.ts";
import type { RuleReading } from "../../../../src/readers/iptables/rule-reading.ts";
import { splitWords } from "../../../../src/readers/iptables/words.ts";

function read(text: string, family: Family): RuleReading {
  const scope = { family, isChain: () => false, counters: null, origin: 0 };
  return readRule(splitWords(text).words, scope);
}

function print(text: string, family: Family): string {
  return read(text, family)
    .rules.map((rule) => printRule(rule, family))
    .join("\n");
}

const lines = readFileSync(new URL("saved-lines.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split(" | "));

describe("target extensions against what iptables-save printed", () => {
  for (const [family, table, written = "", saved = ""] of lines) {
    const version: Family = family === "6" ? 6 : 4;
    const name = `IPv${version} ${table}: ${written}`;
    if (saved === "refused") {
      it(`${name} is not understood, as iptables-restore refuses it`, () => {
        expect(read(written, version).problems.length).toBeGreaterThan(0);
      });
      continue;
    }
    it(`${name} is saved as ${saved}`, () => {
      expect(read(written, version).problems).toEqual([]);
      expect(print(written, version)).toBe(saved);
      expect(print(saved, version)).toBe(saved);
    });
  }
});
