import { describe, expect, test } from "vitest";
import { answerJson } from "../../src/report/trace-json.ts";
import { ask, filterOfN2, twoNodes } from "./two-nodes.ts";

const DROP_SSH = filterOfN2(
  ":INPUT ACCEPT [0:0]",
  ":FORWARD ACCEPT [0:0]",
  ":OUTPUT ACCEPT [0:0]",
  "-A INPUT -j MARK --set-xmark 0x1/0x1",
  "-A INPUT -p tcp -m tcp --dport 22 -j DROP",
);

function jsonOf(
  files: Readonly<Record<string, string>>,
  probe: Parameters<typeof ask>[1],
): ReturnType<typeof answerJson> {
  return answerJson(ask(twoNodes(files), probe).answer);
}

describe("the JSON of an answer", () => {
  test("has the fields of INTERFACES section 4", () => {
    const { certainty, branches } = jsonOf(DROP_SSH, { from: "node/n1", to: "node/n2", port: 22 });
    expect(certainty).toBe("certain");
    expect(branches).toHaveLength(1);
    expect(branches[0]).toMatchObject({
      probability: 1,
      conditions: [],
      count: 1,
      outcome: "dropped",
      result: "timeout",
      socket: null,
      at: { host: "n2", interface: "eth0", hook: "INPUT" },
      reason: "NETFILTER_DROP",
      nextHop: null,
      error: null,
      rule: {
        host: "n2",
        family: 4,
        table: "filter",
        chain: "INPUT",
        index: 2,
        text: "-A INPUT -p tcp -m tcp --dport 22 -j DROP",
        source: { file: "nodes/n2/iptables-save.txt", line: 6 },
      },
      packet: { src: "10.0.0.1", dst: "10.0.0.2", proto: "tcp", dport: 22, ttl: 64, free: ["sport"] },
      responses: [],
    });
  });

  test("counts a policy as rule 0", () => {
    const files = filterOfN2(":INPUT DROP [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]");
    const { branches } = jsonOf(files, { from: "node/n1", to: "node/n2", port: 22 });
    expect(branches[0]?.rule).toMatchObject({ chain: "INPUT", index: 0, text: ":INPUT DROP [0:0]" });
  });

  test("gives every rule that matched as a step, in order", () => {
    const { branches } = jsonOf(DROP_SSH, { from: "node/n1", to: "node/n2", port: 22 });
    const rules = branches[0]?.steps.filter((step) => step.kind === "rule");
    expect(rules).toMatchObject([
      { host: "n2", table: "filter", chain: "INPUT", index: 1, verdict: "MARK", mark: 1 },
      { host: "n2", table: "filter", chain: "INPUT", index: 2, verdict: "DROP", source: { line: 6 } },
    ]);
  });

  test("nests what hosts sent back", () => {
    const { branches } = jsonOf({}, { from: "node/n1", to: "node/n2" });
    expect(branches[0]?.responses).toMatchObject([
      { kind: "echo-reply", host: "n2", type: 0, code: 0, from: "10.0.0.2", to: "10.0.0.1", outcome: "delivered" },
    ]);
  });

  test("says where a packet went that left the dumped machines", () => {
    const { branches } = jsonOf({}, { from: "node/n1", to: "192.0.2.7" });
    expect(branches[0]).toMatchObject({
      outcome: "left",
      at: { host: "n1", interface: "eth0" },
      nextHop: "10.0.0.254",
    });
  });

  test("gives the errno of what could not be sent", () => {
    const files = { "nodes/n1/ip-route.txt": "10.9.0.0/24 dev eth0 scope link\n" };
    const { branches } = jsonOf(files, { from: "node/n1", to: "node/n2" });
    expect(branches[0]).toMatchObject({ outcome: "dropped", error: "ENETUNREACH", result: "unreachable" });
  });

  test("gives the hops of a traceroute, and the fate of each probe", () => {
    const { branches } = jsonOf({}, { from: "node/n1", to: "node/n2", kind: "traceroute" });
    expect(branches[0]?.hops).toEqual(["10.0.0.2"]);
    expect(branches[0]?.probes).toHaveLength(1);
  });

  test("gives each assumption the command that would replace it by a fact", () => {
    const { assumptions } = jsonOf({}, { from: "node/n1", to: "node/n2" });
    expect(assumptions.length).toBeGreaterThan(0);
    for (const assumption of assumptions) expect(assumption.command).not.toBe("");
  });

  test("survives JSON unchanged", () => {
    const json = jsonOf(DROP_SSH, { from: "node/n1", to: "node/n2", port: 22 });
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  });
});
