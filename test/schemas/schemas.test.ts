import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../../src/cli/program.ts";
import { readFactsFile } from "../../src/readers/facts/facts-file.ts";
import { parseDocument } from "../../src/readers/resources/parse-document.ts";
import { readScenario } from "../../src/readers/scenario/read-scenario.ts";
import { parsePacketLine } from "../../src/trace/packet-question.ts";
import { ROOT } from "../docs/root.ts";
import { errorsAgainst } from "./validate.ts";

const SCENARIOS = join(ROOT, "scenarios");
const INCIDENT = join(SCENARIOS, "debian-firewall-blocks-bgp/bgp-blocked");
const HEALTHY = join(SCENARIOS, "debian-firewall-blocks-bgp/healthy");
const THREE_NODES = join(ROOT, "examples/three-nodes/cluster");

/** What a command prints on stdout. */
async function printed(args: readonly string[], stdin = ""): Promise<string> {
  let output = "";
  async function* input(): AsyncIterable<unknown> {
    yield stdin;
  }
  await runCommand(args, {
    stdout: { write: (text) => (output += text) },
    stderr: { write: () => true },
    stdin: input(),
    env: {},
  });
  return output;
}

function yamlOf(path: string): unknown {
  const document = parseDocument(readFileSync(path, "utf8"));
  if (document.kind === "error") throw new Error(document.message);
  return document.value;
}

describe("committed scenarios", () => {
  const files = readdirSync(SCENARIOS, { encoding: "utf8", recursive: true });

  test.each(files.filter((file) => file.endsWith("scenario.yaml")))("%s is a scenario", (file) => {
    expect(errorsAgainst("scenario", yamlOf(join(SCENARIOS, file)))).toEqual([]);
  });

  test.each(files.filter((file) => file.endsWith("snapshot.yaml")))("%s is a snapshot", (file) => {
    expect(errorsAgainst("snapshot", yamlOf(join(SCENARIOS, file)))).toEqual([]);
  });
});

describe("trace --json gives a result:", () => {
  test.each([
    ["a timeout", INCIDENT, ["--from", "pod/default/a", "--to", "pod/default/c"]],
    ["a round trip", HEALTHY, ["--from", "pod/default/a", "--to", "pod/default/c", "--port", "80"]],
    [
      "every evaluated rule",
      INCIDENT,
      ["--from", "node/worker-1", "--to", "node/worker-2", "--port", "179", "--verbose"],
    ],
    ["branches", HEALTHY, ["--from", "pod/default/a", "--to", "service/kube-system/kube-dns:dns"]],
    ["a traceroute", HEALTHY, ["--from", "pod/default/a", "--to", "pod/default/c", "--kind", "traceroute"]],
    ["an uncertain one", HEALTHY, ["--from", "pod/default/a", "--to", "pod/default/c", "--strict"]],
    ["an error of the sender", INCIDENT, ["--from", "pod/default/a", "--to", "240.0.0.1"]],
  ])("%s", async (_, network, args) => {
    expect(errorsAgainst("result", JSON.parse(await printed(["trace", network, ...args, "--json"])))).toEqual([]);
  });
});

describe("explain-rule --json gives an explanation:", () => {
  test.each([
    ["a chain of a dump", HEALTHY, ["filter/cali-FORWARD", "--node", "worker-1"]],
    ["a rule of a dump", HEALTHY, ["nat/KUBE-SERVICES:2"]],
    ["a policy", HEALTHY, ["NetworkPolicy", "default/default.allow-apiserver"]],
    ["a set", HEALTHY, ["cali40s:Ub8LfdQHmOj2rpKLJ3cPcZA"]],
    ["a Service", HEALTHY, ["Service", "kube-system/kube-dns"]],
    ["a policy of manifests", THREE_NODES, ["NetworkPolicy", "default/allow-apiserver"]],
    ["a chain of manifests", THREE_NODES, ["filter/cali-INPUT"]],
    ["a set of manifests", THREE_NODES, ["cali40all-ipam-pools"]],
  ])("%s", async (_, network, args) => {
    const text = await printed(["explain-rule", network, ...args, "--json"]);
    expect(errorsAgainst("explain-rule", JSON.parse(text))).toEqual([]);
  });

  test("a cause without a resource is none", () => {
    const rule = { index: 1, text: "-A INPUT -j ACCEPT", owner: null, cause: { field: "spec" } };
    const chain = { nodes: ["n"], family: 4, backend: "nft", table: "filter", chain: "INPUT", rules: [rule] };
    expect(errorsAgainst("explain-rule", { chains: [chain], sets: [] })).not.toEqual([]);
  });
});

