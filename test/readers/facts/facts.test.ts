import fc from "fast-check";
import { expect, test } from "vitest";
import { sourceOf } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { readFactsFile } from "../../../src/readers/facts/facts-file.ts";
import { readStatement } from "../../../src/readers/facts/statement.ts";
import { printRule } from "../../../src/readers/iptables/print.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { codes, withoutOrigin } from "../fixture.ts";

const read = (facts: readonly string[], files: Readonly<Record<string, string>> = {}) =>
  readSnapshot({
    name: "s",
    files: new Map(Object.entries(files)),
    facts: facts.map((text, index) => ({ file: `--fact #${index + 1}`, line: 0, text })),
  });
const hostOf = (facts: readonly string[], files: Readonly<Record<string, string>> = {}, name = "n1") => {
  const host = read(facts, files).network.hosts.get(name);
  if (host === undefined) throw new Error(`no ${name}`);
  return host;
};
const routesOf = (facts: readonly string[], files: Readonly<Record<string, string>> = {}): readonly string[] =>
  hostOf(facts, files)
    .routes.filter((route) => route.family === 4 && route.type !== "broadcast")
    .map((route) => {
      const [hop] = route.nextHops;
      return `${route.type} ${formatPrefix(route.destination)} ${hop?.gateway ? formatAddress(hop.gateway) : "-"} ${hop?.interface ?? "-"}`;
    })
    .sort();

const DUMPED = {
  "nodes/n1/ip-addr.txt":
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500\n    link/ether 02:00:00:00:00:01\n    inet 10.0.0.1/24 scope global eth0\n",
  "nodes/n1/ip-route.txt":
    "default via 10.0.0.254 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n192.168.0.0/26 via 10.0.0.2 dev eth0 proto bird\n",
  "nodes/n1/iptables-save.txt":
    "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:cali-INPUT - [0:0]\n-A INPUT -j cali-INPUT\nCOMMIT\n",
  "nodes/n1/ipset-save.txt": "create pods hash:net family inet hashsize 1024 maxelem 65536\nadd pods 192.168.0.0/26\n",
  "nodes/n1/sysctl.txt":
    "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.forwarding = 1\nnet.ipv4.conf.eth0.forwarding = 1\n",
  "nodes/n1/ip-neigh.txt": "10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE\n",
};

test("a host that only facts tell of has the routes its addresses bring along", () => {
  expect(routesOf(["n1: route 192.168.0.0/26 via 10.0.0.2", "n1: address 10.0.0.1/24 dev eth0"])).toEqual([
    "local 10.0.0.1/32 - eth0",
    "local 127.0.0.0/8 - lo",
    "local 127.0.0.1/32 - lo",
    "unicast 10.0.0.0/24 - eth0",
    "unicast 192.168.0.0/26 10.0.0.2 eth0",
  ]);
  expect(hostOf(["n1: address 10.0.0.1/24 dev eth0"]).knowledge.get("rules")).toBe("unknown");
  expect(hostOf(["n1: address 10.0.0.1/24 dev eth0", "n1: rule -P INPUT DROP"]).knowledge.get("rules")).toBe("assumed");
});

test("a fact counts more than a dump, cites itself, and the contradiction is told with both places", () => {
  const facts = ["n1: route 192.168.0.0/26 via 10.0.0.3"];
  expect(routesOf(facts, DUMPED)).toContain("unicast 192.168.0.0/26 10.0.0.3 eth0");
  expect(routesOf(facts, DUMPED)).not.toContain("unicast 192.168.0.0/26 10.0.0.2 eth0");
  const { network, findings } = read(facts, DUMPED);
  const route = network.hosts.get("n1")?.routes.find((one) => formatPrefix(one.destination) === "192.168.0.0/26");
  expect(sourceOf(network.origins, route?.origin ?? 0)).toEqual({ file: "--fact #1" });
  const told = findings.find((finding) => finding.code === "fact-contradicts-dump");
  expect(told).toMatchObject({ file: "--fact #1", message: expect.stringContaining("nodes/n1/ip-route.txt:3") });
});

test.each([
  ["n1: address 10.0.0.1/25 dev eth0", "nodes/n1/ip-addr.txt:5"],
  ["n1: link eth0 mtu 1400", "mtu 1500"],
  ["n1: sysctl net.ipv4.ip_forward=0", "net.ipv4.ip_forward = 1"],
  ["n1: rule -P FORWARD DROP", "policy ACCEPT"],
  ["n1: neighbour 10.0.0.2 dev eth0 lladdr 02:00:00:00:00:99", "02:00:00:00:00:02"],
])("%s contradicts what the dump has: %s", (fact, what) => {
  const told = read([fact], DUMPED).findings.filter((finding) => finding.code === "fact-contradicts-dump");
  expect(told).toHaveLength(1);
  expect(told[0]?.message).toContain(what);
});

