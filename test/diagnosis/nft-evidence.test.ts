import { expect, test } from "vitest";
import { runChecks } from "../../src/diagnosis/checks/checks.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";

const ADDRESSES =
  "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    inet 10.9.0.1/24 brd 10.9.0.255 scope global eth0\n";
const DOWN =
  "BIRD 1.6.8 ready.\nname     proto    table    state  since       info\nMesh_10_9_0_2 BGP      master   start  11:22:40    Connect\n";
const LOG =
  "[27207.117566] refused: IN=eth0 OUT= MAC= SRC=10.9.0.2 DST=10.9.0.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=57051 DF PROTO=TCP SPT=44332 DPT=179 WINDOW=65495 RES=0x00 SYN URGP=0 \n";

const table = (...rules: readonly string[]): string =>
  `table inet fw {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n${rules.map((rule) => `\t\t${rule}\n`).join("")}\t}\n}\n`;

function told(code: string, files: Readonly<Record<string, string>>): readonly string[] {
  const all = { "nodes/n1/ip-addr.txt": ADDRESSES, ...files };
  const { network, machines, cluster, ipam } = readSnapshot({ name: "test", files: new Map(Object.entries(all)) });
  const { evidence } = readEvidence(machines, network.origins);
  return runChecks(network, evidence, { cluster, ipam })
    .filter((finding) => finding.code === code)
    .map(({ message, file, line }) => `${file}:${line} ${message}`);
}

test.each([
  ["tcp dport 179 counter packets 42 bytes 2520 drop", true],
  ["tcp dport { 22, 179 } counter packets 42 bytes 2520 reject", true],
  ["tcp sport bgp counter packets 42 bytes 2520 drop", true],
  ["tcp dport 170-180 counter packets 42 bytes 2520 drop", true],
  ["tcp dport 179 counter packets 0 bytes 0 drop", false],
  ["tcp dport 179 counter packets 42 bytes 2520 accept", false],
  ["tcp dport 1-65535 counter packets 42 bytes 2520 drop", false],
  ["udp dport 179 counter packets 42 bytes 2520 drop", false],
])("a rule of nft's own against port 179 whose counter moved, and a session that is down: %s", (rule, speaks) => {
  const found = told("bgp-dropped-by-rule", {
    "nodes/n1/birdc-protocols.txt": DOWN,
    "nodes/n1/nft-ruleset.txt": table(rule),
  });
  expect(found.length).toBe(speaks ? 1 : 0);
  if (speaks) {
    expect(found[0]).toMatch(
      /^nodes\/n1\/nft-ruleset\.txt:4 n1 dropped 42 packets .* in chain inet fw input, .*Mesh_10_9_0_2 is Connect \(nodes\/n1\/birdc-protocols\.txt:3\)\.$/,
    );
  }
});

test("a packet in the kernel's log is cited with the rule of nft's own that logged it", () => {
  const rule = 'tcp dport 179 log prefix "refused: " drop';
  const found = (...rules: readonly string[]) =>
    told("packet-logged", { "nodes/n1/dmesg.txt": LOG, "nodes/n1/nft-ruleset.txt": table(...rules) }).join("\n");
  expect(found(rule)).toContain("nodes/n1/nft-ruleset.txt:4");
  // of two rules with that prefix nobody knows which one
  expect(found(rule, rule)).not.toContain("nft-ruleset.txt");
});
