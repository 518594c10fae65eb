import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { printRuleset } from "../../../src/readers/iptables/print.ts";
import { readSave } from "./helpers.ts";

/** Dumps of Calico's own tests and of worked examples, beside the repository. */
const ROOT = fileURLToPath(new URL("../../../../shared/data/calico", import.meta.url));

/** What podpath, like iptables-save itself, spells otherwise than these hand-made files. */
function canonical(line: string): string {
  return line
    .replace("--invert --validmark", "--validmark --invert")
    .replace(/-j REJECT$/, "-j REJECT --reject-with icmp-port-unreachable");
}

function dumps(): readonly string[] {
  return readdirSync(ROOT, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("iptables-dump.txt") || /example-[^/]*\.iptables-save\.txt$/.test(name))
    .map((name) => join(ROOT, name));
}

/** Table and chain lines in order, and the rules of each chain in order: chains may be printed in any order. */
function byChain(text: string): readonly (readonly [string, readonly string[]])[] {
  const found: [string, string[]][] = [];
  let table = "";
  for (const line of text.split("\n")) {
    const chain = /^(?::|-A )(\S+)/.exec(line)?.[1];
    if (line.startsWith("*")) table = line;
    if (chain === undefined) continue;
    const key = `${table} ${chain}`;
    const entry = found.find(([name]) => name === key);
    if (entry === undefined) found.push([key, [line]]);
    else entry[1].push(line);
  }
  return found;
}

describe("dumps of real clusters", () => {
  if (!existsSync(ROOT)) {
    if (process.env["CI"]) {
      it("are there", () => {
        expect.fail("the data set ../shared/data/calico is missing; a run in CI needs it");
      });
    } else it.skip("the data set ../shared/data/calico is missing: nothing was read", () => {});
    return;
  }
  for (const file of dumps()) {
    it(`${relative(ROOT, file)} is read without findings and printed back line for line`, () => {
      const text = readFileSync(file, "utf8");
      const save = readSave(text);
      expect(save.findings).toEqual([]);
      const printed = save.rulesets.map((ruleset) => printRuleset(ruleset)).join("");
      expect(byChain(printed)).toEqual(byChain(text.split("\n").map(canonical).join("\n")));
    });
  }
});
