import { describe, expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import type { ChainTable, Rule, Target } from "../../../src/model/ruleset.ts";
import type { Family } from "../../../src/net/address.ts";
import { readNftBaseChains } from "../../../src/readers/nft/base-chains.ts";
import { fixture } from "../fixture.ts";

/** The rules that stand for those of the dump: its words, what of them is a question, and the target. */
function rules(text: string, family: Family = 4): readonly string[] {
  return tablesOf(text, family).flatMap(({ chains }) =>
    [...chains.values()].flatMap((chain) => chain.rules.map((rule) => `${chain.name}: ${describeRule(rule)}`)),
  );
}

function tablesOf(text: string, family: Family): readonly ChainTable[] {
  const { baseChains } = readNftBaseChains({ text, file: "nft" }, originTable());
  return [...new Set(baseChains.flatMap(({ tables }) => (tables === undefined ? [] : [tables[family]])))];
}

function describeRule({ matches, target, nft }: Rule): string {
  const questions = matches.flatMap(({ name, options }) =>
    name === "nft" && options.kind === "unmodelled" ? [`(${options.text}?)`] : [],
  );
  return [nft?.text ?? "", ...questions, "→", describeTarget(target)].join(" ");
}

function describeTarget(target: Target | null): string {
  switch (target?.kind) {
    case undefined:
      return "on";
    case "verdict":
      return target.verdict;
    case "jump":
    case "goto":
      return `${target.kind} ${target.chain}`;
    case "extension":
      return target.call.name === "nft" ? `(${target.call.options.text}?)` : target.call.name;
  }
}

/** What a rule tests, without where it stands. */
function testsOf(text: string, family: Family): readonly unknown[] {
  return tablesOf(text, family).flatMap(({ chains }) =>
    [...chains.values()].flatMap(({ rules }) => rules.map(({ matches, target }) => ({ matches, target }))),
  );
}

function told(text: string): readonly string[] {
  return readNftBaseChains({ text, file: "nft" }, originTable()).findings.map(({ message }) => message);
}

const input = (...lines: readonly string[]): string =>
  ["table inet f {", "chain input {", "type filter hook input priority 0; policy drop;", ...lines, "}", "}", ""].join(
    "\n",
  );

test("JSON of nft 1.0.6 tells the same as its text", () => {
  const text = fixture("nft/fixtures/native.txt");
  const json = fixture("nft/fixtures/native.json.txt");
  for (const family of [4, 6] as const) {
    expect(rules(text, family).length).toBeGreaterThan(10);
    expect(testsOf(json, family)).toEqual(testsOf(text, family));
  }
  expect(told(text)).toEqual([]);
  expect(told(json)).toEqual([]);
});

test("packets of each family meet the rules that are for them", () => {
  const text = input(
    "ip saddr 10.0.0.1 accept",
    "ip6 saddr fd00::/8 accept",
    "meta nfproto ipv6 drop",
    "tcp dport 22 accept",
  );
  expect(rules(text)).toEqual([
    "input: ip saddr 10.0.0.1 accept → ACCEPT",
    "input: meta nfproto ipv6 drop → DROP",
    "input: tcp dport 22 accept → ACCEPT",
  ]);
  expect(rules(text, 6)).toEqual([
    "input: ip6 saddr fd00::/8 accept → ACCEPT",
    "input: meta nfproto ipv6 drop → DROP",
    "input: tcp dport 22 accept → ACCEPT",
  ]);
});

test("what a file defines stands where it is named; a chain may stand on one line", () => {
  const file =
    "define ADMIN = { 10.9.9.0/24, 10.8.0.1 }\ntable inet f {\n chain input {\n  type filter hook input priority 0; policy drop;\n  ip saddr $ADMIN accept\n }\n chain forward { type filter hook forward priority 0; policy drop; iif lo accept; }\n}\n";
  const { baseChains, findings } = readNftBaseChains({ text: file, file: "nft" }, originTable());
  expect(findings).toEqual([]);
  expect(baseChains).toMatchObject([{ chain: "input" }, { chain: "forward", policy: "drop", ruleCount: 1 }]);
  expect(rules(file)).toEqual([
    "input: ip saddr { 10.9.9.0/24, 10.8.0.1 } accept → ACCEPT",
    "forward: iif lo accept → ACCEPT",
  ]);
});

test("a file that nft reads is taken too: several statements on a line, no spaces to speak of", () => {
  const file =
    "#!/usr/sbin/nft -f\nflush ruleset\ntable inet f { chain input { type filter hook input priority 0; policy drop; iif lo accept; tcp dport {22,80} accept } }\n";
  expect(rules(file.replaceAll("\n", "\r\n"))).toEqual([]);
  expect(rules(file.replace("chain", "\nchain").replace("type", "\ntype").replace("} }", "}\n}"))).toEqual([
    "input: iif lo accept → ACCEPT",
    "input: tcp dport {22,80} accept → ACCEPT",
  ]);
});

describe("a rule that says more than podpath models is told, and leaves its tests and its verdict as far as they are known:", () => {
  test.each([
    ["meta cpu 0 accept", "(meta cpu 0?) → ACCEPT"],
    ["tcp dport 22 ct count over 3 drop", "(ct count over 3?) → DROP"],
    ["tcp dport 22 socket transparent 1 mark set 0x1 accept", "(socket transparent 1 mark set 0x1?) → ACCEPT"],
    ["ip saddr @nowhere drop", "(ip saddr @nowhere?) → DROP"],
    ["jump nowhere", "→ (jump nowhere?)"],
  ])("%s", (rule, expected) => {
    expect(rules(input(rule))).toEqual([`input: ${rule} ${expected}`]);
    expect(told(input(rule))).toEqual([
      `Table inet f belongs to nftables itself; one of its rules podpath does not model, the first of which is “${rule}”. Where a packet comes to one, the answer is uncertain.`,
    ]);
  });
});

test("a set that changes by itself leaves a look-up in doubt", () => {
  const text =
    "table inet f {\nset s {\ntype ipv4_addr\nflags dynamic,timeout\nelements = { 10.0.0.1 timeout 1h expires 5m }\n}\nchain input {\ntype filter hook input priority 0; policy accept;\nip saddr @s drop\n}\n}\n";
  expect(rules(text)).toEqual(["input: ip saddr @s drop (ip saddr @s?) → DROP"]);
});

test("a mark is set between the tests before and those behind, and the rule ends once", () => {
  expect(testsOf(input("meta mark 0x1 meta mark set 0x7 accept"), 4)).toMatchObject([
    {
      matches: [
        { options: { kind: "lookup" } },
        { options: { kind: "statement", call: { name: "MARK", options: { value: 7, mask: 0xffffffff } } } },
      ],
      target: { verdict: "ACCEPT" },
    },
  ]);
});
