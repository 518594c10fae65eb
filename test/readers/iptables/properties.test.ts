import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TableName } from "../../../src/model/ruleset.ts";
import type { Family } from "../../../src/net/address.ts";
import { printRuleset } from "../../../src/readers/iptables/print.ts";
import { arbitraryRule } from "./arbitrary-rule.ts";
import { readSave, readWords, reprint } from "./helpers.ts";

const TABLES: readonly TableName[] = ["filter", "nat", "mangle", "raw"];
const FAMILIES: readonly Family[] = [4, 6];

/** Words that meet in dumps, in any order: most of it is no rule. */
const word = fc.oneof(
  fc.constantFrom(
    ...(
      "-A -I -N -P -s -d -i -o -p -f -m -j -g -c ! ! -4 -6 INPUT cali-a ACCEPT DROP MARK DNAT LOG tcp udp icmp 10.0.0.1 10.0.0.0/8 fe80::1 " +
      "comment mark conntrack recent time --comment --mark --dport --sport --set-xmark --to-destination --frob 80 0x1/0x1 … " +
      '"open "a_b" *filter COMMIT :INPUT [0:0] # ` &lt; \u201cx\u201d 0'
    ).split(" "),
  ),
  fc.string(),
);

describe("the iptables reader and writer", () => {
  for (const table of TABLES) {
    for (const family of FAMILIES) {
      it(`print a rule of table ${table} in IPv${family} as they read it`, () => {
        fc.assert(
          fc.property(arbitraryRule(table, family), (text) => {
            expect(readWords(text, family).problems).toEqual([]);
            expect(reprint(text, family)).toEqual([text]);
          }),
        );
      });
    }
  }

  it("never throw on words in disorder, lose none of them, and read what they printed as the same rule", () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const { rules, problems } = readWords(words.join(" "));
        expect(problems.every(({ column }) => column >= 0)).toBe(true);
        const [printed] = reprint(words.join(" "));
        if (rules.length === 0 || printed === undefined) return;
        const again = reprint(printed)[0] ?? printed;
        expect(reprint(again)[0] ?? again).toBe(again);
      }),
      { numRuns: 1000 },
    );
  });

  it("never throw on text in disorder", () => {
    const line = fc.array(word, { maxLength: 8 }).map((words) => words.join(" "));
    const text = fc.oneof(
      fc.array(line).map((lines) => lines.join("\n")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(text, (dump) => {
        const save = readSave(dump);
        expect(save.rulesets.length).toBeGreaterThan(0);
        for (const ruleset of save.rulesets) printRuleset(ruleset);
        for (const finding of save.findings) expect(finding.file).toBe("n1/iptables-save.txt");
      }),
      { numRuns: 1000 },
    );
  });

  it("read a dump cut at any character without losing the lines before the last", () => {
    const dump = `*filter\n:INPUT ACCEPT [0:0]\n:cali-a - [0:0]\n-A INPUT -s 10.0.0.1/32 -j cali-a\n-A cali-a -m comment --comment "a b" -j ACCEPT\nCOMMIT\n`;
    for (let end = dump.indexOf("-A cali-a"); end < dump.length; end++) {
      const save = readSave(dump.slice(0, end));
      const input = save.rulesets[0]?.tables.get("filter")?.chains.get("INPUT");
      expect(input?.rules[0]?.target).toEqual({ kind: "jump", chain: "cali-a" });
      expect(save.findings.length > 0).toBe(end < dump.length - 1);
    }
  });

  it("read 50,000 rules, each into its chain", () => {
    const rules = Array.from(
      { length: 50_000 },
      (_, i) =>
        `[12:3456] -A cali-${i % 100} -s 10.${i & 255}.${(i >> 8) & 255}.0/24 -p tcp -m comment --comment "cali:hash${i}" -m multiport --dports 80,443 -m mark --mark 0x10000/0x10000 -j cali-${(i + 1) % 100}`,
    );
    const chains = Array.from({ length: 100 }, (_, i) => `:cali-${i} - [0:0]`);
    const dump = ["*filter", ":INPUT ACCEPT [0:0]", ...chains, ...rules, "COMMIT", ""].join("\n");
    const { findings, rulesets } = readSave(dump);
    expect(findings).toEqual([]);
    const counts = [...(rulesets[0]?.tables.get("filter")?.chains.values() ?? [])].map((chain) => chain.rules.length);
    expect(counts).toEqual([0, ...chains.map(() => 500)]);
  });
});