test("a fact that a dump tells already changes nothing", () => {
  const same = [
    "n1: route 192.168.0.0/26 via 10.0.0.2 dev eth0",
    "n1: address 10.0.0.1/24 dev eth0",
    "n1: rule -A INPUT -j cali-INPUT",
    "n1: set add pods 192.168.0.0/26",
    "n1: link eth0 up mtu 1500",
  ];
  const without = hostOf([], DUMPED);
  const host = hostOf(same, DUMPED);
  expect(codes(read(same, DUMPED))).not.toContain("fact-contradicts-dump");
  for (const part of ["routes", "interfaces", "rulesets", "ipSets", "policyRules"] as const) {
    expect(withoutOrigin(host[part]), part).toEqual(withoutOrigin(without[part]));
  }
});

test("rules go where they say, among the chains of the dump", () => {
  const host = hostOf(
    [
      "n1: rule -A INPUT -p tcp --dport 179 -j DROP",
      "n1: rule -I cali-INPUT -s 10.0.0.0/8 -j ACCEPT",
      "n1: rule nat -A POSTROUTING -o eth0 -j MASQUERADE",
    ],
    DUMPED,
  );
  const rules = (table: "filter" | "nat", chain: string): readonly string[] =>
    (host.rulesets[0]?.tables.get(table)?.chains.get(chain)?.rules ?? []).map((rule) => printRule(rule, 4));
  expect(rules("filter", "INPUT")).toEqual(["-j cali-INPUT", "-p tcp -m tcp --dport 179 -j DROP"]);
  expect(rules("filter", "cali-INPUT")).toEqual(["-s 10.0.0.0/8 -j ACCEPT"]);
  expect(rules("nat", "POSTROUTING")).toEqual(["-o eth0 -j MASQUERADE"]);
});

test("sets, policy rules, sockets and sessions", () => {
  const facts = [
    "n1: set add pods 10.9.0.0/16",
    "n1: policy-rule 100: from 10.0.0.0/8 lookup 200",
    "n1: socket tcp 10.0.0.1:179",
    "n1: session 10.0.0.2 Active Socket: Connection refused",
    "n1: sysctl net.ipv4.ip_forward=0",
  ];
  const host = hostOf(facts, DUMPED);
  expect(host.ipSets.get("pods")?.members).toHaveLength(2);
  expect(
    host.policyRules
      .filter((rule) => rule.family === 4)
      .map((rule) => rule.priority)
      .slice(0, 3),
  ).toEqual([0, 100, 32766]);
  expect(host.sockets).toMatchObject([{ port: 179 }]);
  expect(host.sysctls.get("net.ipv4.conf.eth0.forwarding")).toBe("0");
  const told = read(facts, DUMPED);
  expect(told.factEvidence.get("n1")?.bgpSessions).toMatchObject([
    { bgpState: "Active", info: "Active Socket: Connection refused" },
  ]);
  expect(codes(told).filter((code) => code === "bad-fact")).toEqual([]);
});

test("a pod on a node without dumps is behind the device that Calico would make", () => {
  const { network } = read(["n1: address 10.0.0.1/24 dev eth0", "pod shop/a ip 192.168.0.5 node n1"]);
  expect(network.hosts.get("pod/shop/a")?.node).toBe("n1");
  expect(network.links.some((link) => link.members.some((end) => end.host === "pod/shop/a"))).toBe(true);
});

test.each<[string, number]>([
  ["n1 route 10.0.0.0/8", 1],
  ["n1: router 10.0.0.0/8", 5],
  ["n1: route", 10],
  ["n1: route 10.0.0.0/8 vai 10.0.0.1", 23],
  ["n1: address 10.0.0.1000/24 dev eth0", 13],
  ["n1: address 10.0.0.1/24", 24],
  ["n1: link eth0 mtu big", 15],
  ["n1: rule INPUT -j DROP", 10],
  ["n1: rule -A INPUT -p tcp --dprot 5", 10],
  ["n1: rule -P INPUT REJECT", 19],
  ["n1: rule -A INPUT -p tcp --dport 179 -j DORP", 41],
  ["n1: rule -A INPUT -m tcpp -j DROP", 22],
  ["n1: rule nat -A OUTPUT -d 10.0.0.2 -j DROP", 10],
  ["n1: rule6 -A INPUT -s 10.0.0.1 -j DROP", 23],
  ["n1: sysctl ip_forward=0", 12],
  ["n1: sysctl net.ipv4.ip_forward=2x", 32],
  ["n1: set add nothing 10.0.0.0/8", 13],
  ["n1: sysctl ip_forward", 12],
  ["n1: session 10.0.0.2 Working", 13],
  ["n1: socket icmp 5", 12],
  ["pod a ip 10.0.0.1", 1],
])("“%s” is refused at a column, with what was expected", (fact, column) => {
  const [finding] = read([fact, "n1: address 10.0.0.9/24 dev eth9"]).findings.filter(({ code }) => code === "bad-fact");
  expect(finding).toMatchObject({ file: "--fact #1", expected: expect.any(String) });
  if (!/vai|dprot/.test(fact)) expect(finding?.column).toBe(column);
});

