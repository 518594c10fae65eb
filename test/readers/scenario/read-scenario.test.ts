import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readScenario } from "../../../src/readers/scenario/read-scenario.ts";
import { snapshotOfScenario } from "../../../src/readers/scenario/snapshot-of-scenario.ts";

const HEAD = "apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: x}\nnetwork: {snapshot: ./s}\n";

function read(text: string): ReturnType<typeof readScenario> {
  return readScenario(text, "scenario.yaml");
}

describe("a scenario file", () => {
  test("is read with everything that INTERFACES section 3 promises", () => {
    const { scenario, findings } = read(`${HEAD}title: A title
symptom: |
  It *hurts*.
lesson: Do not.
timeline:
  - {at: 0s, change: {exec: {host: "node*", command: "iptables -F"}}}
  - {at: 10s, change: {apply: ./deny.yaml}}
probes:
  - name: a-to-b
    from: pod/default/a
    to: pod/default/b
    kind: ping
    at: 300s
    expect:
      result: timeout
      outcome: left
      at: {host: node1, interface: eth0, hook: FORWARD, table: filter, chain: c, index: 3}
      reason: IP_RPFILTER
      via: [node1]
      hops: [172.16.0.11, "*"]
      certainty: certain
fixes:
  - {name: f, changes: [], expect: {}}
`);
    expect(findings).toEqual([]);
    expect(scenario).toMatchObject({
      name: "x",
      title: "A title",
      symptom: "It *hurts*.\n",
      lesson: "Do not.",
      network: { snapshot: "./s", cluster: null },
      timeline: [
        { at: 0, change: { kind: "exec", host: "node*", command: "iptables -F", line: 10 } },
        { at: 10, change: { kind: "apply", path: "./deny.yaml", line: 11 } },
      ],
      fixes: [{ name: "f", changes: [], expect: new Map(), line: 27 }],
      unplayed: [],
    });
    expect(scenario?.probes).toEqual([
      {
        name: "a-to-b",
        line: 13,
        probe: {
          from: "pod/default/a",
          to: "pod/default/b",
          kind: "ping",
          protocol: null,
          port: null,
          sport: null,
          size: null,
          df: false,
        },
        at: 300,
        expect: {
          result: "timeout",
          outcome: "left",
          at: { host: "node1", interface: "eth0", hook: "FORWARD", table: "filter", chain: "c", index: 3 },
          reason: "IP_RPFILTER",
          via: ["node1"],
          hops: ["172.16.0.11", "*"],
          certainty: "certain",
        },
      },
    ]);
  });

  test("gives a syntax error its line and column", () => {
    const { scenario, findings } = read("apiVersion: podpath/v1\nkind: [Scenario\nprobes: x\n");
    expect(scenario).toBeNull();
    expect(findings).toMatchObject([{ code: "yaml-syntax", severity: "error", file: "scenario.yaml", line: 3 }]);
  });

  test("gives a wrong value its line and column, and leaves its probe out", () => {
    const { scenario, findings } = read(`${HEAD}probes:
  - {name: bad, from: a, to: b, expect: {result: lost}}
  - {name: good, from: a, to: b}
`);
    expect(scenario?.probes.map((probe) => probe.name)).toEqual(["good"]);
    expect(findings).toMatchObject([
      {
        message: 'probes[0].expect.result is "lost".',
        line: 6,
        column: 50,
        expected: "answered, refused, unreachable, timeout",
      },
    ]);
  });

  test("tells of a key that nobody reads, with the one that was meant", () => {
    const { findings } = read(`${HEAD}probes:\n  - {from: a, to: b, expect: {resutl: timeout}}\n`);
    expect(findings).toMatchObject([{ code: "unknown-key", line: 6, advice: "Did you mean result?" }]);
  });

  test("reads an address among the hops however it is written", () => {
    const { scenario } = read(`${HEAD}probes:\n  - {from: a, to: b, expect: {hops: ["2001:DB8::0:1"]}}\n`);
    expect(scenario?.probes[0]?.expect.hops).toEqual(["2001:db8::1"]);
  });

  test.each([
    ["no network", "apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: x}\n", "names no network"],
    ["two networks", HEAD.replace("./s", "./s, cluster: ./c"), "names two networks"],
    ["a list", "- a\n- b\n", "The file is no scenario."],
    ["nothing", "", "Cannot be read as YAML"],
  ])("without a network that can be told (%s) is none", (_, text, message) => {
    const { scenario, findings } = read(text);
    expect(scenario).toBeNull();
    expect(findings.map((finding) => finding.message).join(" ")).toContain(message);
  });

  test("of another version is said to be", () => {
    const { findings } = read(HEAD.replace("podpath/v1", "podpath/v9"));
    expect(findings).toMatchObject([{ message: 'apiVersion is "podpath/v9".', expected: "podpath/v1", line: 1 }]);
  });

  test("counts the first of two probes with one name", () => {
    const { scenario, findings } = read(
      `${HEAD}probes:\n  - {name: p, from: a, to: b}\n  - {name: p, from: c, to: d}\n`,
    );
    expect(scenario?.probes).toHaveLength(1);
    expect(findings).toMatchObject([{ code: "probe-twice", line: 7 }]);
  });

  test("with a thousand mistakes is told of in full", () => {
    const probes = Array.from({ length: 1000 }, () => "  - {from: a, to: b, expect: {result: lost}}\n").join("");
    expect(read(`${HEAD}probes:\n${probes}`).findings).toHaveLength(1000);
  });
});

describe("the snapshot of a scenario", () => {
  test("is found without reading the probes", () => {
    for (const name of ["bgp-blocked", "healthy"]) {
      const text = readFileSync(`scenarios/debian-firewall-blocks-bgp/${name}/scenario.yaml`, "utf8");
      expect(snapshotOfScenario(text)).toMatchObject({ snapshot: read(text).scenario?.network.snapshot });
    }
  });

  test.each([
    "a: 1\n",
    "network: {cluster: ./c}\n",
    "network: [x\n",
    "network: {snapshot: a}\nnetwork: {snapshot: b}\n",
    "{network: {snapshot: s}}\n",
  ])("is left to the whole reader where it is not plain: %j", (text) => {
    expect(snapshotOfScenario(text)).toBeNull();
  });
});
