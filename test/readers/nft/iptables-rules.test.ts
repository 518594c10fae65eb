import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { printRule } from "../../../src/readers/iptables/print.ts";
import { MISSING } from "../../../src/readers/iptables/rule-reading.ts";
import { readNftIptablesRules } from "../../../src/readers/nft/iptables-rules.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { codes } from "../fixture.ts";

/** As nft 1.0.6 prints what iptables-nft 1.8.9 made. */
const RULESET = `table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy drop;
		ct state related,established counter packets 7 bytes 420 accept
		tcp dport 22  counter packets 0 bytes 0 accept
		meta l4proto tcp tcp dport { 80, 443, 8000-8010 } counter packets 0 bytes 0 accept
		iifname != "eth*" fib daddr type local counter packets 0 bytes 0 reject
		iifname "cali123456" xt match set counter packets 0 bytes 0 meta mark set mark and 0xffff xor 0x20000
		ct status dnat counter packets 0 bytes 0 accept
		counter packets 0 bytes 0 jump cali-INPUT
	}

	chain cali-INPUT {
		meta mark & 0x000f0000 != 0x00000000 counter packets 0 bytes 0 return
		tcp sport != 1024-65535 counter packets 0 bytes 0 reject with tcp reset
		counter packets 0 bytes 0 xt target CONNMARK
		counter packets 0 bytes 0 
	}
}
`;

const read = (text: string) => readNftIptablesRules(text, "f", originTable());
const rules = (text: string, chain: string): readonly string[] =>
  (read(text).rulesets[0]?.tables.get("filter")?.chains.get(chain)?.rules ?? []).map((rule) => printRule(rule, 4));

test("rules that nft has words for are those of iptables-save", () => {
  expect(rules(RULESET, "INPUT").filter((rule) => !rule.includes(MISSING))).toEqual([
    "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-p tcp -m tcp --dport 22 -j ACCEPT",
    "-p tcp -m multiport --dports 80,443,8000:8010 -j ACCEPT",
    "! -i eth+ -m addrtype --dst-type LOCAL -j REJECT --reject-with icmp-port-unreachable",
    "-j cali-INPUT",
  ]);
  const input = read(RULESET).rulesets[0]?.tables.get("filter")?.chains.get("INPUT");
  expect([input?.policy, input?.rules[0]?.counters]).toEqual(["DROP", { packets: 7, bytes: 420 }]);
});

test("what nft leaves out, prints wrong or loses is in doubt, with its line", () => {
  expect(rules(RULESET, "INPUT")).toHaveLength(7);
  expect(rules(RULESET, "INPUT").filter((rule) => rule.includes(MISSING))).toHaveLength(2);
  expect(rules(RULESET, "cali-INPUT").map((rule) => rule.includes(MISSING))).toEqual([false, false, true, true]);
  const told = read(RULESET).findings.filter((finding) => finding.code === "untold-options");
  expect(told.map(({ line }) => line)).toEqual([8, 9, 16, 17]);
});

test("a table of the same name that iptables-nft would not have made is somebody else's", () => {
  expect(read(RULESET.replace("priority filter;", "priority 10;")).rulesets).toEqual([]);
  expect(read("table inet firewalld {\n\tchain x {\n\t\taccept\n\t}\n}\n").rulesets).toEqual([]);
});

test("they stand in for a dump of iptables that is missing, and only for one", () => {
  const chains = (files: Readonly<Record<string, string>>) => {
    const result = readSnapshot({
      name: "s",
      files: new Map(Object.entries(files).map(([file, text]) => [`nodes/n/${file}`, text])),
    });
    const host = result.network.hosts.get("n");
    return [
      host?.rulesets[0]?.tables.get("filter")?.chains.size,
      host?.knowledge.get("rules6"),
      codes(result).includes("lossy-dump"),
    ];
  };
  expect(chains({ "nft-ruleset.txt": RULESET })).toEqual([2, "unknown", true]);
  const save = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
  expect(chains({ "nft-ruleset.txt": RULESET, "iptables-save.txt": save })).toEqual([3, "unknown", false]);
});