test("a chain that nobody told of, and an extension of somebody's own, are taken", () => {
  const facts = ["n1: rule -A FORWARD -j DOCKER", "n1: rule -A INPUT -m geoip --src-cc XX -j DROP"];
  expect(codes(read([...facts, "n1: address 10.0.0.9/24 dev eth9"]))).not.toContain("bad-fact");
});

test("facts about a pod that nobody knows are told", () => {
  expect(
    codes(read(["pod/shop/a: route default via 169.254.1.1 dev eth0", "n1: address 10.0.0.1/24 dev eth0"])),
  ).toContain("fact-about-nobody");
});

test("facts.yaml: quoted, unquoted, by host, each with its line; what is no fact is told", () => {
  const text =
    'apiVersion: podpath/v1\nkind: Facts\nfacts:\n  - "n1: address 10.0.0.1/24 dev eth0"\n  - n1: route 1.0.0.0/8 via 10.0.0.2\n  - n2: [link eth0 up, link eth1 down]\n';
  expect(readFactsFile(text, "f").facts.map(({ line, text: fact }) => `${line} ${fact}`)).toEqual([
    "4 n1: address 10.0.0.1/24 dev eth0",
    "5 n1: route 1.0.0.0/8 via 10.0.0.2",
    "6 n2: link eth0 up",
    "6 n2: link eth1 down",
  ]);
  expect(readFactsFile("facts:\n  n1: [route default via 10.0.0.1]\n", "f").facts).toEqual([
    { file: "f", line: 2, text: "n1: route default via 10.0.0.1" },
  ]);
  expect(codes(readFactsFile("facts: 5\n", "f"))).toEqual(["wrong-field"]);
  expect(codes(readFactsFile("facts: [", "f"))).toEqual(["yaml-syntax"]);
});

const someFact = fc.oneof(
  fc.constantFrom(
    "n1: address 10.0.0.1/24 dev eth0",
    "n1: address 10.1.0.1/24 dev eth1",
    "n1: route 192.168.0.0/26 via 10.0.0.2",
    "n1: route default via 10.1.0.9",
    "n1: link eth1 up mtu 1400",
    "n1: sysctl net.ipv4.ip_forward=0",
    "n1: neighbour 10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 STALE",
    "n1: policy-rule 100: from all lookup 200",
    "n1: rule -P INPUT DROP",
  ),
);

test("an MTU that is told is IPv6's as well, as after `ip link set`, unless the setting is told too", () => {
  const key = "net.ipv6.conf.eth0.mtu";
  const dumped = { ...DUMPED, "nodes/n1/sysctl.txt": `${DUMPED["nodes/n1/sysctl.txt"]}${key} = 1500\n` };
  expect(hostOf(["n1: link eth0 mtu 9000"], dumped).sysctls.get(key)).toBe("9000");
  expect(hostOf(["n1: sysctl net.ipv6.conf.eth0.mtu=1400", "n1: link eth0 mtu 9000"], dumped).sysctls.get(key)).toBe(
    "1400",
  );
  expect(hostOf(["n1: link eth0 mtu 9000"], DUMPED).sysctls.has(key)).toBe(false);
});

test("the order of facts does not matter", () => {
  fc.assert(
    fc.property(fc.uniqueArray(someFact, { minLength: 2 }), fc.infiniteStream(fc.nat()), (facts, order) => {
      const shuffled = [...facts].map((fact) => [order.next().value ?? 0, fact] as const).sort(([x], [y]) => x - y);
      const told = (list: readonly string[]): unknown => {
        const host = read(list).network.hosts.get("n1");
        const sorted = (value: unknown): unknown =>
          Array.isArray(value) ? value.map((one) => JSON.stringify(one)).sort() : value;
        return [
          sorted(withoutOrigin(host?.routes ?? [])),
          sorted([...(host?.interfaces.values() ?? [])].map((device) => withoutOrigin({ ...device, index: 0 }))),
          sorted(withoutOrigin([...(host?.sysctls ?? [])])),
          sorted(withoutOrigin(host?.neighbours ?? [])),
          withoutOrigin(host?.policyRules ?? []),
        ];
      };
      expect(told(shuffled.map(([, fact]) => fact))).toEqual(told(facts));
    }),
    { numRuns: 60 },
  );
});

test("no text makes a fact throw", () => {
  const word = fc.constantFrom(
    "n1:",
    "route",
    "address",
    "rule",
    "-A",
    "INPUT",
    "set",
    "add",
    "create",
    "sysctl",
    "=",
    "via",
    "dev",
    "eth0",
    "10.0.0.0/8",
    "::1",
    '"',
    "pod",
    "a/b",
    "ip",
    "…",
    "\t",
    "socket",
    "link",
    "policy-rule",
    "session",
    "-I",
    "9999999999",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(word, { maxLength: 9 }).map((words) => words.join(" ")),
        fc.string({ unit: "binary" }),
      ),
      (text) => {
        readStatement({ file: "f", line: 1, text });
        read([text, "n1: address 10.0.0.9/24 dev eth9"]);
        readFactsFile(`facts:\n  - ${text}\n`, "f");
      },
    ),
    { numRuns: 120 },
  );
});
