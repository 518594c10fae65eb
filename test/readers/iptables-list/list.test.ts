import fc from "fast-check";
import { expect, test } from "vitest";
import { printRule } from "../../../src/readers/iptables/print.ts";
import { MISSING } from "../../../src/readers/iptables/rule-reading.ts";
import { type DumpKind, recogniseDump } from "../../../src/readers/recognise.ts";
import { readLoneDump } from "../../../src/readers/snapshot/lone-dump.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";
import { fixture } from "../fixture.ts";
import { codes, readSave } from "../iptables/helpers.ts";

const listing = (name: string): string => fixture(`iptables-list/fixtures/${name}.txt`);

function rules(text: string, table: "filter" | "nat" | "mangle" = "filter", chain = "INPUT"): readonly string[] {
  const found = readSave(text).rulesets[0]?.tables.get(table)?.chains.get(chain);
  return (found?.rules ?? []).map((rule) => printRule(rule, 4));
}

test("a real listing with -v is the rules of iptables-save", () => {
  expect(rules(listing("filter-verbose")).slice(0, 7)).toEqual([
    "-m state --state RELATED,ESTABLISHED -j ACCEPT",
    "-i lo -j ACCEPT",
    '-p tcp -m tcp --dport 22 -m comment --comment "allow ssh" -j ACCEPT',
    "-p tcp -m multiport --dports 80,443,8000:8010 -j ACCEPT",
    '-s 10.0.0.0/24 -p ipencap -m comment --comment "cali:abc_12" -m comment --comment "Allow IPIP packets from Calico hosts" -j ACCEPT',
    "-p icmp -m icmp --icmp-type 8 -m limit --limit 5/sec -j ACCEPT",
    "! -i eth+ -m addrtype --dst-type LOCAL -j REJECT --reject-with icmp-port-unreachable",
  ]);
  expect(rules(listing("filter-verbose"), "filter", "cali-FORWARD")).toEqual([
    "-i cali+ -g cali-from-wl-dispatch",
    "-m mark ! --mark 0x0/0xf0000 -j RETURN",
    "",
  ]);
  const [ruleset] = readSave(listing("filter-verbose")).rulesets;
  expect(ruleset?.tables.get("filter")?.chains.get("INPUT")?.policy).toBe("DROP");
});

test("names that a listing without -n has in place of numbers are read", () => {
  expect(rules(listing("nat-names"), "nat", "PREROUTING")).toEqual([
    '-d 10.96.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-X',
  ]);
});

test("a rule of which the listing says something that nobody can read is in doubt, with its line", () => {
  expect(rules(listing("filter-verbose")).at(-1)).toContain(MISSING);
  expect(readSave(listing("filter-verbose")).findings).toContainEqual(
    expect.objectContaining({ code: "untold-options", line: 15 }),
  );
});

test("counters with suffixes are rounded numbers, and said to be", () => {
  const text = listing("filter-verbose").replace(
    "    0     0 ACCEPT     0    --  lo",
    " 113M   42G ACCEPT     0    --  lo",
  );
  const [ruleset] = readSave(text).rulesets;
  expect(ruleset?.tables.get("filter")?.chains.get("INPUT")?.rules[1]?.counters).toEqual({
    packets: 113e6,
    bytes: 42e9,
  });
  expect(codes(readSave(text))).toContain("rounded-counters");
});

test("a row that was broken by a terminal is one rule", () => {
  const text = listing("filter-verbose").replace(" /* Allow IPIP packets", "\n/* Allow IPIP packets");
  expect(rules(text)).toEqual(rules(listing("filter-verbose")));
  expect(codes(readSave(text))).toContain("wrapped-line");
});

test("the command at the prompt says which table and family a listing is of", () => {
  const row = "Chain PREROUTING (policy ACCEPT)\ntarget     prot opt source               destination\n";
  const [ruleset] = readSave(`[root@n1 ~]# sudo ip6tables-legacy -t raw -nL\n${row}`).rulesets;
  expect([ruleset?.family, ruleset?.backend, [...(ruleset?.tables.keys() ?? [])]]).toEqual([6, "legacy", ["raw"]]);
  // without a prompt the chains decide
  expect([...(readSave(row).rulesets[0]?.tables.keys() ?? [])]).toEqual(["nat"]);
});

function certainty(text: string, packet: object): string {
  const { network } = readLoneDump(text, "fw.txt");
  const question = parsePacketLine(
    JSON.stringify({ host: "node", interface: "eth0", assume: { route: "local" }, ...packet }),
    { file: "p", line: 1 },
  );
  if ("findings" in question) throw new Error(JSON.stringify(question.findings));
  const asked = createPacketSession(network).ask(question.question, { everyRule: false, strict: false });
  if ("findings" in asked) throw new Error(JSON.stringify(asked.findings));
  return asked.answer.unknowns.map(({ question: words }) => words).join("; ");
}

test("without interfaces an answer depends on them where they matter, and only there", () => {
  const telnet = { src: "10.1.1.1", dst: "10.1.1.2", proto: "tcp", flags: "S", dport: 23, sport: 1024 };
  expect(certainty(listing("filter"), telnet)).toMatch(/line 4 of the iptables dump.*does not tell which interfaces/);
  // nothing before the policy has to do with ports or addresses of this one
  const only =
    "Chain INPUT (policy DROP)\ntarget     prot opt source               destination\nACCEPT     tcp  --  192.0.2.0/24         0.0.0.0/0            tcp dpt:22\n";
  expect(certainty(only, telnet)).toBe("");
  expect(certainty(only, { ...telnet, src: "192.0.2.1", dport: 22 })).toContain("which interfaces");
});

test.each<[string, DumpKind]>([
  ["filter", "iptables-list"],
  ["filter-verbose", "iptables-list"],
  ["nat-names", "iptables-list"],
  ["filter6", "iptables-list"],
])("%s is recognised as %s", (name, kind) => {
  expect(recogniseDump(listing(name))).toBe(kind);
});

test("a listing is read under its own name and under iptables-save's, and not beside a dump that tells more", () => {
  const read = (files: Readonly<Record<string, string>>) =>
    readSnapshot({ name: "s", files: new Map(Object.entries(files).map(([file, text]) => [`nodes/n/${file}`, text])) });
  const chains = (files: Readonly<Record<string, string>>) =>
    read(files).network.hosts.get("n")?.rulesets[0]?.tables.get("filter")?.chains.size;
  const text = listing("filter-verbose");
  expect(chains({ "iptables-list.txt": text })).toBe(5);
  expect(chains({ "iptables-save.txt": text })).toBe(5);
  expect(chains({ "iptables-list.txt": text, "iptables-save.txt": "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n" })).toBe(1);
});

test("no listing in disorder throws or loses a line without a word", () => {
  const pieces = listing("filter-verbose").split(/(?<=\s)/);
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces, "\n"), { maxLength: 60 }), (parts) => {
      const text = `Chain INPUT (policy ACCEPT)\n pkts bytes target prot opt in out source destination\n${parts.join("")}`;
      const save = readSave(text);
      for (const { line } of save.findings) expect(line === undefined || line <= text.split("\n").length).toBe(true);
    }),
    { numRuns: 300 },
  );
});
