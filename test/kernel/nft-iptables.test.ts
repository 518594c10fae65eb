import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { originTable } from "../../src/model/origin.ts";
import type { Rule, Ruleset, TableName } from "../../src/model/ruleset.ts";
import type { Family } from "../../src/net/address.ts";
import { printRule } from "../../src/readers/iptables/print.ts";
import { readNftIptablesRules } from "../../src/readers/nft/iptables-rules.ts";
import { arbitraryRule } from "../readers/iptables/arbitrary-rule.ts";
import { readSave } from "../readers/iptables/helpers.ts";

/** What `nft list ruleset` tells of the tables of iptables-nft is what iptables-nft-save has, or the rule is in doubt. */
const HOME = `ppx-${process.pid}`;
const { CI } = process.env;
const isRoot = process.getuid?.() === 0;
if (!isRoot) {
  if (CI) throw new Error("test/kernel needs root: it makes network namespaces.");
  process.stderr.write("SKIPPED test/kernel/nft-iptables.test.ts: it needs root to make network namespaces.\n");
}

function run(program: string, args: readonly string[], input = ""): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    input,
    stdio: ["pipe", "pipe", "ignore"],
    maxBuffer: 1 << 28,
  });
}
const inside = (command: string, input = ""): string =>
  run("ip", ["netns", "exec", HOME, ...command.split(" ")], input);

const isDoubted = (rule: Rule): boolean =>
  rule.matches.some((match) => match.name === "unmodelled") ||
  (rule.target?.kind === "extension" && rule.target.call.name === "unmodelled");

/** Without comments, which nft does not print, and in one spelling. */
function canonical(rule: Rule, family: Family): string {
  const matches = rule.matches.filter((match) => match.name !== "comment");
  return (
    printRule({ ...rule, matches }, family)
      .replace(/-m state --state/g, "-m conntrack --ctstate")
      .replace("-j NOTRACK", "-j CT --notrack")
      // nft has one word for a port of its own and for a list of one
      .replace(/-m (?:tcp|udp|sctp) (! )?--([sd])port /g, "-m ports $1--$2ports ")
      .replace(/-m multiport (! )?--([sd])ports (?=[\d:]+(?: |$))/g, "-m ports $1--$2ports ")
      .split(/ (?=(?:! )?-[a-z] )/)
      .sort()
      .join(" ")
  );
}

function rulesOf(rulesets: readonly Ruleset[], family: Family, table: TableName): readonly Rule[] {
  const found = rulesets.find((ruleset) => ruleset.family === family)?.tables.get(table);
  return found?.chains.get("u")?.rules ?? [];
}

describe.skipIf(!isRoot)("nft list ruleset", () => {
  beforeAll(() => {
    run("ip", ["netns", "add", HOME]);
  });
  afterAll(() => {
    if (isRoot) run("ip", ["netns", "del", HOME]);
  });

  for (const family of [4, 6] as const) {
    test.each([
      ["", "names"],
      ["-n ", "numbers"],
      ["-a ", "handles"],
      ["-j ", "JSON"],
    ])(
      `tells IPv${family} rules of iptables-nft, with %s%s`,
      (option) => {
        let doubted = 0;
        let told = 0;
        for (const table of ["filter", "nat", "mangle", "raw"] as const) {
          const rules = fc.sample(arbitraryRule(table, family), { numRuns: 150, seed: 3 });
          const tool = family === 6 ? "ip6tables-nft" : "iptables-nft";
          const body = rules.map((rule, i) => `[${i}:${i * 60}] -A u ${rule}`).join("\n");
          inside(`${tool}-restore -c`, `*${table}\n:u - [0:0]\n:cali-a - [0:0]\n:KUBE-B - [0:0]\n${body}\nCOMMIT\n`);
          const saved = rulesOf(readSave(inside(`${tool}-save -c -t ${table}`), family, "nft").rulesets, family, table);
          const listed = rulesOf(
            readNftIptablesRules(inside(`nft ${option}list ruleset`), "f", originTable()).rulesets,
            family,
            table,
          );
          expect(listed.length).toBe(saved.length);
          for (const [index, rule] of saved.entries()) {
            const seen = listed[index];
            if (seen === undefined) throw new Error("a rule is lost");
            told++;
            if (isDoubted(seen)) doubted++;
            else {
              expect(canonical(seen, family), `${rules[index]} ${JSON.stringify(seen.target)}`).toBe(
                canonical(rule, family),
              );
              expect(seen.counters).toEqual(rule.counters);
            }
          }
        }
        expect(told).toBe(600);
        expect(doubted).toBeLessThan(option === "-j " ? 595 : 400);
      },
      60_000,
    );
  }

  test("JSON and text tell the same rules, as far as JSON tells them", () => {
    let same = 0;
    for (const family of [4, 6] as const) {
      for (const table of ["filter", "nat", "mangle", "raw"] as const) {
        const tool = family === 6 ? "ip6tables-nft" : "iptables-nft";
        const body = fc.sample(arbitraryRule(table, family), { numRuns: 200, seed: 11 }).map((rule) => `-A u ${rule}`);
        inside(
          `${tool}-restore`,
          `*${table}\n:u - [0:0]\n:cali-a - [0:0]\n:KUBE-B - [0:0]\n${body.join("\n")}\nCOMMIT\n`,
        );
        const [text, json, pretty] = ["", "-j ", "-j "].map((option, index) => {
          const said = inside(`nft ${option}list ruleset`);
          const shown = index === 2 ? JSON.stringify(JSON.parse(said), null, 1) : said;
          return rulesOf(readNftIptablesRules(shown, "f", originTable()).rulesets, family, table);
        });
        if (text === undefined || json === undefined || pretty === undefined) throw new Error("nothing is read");
        expect(json.length).toBe(text.length);
        expect(pretty.map((rule) => printRule(rule, family))).toEqual(json.map((rule) => printRule(rule, family)));
        expect(new Set(pretty.map(({ origin }) => origin)).size).toBe(pretty.length);
        for (const [index, rule] of json.entries()) {
          const other = text[index];
          if (other === undefined || isDoubted(rule) || isDoubted(other)) continue;
          expect(canonical(rule, family), body[index]).toBe(canonical(other, family));
          same++;
        }
      }
    }
    expect(same).toBeGreaterThan(20);
  });

  test("policies are told, and tables of others with the same names are not taken for those of iptables", () => {
    inside("iptables-nft -P FORWARD DROP");
    for (const option of ["", "-j "]) {
      const [ruleset] = readNftIptablesRules(inside(`nft ${option}list ruleset`), "f", originTable()).rulesets;
      expect(ruleset?.tables.get("filter")?.chains.get("FORWARD")?.policy).toBe("DROP");
    }
    inside("nft flush ruleset");
    inside(
      "nft -f -",
      "table ip filter {\n chain mine { type filter hook input priority 5; policy drop; tcp dport 22 accept; }\n}\n",
    );
    for (const option of ["", "-j "]) {
      expect(readNftIptablesRules(inside(`nft ${option}list ruleset`), "f", originTable()).rulesets).toEqual([]);
    }
  });
});