describe("probe:", () => {
  const lines = [
    '{"id":"bgp","host":"worker-2","interface":"eth0","src":"172.16.0.10","dst":"172.16.0.11","proto":"tcp","sport":40000,"dport":179}',
    '{"id":"ssh","host":"worker-1","src":"172.16.0.10","dst":"172.16.0.11","proto":"tcp","sport":40001,"dport":22,"answers":true}',
    '{"id":"ssh-data","replyTo":"ssh"}',
    '{"id":"out","host":"worker-1","dst":"198.51.100.1","proto":132,"uid":1000,"mark":1}',
    '{"id":"error","host":"worker-1","interface":"eth0","src":"172.16.0.1","dst":"172.16.0.10","icmpType":3,"icmpCode":0,' +
      '"icmpInner":{"src":"172.16.0.10","dst":"198.51.100.1","proto":"udp","sport":1000,"dport":2000}}',
  ];

  test.each(lines)("%s is a packet", (line) => {
    expect(errorsAgainst("packet", JSON.parse(line))).toEqual([]);
  });

  test("gives one result a line, also for a line that is wrong", async () => {
    const input = [...lines, '{"id":"typo","host":"worker-1","dts":"172.16.0.11"}', "nonsense"];
    const results = (await printed(["probe", INCIDENT, "--packets", "-"], input.join("\n"))).trimEnd().split("\n");
    expect(results).toHaveLength(input.length);
    for (const result of results) expect(errorsAgainst("result", JSON.parse(result)), result).toEqual([]);
  });
});

describe("what a schema refuses, its reader refuses too:", () => {
  test.each([
    '{"host":"worker-1","dts":"10.0.0.1"}',
    '{"host":"worker-1"}',
    '{"host":"worker-1","dst":"10.0.0.1","dport":65536}',
    '{"host":"worker-1","dst":"10.0.0.1","flags":"SYN"}',
    '{"host":"worker-1","dst":"10.0.0.1","df":"yes"}',
    '{"host":"worker-1","dst":"10.0.0.1","at":-1}',
    '{"host":"worker-1","dst":"10.0.0.1","assume":{"route":"somewhere"}}',
    '{"host":"worker-1","dst":"10.0.0.1","assume":{"ctstate":"established"}}',
    "[]",
  ])("packet %s", (line) => {
    expect(errorsAgainst("packet", JSON.parse(line))).not.toEqual([]);
    expect(parsePacketLine(line, { file: "packets", line: 1 })).toHaveProperty("findings");
  });

  const head = "apiVersion: podpath/v1\nkind: Scenario\n";
  const network = "network: {snapshot: ./snapshot}\n";
  test.each([
    ["another version", `apiVersion: podpath/v2\nkind: Scenario\n${network}`],
    ["no network", head],
    ["two networks", `${head}network: {snapshot: ./a, cluster: ./b}\n`],
    ["an unknown key", `${head}${network}probs: []\n`],
    ["a probe without an end", `${head}${network}probes: [{from: pod/default/a}]\n`],
    ["an unknown result", `${head}${network}probes: [{from: a, to: b, expect: {result: ok}}]\n`],
    ["an unknown expectation", `${head}${network}probes: [{from: a, to: b, expect: {results: timeout}}]\n`],
    ["a port that is none", `${head}${network}probes: [{from: a, to: b, port: 0}]\n`],
  ])("scenario with %s", (_, text) => {
    const document = parseDocument(text);
    if (document.kind === "error") throw new Error(document.message);
    expect(errorsAgainst("scenario", document.value)).not.toEqual([]);
    expect(readScenario(text, "scenario.yaml").findings.filter(({ severity }) => severity === "error")).not.toEqual([]);
  });
});

