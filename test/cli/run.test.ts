import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { twoNodes } from "../report/two-nodes.ts";
import { ARTICLE, folder, podpath } from "./command.ts";

const BLOCKED = `${ARTICLE}/bgp-blocked`;
const HEALTHY = `${ARTICLE}/healthy`;

function scenario(body: string, files: Readonly<Record<string, string>> = twoNodes()): string {
  const placed = Object.fromEntries(Object.entries(files).map(([name, text]) => [`snapshot/${name}`, text]));
  const head = "apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: small}\nnetwork: {snapshot: ./snapshot}\n";
  return folder({ ...placed, "scenario.yaml": head + body });
}

describe("podpath run", () => {
  test("plays both captures of the article's incident: everything measured is reproduced", async () => {
    const { code, out, err } = await podpath(["run", BLOCKED, HEALTHY]);
    expect(err).toBe("");
    expect(out.match(/494 of 494 probes gave what the scenario expects/g)).toHaveLength(2);
    expect(code).toBe(0);
  });

  test("shows the difference that matters: the missing route, the sessions, the dropped SYN and its line", async () => {
    const { out } = await podpath(["run", BLOCKED, HEALTHY]);
    const difference = out.slice(out.indexOf("What differs"));
    expect(difference).toContain("Routes in healthy, missing in bgp-blocked");
    expect(difference).toMatch(
      /worker-1\n(?:.*\n)*? {4}192\.168\.133\.192\/26 via 172\.16\.0\.11 dev eth0 proto bird\n {6}the way to pod\/default\/c, pod\/default\/d/,
    );
    expect(difference).toMatch(/control-plane → 172\.16\.0\.10 \(worker-1\) +Connect +Established/);
    expect(difference).toMatch(/worker-1 → 172\.16\.0\.9 \(control-plane\) +Passive +Established/);
    expect(difference).toContain(":INPUT DROP [67:4020]");
    expect(difference).toContain("nodes/worker-1/iptables-nft-save.txt:51");
    expect(difference).toContain("connect tcp/179: control-plane (172.16.0.9) → 172.16.0.10");
  });

  test("for teaching, hides the lesson and the reasons", async () => {
    const { out } = await podpath(["run", BLOCKED, HEALTHY, "--hide-answer"]);
    expect(out).toContain("The lesson is hidden");
    expect(out).not.toContain("IP_INNOROUTES");
    expect(out).not.toContain("What differs");
    expect(out).not.toContain("fix");
    expect(out).toContain("Pods on different nodes do");
  });

  test("a failed expectation exits 1 and tells expected, got and where", async () => {
    const path = scenario("probes:\n  - {name: closed, from: n1, to: n2, port: 81, expect: {result: answered}}\n");
    const { code, out } = await podpath(["run", path]);
    expect(code).toBe(1);
    expect(out).toContain("✗ 0 of 1 probe gave what the scenario expects: 1 gave something else");
    expect(out).toContain("expected result answered, got refused");
    expect(out.replaceAll(/\s+/g, "")).toContain(`closed${path}/scenario.yaml:6`);
    const json = JSON.parse((await podpath(["run", path, "--json"])).out);
    expect(json.probes[0].source).toEqual({ file: `${path}/scenario.yaml`, line: 6 });
  });

  test("of several files one that is no scenario is told, and the others are played", async () => {
    const path = scenario("probes:\n  - {name: open, from: n1, to: n2, expect: {result: answered}}\n");
    const other = folder({ "pool.yaml": "apiVersion: projectcalico.org/v3\nkind: IPPool\n" });
    for (const names of [
      [`${other}/pool.yaml`, path],
      [path, `${other}/pool.yaml`],
    ]) {
      const { code, out, err } = await podpath(["run", ...names]);
      expect(code).toBe(2);
      expect(err).toContain("pool.yaml is no scenario");
      expect(out).toContain("✓ 1 of 1 probe gave what the scenario expects");
    }
    expect((await podpath(["run", `${other}/pool.yaml`])).code).toBe(2);
  });

  test("the sum says what became of every probe", async () => {
    const path = scenario(
      "probes:\n  - {name: closed, from: n1, to: n2, port: 81, expect: {result: answered}}\n" +
        "  - {name: lost, from: n7, to: n2, expect: {result: answered}}\n" +
        "  - {name: mistyped, from: n1, to: n2, expect: {result: answred}}\n" +
        "  - {name: silent, from: n1, to: n2, expect: {reslt: answered}}\n",
    );
    const { code, out, err } = await podpath(["run", path]);
    expect(code).toBe(2);
    expect(out.replaceAll(/\s+/g, " ")).toContain(
      "✗ 0 of 4 probes gave what the scenario expects: 1 gave something else; 1 could not be asked; 1 was left out, being wrongly written; 1 has no expectation that can be judged",
    );
    expect(out.replaceAll(/\s+/g, "")).toContain(`lost:error:${path}/scenario.yaml:7:thereisnon7`);
    expect(err).toContain("scenario.yaml:8");
  });

  test("a timeline is played before what comes after it is asked", async () => {
    const body =
      "timeline:\n  - {at: 0s, change: {exec: {host: n1, command: iptables -P INPUT DROP}}}\nprobes:\n  - {from: n1, to: n2, expect: {result: timeout}}\n";
    const { code, out } = await podpath(["run", scenario(body)]);
    expect(code).toBe(0);
    expect(out).toContain("0 s  n1: iptables -P INPUT DROP");
  });

  test("what is asked after a change that is not played is not judged", async () => {
    const body =
      "timeline:\n  - {at: 5s, change: {crash: {name: shop/web}}}\nprobes:\n  - {from: n1, to: n2, expect: {result: timeout}}\n  - {at: 1s, from: n1, to: n2, expect: {result: answered}}\n";
    const { code, err, out } = await podpath(["run", scenario(body), "--json"]);
    expect(code).toBe(2);
    expect(err).toContain("Changes of the kind “crash” are not played.");
    expect(JSON.parse(out).probes.map(({ verdict }: { verdict: string }) => verdict)).toEqual(["unknown", "held"]);
  });

  test("a timeline in which BGP goes on by a guess says so, and what rests on it is not judged", async () => {
    const path = folder({
      "snapshot/nodes/n1/ip-addr.txt": "2: eth0: <UP> mtu 1500\n    inet 172.16.0.11/24 scope global eth0\n",
      "snapshot/nodes/n1/ip-route.txt": "172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.11\n",
      "snapshot/nodes/n1/iptables-save.txt":
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m quantum --spin up -j DROP\nCOMMIT\n",
      "snapshot/nodes/n1/bird.cfg":
        "router id 172.16.0.11;\nprotocol bgp tor { local as 64512; neighbor 172.16.0.12 as 64512; }\n",
      "scenario.yaml":
        "apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: s}\nnetwork: {snapshot: ./snapshot}\n" +
        'timeline:\n  - {at: 1s, change: {exec: {host: n1, command: "iptables -P INPUT DROP"}}}\n' +
        "probes:\n  - {from: node/n1, to: 172.16.0.11, kind: ping, expect: {result: timeout}}\n",
    });
    const { out, err } = await podpath(["run", path, "--json"]);
    expect(err.replaceAll(/\s+/g, " ")).toContain("[bgp-rests-on-a-guess]");
    expect(JSON.parse(out).probes.map(({ verdict }: { verdict: string }) => verdict)).toEqual(["unknown"]);
  });

  test("a probe that cannot be asked does not stop the others", async () => {
    const body =
      "probes:\n  - {name: lost, from: n7, to: n2}\n  - {name: fine, from: n1, to: n2, expect: {result: answered}}\n";
    const { code, out } = await podpath(["run", scenario(body)]);
    expect(code).toBe(2);
    expect(out).toContain("there is no n7");
    expect(out.replaceAll(/\s+/g, " ")).toContain(
      "✗ 1 of 2 probes gave what the scenario expects: 1 could not be asked",
    );
  });

  test("the JSON tells each probe's verdict and answer", async () => {
    const body =
      "probes:\n  - {name: fine, from: n1, to: n2, expect: {result: answered, via: [], certainty: certain}}\n";
    const { code, out } = await podpath(["run", scenario(body), "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      name: "small",
      counts: { held: 1, failed: 0 },
      probes: [{ name: "fine", verdict: "held", answer: { certainty: "certain" } }],
    });
  });

  test("takes scenario.yaml itself too", async () => {
    const path = scenario("probes:\n  - {from: n1, to: n2, expect: {result: answered}}\n");
    expect((await podpath(["run", resolve(path, "scenario.yaml")])).code).toBe(0);
  });

  test("a snapshot folder that is not there is told with the line that names it", async () => {
    const path = folder({
      "scenario.yaml": "apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: x}\nnetwork: {snapshot: ./snap}\n",
      "snapshot/x": "",
    });
    const { code, err } = await podpath(["run", path]);
    expect(code).toBe(2);
    expect(err).toMatch(/scenario\.yaml:4: there is no snapshot folder \.\/snap\..*Did you mean .*snapshot\?/);
  });

  test("takes facts: they hold for every scenario, and one about nobody is an error of the command line", async () => {
    const probes = (out: string): readonly { name: string; verdict: string }[] => JSON.parse(out).probes;
    const before = await podpath(["run", HEALTHY, "--json"]);
    expect(before.code).toBe(0);
    const rules = ["--fact", "worker-2: rule -P FORWARD DROP", "--fact", "worker-2: rule -I FORWARD -j DROP"];
    const after = await podpath(["run", HEALTHY, "--json", ...rules]);
    expect(after.code).toBe(1);
    const failed = probes(after.out).filter(({ verdict }) => verdict === "failed");
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(probes(before.out).length);
    const wrong = await podpath(["run", HEALTHY, "--fact", "pod/no/body: rule -P FORWARD DROP"]);
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("pod/no/body")]);
  });
});
