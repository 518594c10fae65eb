import { describe, expect, test } from "vitest";
import { folder, podpath } from "../cli/command.ts";

const pod = (node: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: on-${node}, namespace: shop}\nspec: {nodeName: ${node}}\n`;

/** Two nodes with a pod each, what happens, and when the pods ping each other: result, or certainty where there are several. */
async function played(timeline: readonly string[], times: readonly number[]) {
  const probes = times.map(
    (at) => `  - {name: p${at}, at: ${at}, from: pod/shop/on-n1, to: pod/shop/on-n2, kind: ping}\n`,
  );
  const path = folder({
    "scenario.yaml": `apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: changes}\nnetwork: {cluster: ./cluster}\ntimeline:\n${timeline.map((one) => `  - ${one}\n`).join("")}probes:\n${probes.join("")}`,
    "cluster/nodes.yaml":
      "apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes:\n  n1: {addresses: [172.16.0.11/24]}\n  n2: {addresses: [172.16.0.12/24]}\nfabric:\n  segments: [{name: lan, members: [n1:eth0, n2:eth0]}]\n",
    "cluster/pool.yaml":
      "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: pool}\nspec: {cidr: 192.168.0.0/16, natOutgoing: true}\n",
    "cluster/pods.yaml": `${pod("n1")}---\n${pod("n2")}`,
  });
  const { out, err, code } = await podpath(["run", path, "--json"]);
  if (code === 2) return { results: [], err: err.replaceAll(/\s+/g, " ") };
  const { probes: told } = JSON.parse(out);
  const results = told.map(({ answer }: { answer: { branches: { result: string }[] } }) =>
    [...new Set(answer.branches.map(({ result }) => result))].sort().join(" or "),
  );
  return { results, err: err.replaceAll(/\s+/g, " ") };
}

describe("a timeline", () => {
  test("pulls a cable and puts it back", async () => {
    const { results } = await played(
      [
        "{at: 10s, change: {link: {host: n2, interface: eth0, action: down}}}",
        "{at: 30s, change: {link: {host: n2, interface: eth0, action: up}}}",
      ],
      [5, 20, 40],
    );
    expect(results).toEqual(["answered", expect.stringMatching(/^(?:timeout|unreachable)$/), "answered"]);
  });

  test("takes a machine's power: its peer keeps the route until the hold timer has run out, and learns it again", async () => {
    const { results } = await played(
      ["{at: 10s, change: {node: {host: n2, action: down}}}", "{at: 400s, change: {node: {host: n2, action: up}}}"],
      [5, 20, 350, 500],
    );
    expect(results[0]).toBe("answered");
    expect(results[1]).not.toBe("answered");
    expect(results[2]).not.toBe("answered");
    expect(results[3]).toBe("answered");
  });

  test("reboots a machine, which forgets what was typed", async () => {
    const { results, err } = await played(
      [
        "{at: 10s, change: {exec: {host: n2, command: iptables -I FORWARD -j DROP}}}",
        "{at: 30s, change: {node: {host: n2, action: reboot}}}",
      ],
      [5, 20, 150],
    );
    expect(results).toEqual(["answered", "timeout", "answered"]);
    expect(err).toContain("[forgotten-by-reboot]");
  });

  test("loses packets of a segment: by chance, and all of them", async () => {
    const { results } = await played(
      [
        "{at: 10s, change: {loss: {link: lan, percent: 30}}}",
        "{at: 60s, change: {loss: {link: lan, percent: 100}}}",
        "{at: 900s, change: {loss: {link: lan, percent: 0}}}",
      ],
      [5, 20, 70, 800, 1100],
    );
    expect(results).toEqual([
      "answered",
      "answered or timeout",
      "timeout",
      expect.not.stringContaining("answered"),
      "answered",
    ]);
  });

  test.each([
    ["{at: 1s, change: {node: {host: n9, action: down}}}", "There is no machine called n9"],
    ["{at: 1s, change: {link: {host: n1, interface: eth7, action: down}}}", "There is no interface of n1 called eth7"],
    ["{at: 1s, change: {loss: {link: wan, percent: 5}}}", "There is no link called wan"],
    ["{at: 1s, change: {loss: {link: lan, percent: 130}}}", "a number from 0 to 100"],
    ["{at: 1s, change: {node: {host: n1, action: explode}}}", "explode"],
  ])("says what is wrong with %s", async (change, message) => {
    expect((await played([change], [5])).err).toContain(message);
  });
});