describe("the snapshot's schema refuses", () => {
  const good = { apiVersion: "podpath/v1", kind: "Snapshot" };
  test.each([
    ["another kind", { ...good, kind: "Scenario" }],
    ["a member without interface", { ...good, fabric: { segments: [{ name: "lan", members: ["node1"] }] } }],
    [
      "an address without prefix length",
      { ...good, fabric: { hosts: [{ name: "gw", interfaces: [{ name: "eth0", addresses: ["10.0.0.1"] }] }] } },
    ],
    ["a host without name", { ...good, fabric: { hosts: [{}] } }],
    ["a fabric route that leads nowhere", { ...good, fabric: { routes: [{ via: "10.0.0.1" }] } }],
  ])("%s", (_, value) => {
    expect(errorsAgainst("snapshot", good)).toEqual([]);
    expect(errorsAgainst("snapshot", value)).not.toEqual([]);
  });
});

describe("the facts' schema and their reader agree that", () => {
  const read = (text: string) => {
    const document = parseDocument(text);
    if (document.kind === "error") throw new Error(document.message);
    return { value: document.value, ...readFactsFile(text, "facts.yaml") };
  };

  test.each([
    'facts: ["n1: route default via 10.0.0.1"]',
    "apiVersion: podpath/v1\nkind: Facts\nfacts: [{n1: [route default via 10.0.0.1, rule -P FORWARD DROP]}, pod a/b ip 10.0.0.2 node n1]",
    "facts: {n1: route default via 10.0.0.1, host/gw: [address 10.0.0.1/24 dev eth0]}",
  ])("%s are facts", (text) => {
    const { value, facts, findings } = read(text);
    expect(errorsAgainst("facts", value)).toEqual([]);
    expect(findings).toEqual([]);
    expect(facts.length).toBeGreaterThan(0);
  });

  test.each([
    "facts: 7",
    "apiVersion: podpath/v2\nfacts: [a]",
    "facts: [7]",
    "facts: {n1: {route: default}}",
    "fact: [a]",
  ])("%s are none", (text) => {
    const { value, findings } = read(text);
    expect(errorsAgainst("facts", value)).not.toEqual([]);
    expect(findings).not.toEqual([]);
  });
});

describe("the result's schema", () => {
  const branch = {
    probability: 1,
    conditions: [],
    count: 1,
    outcome: "dropped",
    result: null,
    socket: null,
    at: { host: "R", interface: "eth0", hook: "INPUT" },
    reason: "NETFILTER_DROP",
    nextHop: null,
    rule: null,
    error: null,
    packet: { src: "10.0.0.1", dst: "10.0.0.2", proto: "tcp", ttl: 64, free: [] },
    responses: [],
    steps: [],
  };
  const good = { id: "1", certainty: "certain", assumptions: [], branches: [branch] };

  test("allows added fields", () => {
    expect(errorsAgainst("result", { ...good, added: 1, branches: [{ ...branch, added: 1 }] })).toEqual([]);
  });

  test.each([
    ["no branches", { ...good, branches: [] }],
    ["an outcome that is none", { ...good, branches: [{ ...branch, outcome: "lost" }] }],
    ["a reason that no kernel gives", { ...good, branches: [{ ...branch, reason: "firewalled" }] }],
    ["a missing place", { ...good, branches: [{ ...branch, at: null }] }],
    ["a step of no kind", { ...good, branches: [{ ...branch, steps: [{ host: "R", kind: "teleport" }] }] }],
    ["a rule step without its text", { ...good, branches: [{ ...branch, steps: [{ host: "R", kind: "rule" }] }] }],
    ["a refusal without reasons", { id: "1", findings: [] }],
  ])("refuses %s", (_, value) => {
    expect(errorsAgainst("result", good)).toEqual([]);
    expect(errorsAgainst("result", value)).not.toEqual([]);
  });
});
