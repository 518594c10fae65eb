import { describe, expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import type { Family } from "../../../src/net/address.ts";
import { printRuleLine } from "../../../src/readers/iptables/print.ts";
import { readNftBaseChains } from "../../../src/readers/nft/base-chains.ts";
import { fixture } from "../fixture.ts";

/** The rules that stand for those of the dump, as iptables-save would print them. */
function rules(text: string, family: Family = 4): readonly string[] {
  const { baseChains } = readNftBaseChains({ text, file: "nft" }, originTable());
  const tables = new Set(baseChains.flatMap(({ tables }) => (tables === undefined ? [] : [tables[family]])));
  return [...tables].flatMap(({ chains }) =>
    [...chains.values()].flatMap((chain) => chain.rules.map((rule) => printRuleLine(chain.name, rule, family))),
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
    expect(rules(json, family)).toEqual(rules(text, family));
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
    "-A input -m iprange --src-range 10.0.0.1-10.0.0.1 -j ACCEPT",
    "-A input -p tcp -m multiport --dports 22 -j ACCEPT",
  ]);
  expect(rules(text, 6)).toEqual([
    "-A input -m iprange --src-range fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff -j ACCEPT",
    "-A input -j DROP",
    "-A input -p tcp -m multiport --dports 22 -j ACCEPT",
  ]);
});

test("what a file defines stands where it is named; a chain may stand on one line", () => {
  const file =
    "define ADMIN = { 10.9.9.0/24, 10.8.0.1 }\ntable inet f {\n chain input {\n  type filter hook input priority 0; policy drop;\n  ip saddr $ADMIN accept\n }\n chain forward { type filter hook forward priority 0; policy drop; iif lo accept; }\n}\n";
  const { baseChains, findings } = readNftBaseChains({ text: file, file: "nft" }, originTable());
  expect(findings).toEqual([]);
  expect(baseChains).toMatchObject([{ chain: "input" }, { chain: "forward", policy: "drop", ruleCount: 1 }]);
  expect(rules(file)).toEqual([
    "-A input -m iprange --src-range 10.9.9.0-10.9.9.255 -j ACCEPT",
    "-A input -m iprange --src-range 10.8.0.1-10.8.0.1 -j ACCEPT",
    "-A forward -i lo -j ACCEPT",
  ]);
});

test("a file that nft reads is taken too: several statements on a line, no spaces to speak of", () => {
  const file =
    "#!/usr/sbin/nft -f\nflush ruleset\ntable inet f { chain input { type filter hook input priority 0; policy drop; iif lo accept; tcp dport {22,80} accept } }\n";
  expect(rules(file.replaceAll("\n", "\r\n"))).toEqual([]);
  expect(rules(file.replace("chain", "\nchain").replace("type", "\ntype").replace("} }", "}\n}"))).toEqual([
    "-A input -i lo -j ACCEPT",
    "-A input -p tcp -m multiport --dports 22,80 -j ACCEPT",
  ]);
});

describe("a rule that says more than podpath models is told, and leaves its tests and its verdict as far as they are known:", () => {
  test.each([
    ["meta cpu 0 accept", "-A input … -j ACCEPT"],
    ["tcp dport 22 ct count over 3 drop", "-A input -p tcp -m multiport --dports 22 … -j DROP"],
    ["tcp dport 22 socket transparent 1 mark set 0x1 accept", "-A input -p tcp -m multiport --dports 22 … -j …"],
    ["ip saddr @nowhere drop", "-A input … -j DROP"],
    ["jump nowhere", "-A input -j nowhere"],
  ])("%s", (rule, expected) => {
    expect(rules(input(rule))).toEqual([expected]);
    expect(told(input(rule))).toEqual([
      `Table inet f belongs to nftables itself; one of its rules podpath does not model, the first of which is “${rule}”. Where a packet comes to one, the answer is uncertain.`,
    ]);
  });
});

test("a set that changes by itself leaves a look-up in doubt", () => {
  const text =
    "table inet f {\nset s {\ntype ipv4_addr\nflags dynamic,timeout\nelements = { 10.0.0.1 timeout 1h expires 5m }\n}\nchain input {\ntype filter hook input priority 0; policy accept;\nip saddr @s drop\n}\n}\n";
  expect(rules(text)).toEqual(["-A input … -j DROP"]);
});

test("what changes the mark is not asked about the changed mark again", () => {
  expect(rules(input("meta mark 0x1 meta mark set 0x7 accept"))).toEqual([
    "-A input#1.1 -j MARK --set-xmark 0x7/0xffffffff",
    "-A input#1.1 -j ACCEPT",
    "-A input -m mark --mark 0x1 -j input#1.1",
  ]);
});
