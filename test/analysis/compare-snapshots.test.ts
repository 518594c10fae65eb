import { describe, expect, test } from "vitest";
import { hostSessions } from "../../src/analysis/bgp-evidence.ts";
import { type ComparedSnapshot, compareSnapshots } from "../../src/analysis/compare-snapshots.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import { comparisonJson } from "../../src/report/comparison-json.ts";
import { comparisonText } from "../../src/report/comparison-text.ts";
import { PLAIN_INK } from "../../src/report/ink.ts";
import { filterOfN2, read, twoNodes } from "../report/two-nodes.ts";

const session = (neighbour: string, state: string, info: string): string =>
  `BIRD 1.6.8 ready.\nname proto table state since info\nMesh_${neighbour.replaceAll(".", "_")} BGP master ${state} 10:00:00 ${info}\n`;

function side(name: string, more: Readonly<Record<string, string>> = {}): ComparedSnapshot {
  const files = twoNodes(more);
  const { network, machines } = read(files);
  return { name, network, sessions: hostSessions(readEvidence(machines, network.origins).evidence) };
}

const OPEN = [":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"];
const GOOD = side("good", {
  "nodes/n1/ip-route.txt":
    "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n10.244.2.0/24 via 10.0.0.2 dev eth0 proto bird\n",
  "nodes/n1/birdc-protocols.txt": session("10.0.0.2", "up", "Established"),
  "nodes/n2/birdc-protocols.txt": session("10.0.0.1", "up", "Established"),
});
const BROKEN = side("broken", {
  ...filterOfN2(...OPEN, "-A INPUT -p tcp -m tcp --dport 179 -j DROP"),
  "nodes/n1/ip-route.txt": "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n",
  "nodes/n1/birdc-protocols.txt": session("10.0.0.2", "start", "Connect"),
  "nodes/n2/birdc-protocols.txt": session("10.0.0.1", "start", "Passive"),
});

describe("the comparison of two snapshots", () => {
  test("finds the route that only one has", () => {
    const { routes } = comparisonJson(compareSnapshots(BROKEN, GOOD));
    expect(routes).toEqual([
      {
        host: "n1",
        in: "second",
        text: "10.244.2.0/24 via 10.0.0.2 dev eth0 proto bird",
        source: { file: "nodes/n1/ip-route.txt", line: 2 },
        pods: [],
      },
    ]);
  });

  test("finds the rule that only one has, with its line", () => {
    const { rules, policies } = comparisonJson(compareSnapshots(BROKEN, GOOD));
    expect(policies).toEqual([]);
    expect(rules).toMatchObject([
      {
        in: "first",
        host: "n2",
        chain: "INPUT",
        index: 1,
        text: "-A INPUT -p tcp -m tcp --dport 179 -j DROP",
        source: { line: 5 },
      },
    ]);
  });

  test("finds a policy that differs", () => {
    const dropping = side("dropping", filterOfN2(":INPUT DROP [5:300]", ...OPEN.slice(1)));
    const { policies } = comparisonJson(compareSnapshots(side("plain"), dropping));
    expect(policies).toMatchObject([
      { first: { host: "n2", text: ":INPUT ACCEPT [0:0]" }, second: { host: "n2", text: ":INPUT DROP [5:300]" } },
    ]);
  });

  test("counts a rule that stands there twice", () => {
    const once = side("once", filterOfN2(...OPEN, "-A INPUT -j ACCEPT"));
    const twice = side("twice", filterOfN2(...OPEN, "-A INPUT -j ACCEPT", "-A INPUT -j ACCEPT"));
    expect(comparisonJson(compareSnapshots(once, twice)).rules).toMatchObject([{ in: "second", index: 2 }]);
  });

  test("does not mind counters", () => {
    const counted = side("counted", filterOfN2(...OPEN, "[9:900] -A INPUT -j ACCEPT"));
    const fresh = side("fresh", filterOfN2(...OPEN, "[0:0] -A INPUT -j ACCEPT"));
    expect(comparisonJson(compareSnapshots(counted, fresh)).rules).toEqual([]);
  });

  test("sends the SYN that would open a lost session, from the side that dials, and finds where it dies", () => {
    const comparison = compareSnapshots(BROKEN, GOOD);
    expect(comparisonJson(comparison).sessions).toMatchObject([
      { host: "n1", neighbour: "10.0.0.2", first: "Connect", second: "Established" },
      { host: "n2", neighbour: "10.0.0.1", first: "Passive", second: "Established" },
    ]);
    expect(comparisonJson(comparison).openings).toMatchObject([
      {
        in: "first",
        from: "n1",
        to: "n2",
        answer: { branches: [{ outcome: "dropped", rule: { index: 1, source: { line: 5 } } }] },
      },
    ]);
  });

  test("works the other way round as well", () => {
    expect(comparisonJson(compareSnapshots(GOOD, BROKEN)).openings).toMatchObject([
      { in: "second", from: "n1", to: "n2" },
    ]);
  });

  test("of equal ones says so", () => {
    expect(comparisonText(compareSnapshots(GOOD, GOOD), PLAIN_INK)).toContain("Nothing that decides where packets go");
  });

  test("reads well in 80 columns", () => {
    const text = comparisonText(compareSnapshots(BROKEN, GOOD), PLAIN_INK);
    expect(text).toContain("Routes in good, missing in broken");
    expect(text).toMatch(/n1 → 10\.0\.0\.2 \(n2\) +Connect +Established/);
    expect(text).toContain("✗ was dropped on n2 in INPUT by filter INPUT rule 1,\n      nodes/n2/iptables-save.txt:5");
    for (const line of text.split("\n")) expect([...line].length, line).toBeLessThanOrEqual(80);
  });
});

/** As `nft list ruleset` prints what Debian's /etc/nftables.conf often holds. */
const HARDENED = (bgp: string): string => `table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		tcp dport { 22, 6443 } accept
		ip6 nexthdr ipv6-icmp accept
${bgp}	}
}
`;

test("rules of nft's own are compared as they are written, each once, with their numbers", () => {
  const hardened = side("hardened", { "nodes/n2/nft-ruleset.txt": HARDENED("") });
  const open = side("open", { "nodes/n2/nft-ruleset.txt": HARDENED("		tcp dport 179 accept\n") });
  const found = compareSnapshots(hardened, open);
  expect(found.rules.map(({ side: in_, table, index, rule }) => [in_, table, index, rule.nft?.text])).toEqual([
    ["second", "inet filter", 4, "tcp dport 179 accept"],
  ]);
  expect(found.policies).toEqual([]);
  expect(comparisonText(found, PLAIN_INK)).toMatch(/inet filter: chain input:\s+tcp dport 179 accept/);
});
