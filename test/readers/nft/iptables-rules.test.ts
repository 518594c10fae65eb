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

/** As nft 1.0.6 prints in JSON what iptables-nft 1.8.9 made. */
const JSON_RULESET = JSON.stringify({
  nftables: [
    { metainfo: { version: "1.0.6" } },
    { table: { family: "ip", name: "filter", handle: 1 } },
    {
      chain: {
        family: "ip",
        table: "filter",
        name: "INPUT",
        handle: 1,
        type: "filter",
        hook: "input",
        prio: 0,
        policy: "drop",
      },
    },
    { chain: { family: "ip", table: "filter", name: "foo", handle: 10 } },
    ...[
      [
        { match: { op: "==", left: { meta: { key: "iifname" } }, right: "cali*" } },
        {
          match: {
            op: "==",
            left: { payload: { protocol: "ip", field: "saddr" } },
            right: { prefix: { addr: "10.0.0.0", len: 8 } },
          },
        },
        { match: { op: "==", left: { payload: { protocol: "tcp", field: "dport" } }, right: 179 } },
        { xt: { type: "match", name: "comment" } },
        { counter: { packets: 7, bytes: 420 } },
        { accept: null },
      ],
      [
        { match: { op: "==", left: { "&": [{ meta: { key: "mark" } }, 65536] }, right: 65536 } },
        {
          match: { op: "!=", left: { payload: { protocol: "tcp", field: "sport" } }, right: { range: [1024, 65535] } },
        },
        { counter: { packets: 0, bytes: 0 } },
        { goto: { target: "foo" } },
      ],
      [{ xt: { type: "match", name: "conntrack" } }, { counter: { packets: 1, bytes: 60 } }, { drop: null }],
      [{ counter: { packets: 0, bytes: 0 } }, { xt: { type: "target", name: "LOG" } }],
      [{ frob: { some: ["thing", "new"] } }, { counter: { packets: 0, bytes: 0 } }, { drop: null }],
    ].map((expr) => ({ rule: { family: "ip", table: "filter", chain: "INPUT", handle: 2, expr } })),
  ],
});

test("JSON tells the same rules, and those of which it tells less are in doubt", () => {
  const { rulesets, findings } = read(JSON_RULESET);
  expect(rulesets[0]?.tables.get("filter")?.chains.get("INPUT")).toMatchObject({ policy: "DROP" });
  const [bgp, marked, conntrack, log, unknown] = rules(JSON_RULESET, "INPUT");
  expect(bgp).toBe("-s 10.0.0.0/8 -i cali+ -p tcp -m tcp --dport 179 -j ACCEPT");
  expect(marked).toBe("-p tcp -m mark --mark 0x10000/0x10000 -m tcp ! --sport 1024:65535 -g foo");
  expect(conntrack).toContain(MISSING);
  expect(conntrack).toContain("-j DROP");
  expect(log).toContain(MISSING);
  expect(unknown).toContain(MISSING);
  expect(codes({ findings })).toContain("untold-options");
  expect(read(JSON_RULESET.slice(0, 900)).rulesets).toEqual([]);
});
