import { describe, expect, it } from "vitest";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { askProbe, type Probe, prepareProbe } from "../../src/trace/probe.ts";
import type { Answer } from "../../src/trace/result.ts";

const NODE = {
  "nodes/n1/ip-addr.txt":
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n    inet 10.0.0.1/24 scope global eth0\n",
  "nodes/n1/ip-route.txt":
    "default via 10.0.0.254 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n",
  "nodes/n1/iptables-save.txt": "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n",
};
const POOL =
  "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: default}\nspec: {cidr: 192.168.0.0/16}\n";

function ask(files: Readonly<Record<string, string>>, from: string, to: string): Answer {
  const { network } = readSnapshot({ name: "test", files: new Map(Object.entries(files)) });
  const probe: Probe = { from, to, kind: "ping", protocol: null, port: null, sport: null, size: null, df: false };
  const prepared = prepareProbe(network, probe);
  if ("findings" in prepared) throw new Error(prepared.findings.map((finding) => finding.message).join("; "));
  return askProbe(network, prepared.probe);
}

function results(answer: Answer): readonly (string | undefined)[] {
  return answer.branches.map((branch) => branch.run.report?.result);
}

describe("a machine that nobody dumped", () => {
  it("may answer or not: the result is uncertain, and both ways are shown", () => {
    const answer = ask(NODE, "n1", "203.0.113.1");
    expect(answer.certainty).toBe("uncertain");
    expect(results(answer)).toEqual(["timeout", "answered"]);
  });

  it("is assumed to have no route to a pod, so that nothing comes of a packet for one", () => {
    const answer = ask({ ...NODE, "cluster/pools.yaml": POOL }, "n1", "192.168.1.1");
    expect(answer.certainty).toBe("certain");
    expect(results(answer)).toEqual(["timeout"]);
    expect(answer.assumptions.map((item) => item.detail)).toContain(
      "10.0.0.254 has no route to the pod address 192.168.1.1",
    );
  });

  it("hands packets on where snapshot.yaml says so", () => {
    const second = Object.fromEntries(
      Object.entries(NODE).map(([path, text]) => [
        path.replace("n1", "n2"),
        text
          .replaceAll("10.0.0.1/24", "10.0.0.2/24")
          .replaceAll("src 10.0.0.1", "src 10.0.0.2")
          .replace("00:01 brd", "00:02 brd"),
      ]),
    );
    const files = {
      ...NODE,
      ...second,
      "nodes/n2/ip-addr.txt": `${second["nodes/n2/ip-addr.txt"]}    inet 192.168.1.1/32 scope global eth0\n`,
      "snapshot.yaml":
        "apiVersion: podpath/v1\nkind: Snapshot\nmetadata: {name: test}\nfabric:\n  segments:\n    - {name: lan, members: [n1:eth0, n2:eth0]}\n  routes:\n    - 192.168.1.0/26 via 10.0.0.2\n",
    };
    const answer = ask(files, "n1", "192.168.1.1");
    expect(answer.certainty).toBe("certain");
    expect(results(answer)).toEqual(["answered"]);
  });
});
