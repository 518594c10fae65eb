import { describe, expect, it } from "vitest";
import { formatAddress } from "../../src/net/address.ts";
import type { Branch } from "../../src/trace/result.ts";
import { ask, twoNodes } from "../report/two-nodes.ts";

const CHAINS = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"].map((name) => `:${name} ACCEPT [0:0]`);

function mangleOfN2(...lines: readonly string[]): Record<string, string> {
  return { "nodes/n2/iptables-save.txt": ["*mangle", ...CHAINS, ...lines, "COMMIT", ""].join("\n") };
}

function routesOfN1(...lines: readonly string[]): Record<string, string> {
  return {
    "nodes/n1/ip-route.txt": `${lines.join("\n")}\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n`,
  };
}

const COIN = "-m statistic --mode random --probability 0.25";

/** Hop limits that the first answer came in over lo with. */
function answeredWith({ run }: Branch): readonly number[] {
  const answer = run.journeys.find(({ kind }) => kind === "tcp-reset");
  const steps = run.steps.get(answer?.id ?? -1) ?? [];
  return steps.flatMap((step) => (step.kind === "receive" && step.interface === "lo" ? [step.packet.ttl] : []));
}

describe("branches of what a rule or a route draws", () => {
  it("are told apart by what passed over lo, though another rule makes it the same again before the end", () => {
    const files = twoNodes(mangleOfN2("-A INPUT -j TTL --ttl-set 64", `-A POSTROUTING ${COIN} -j TTL --ttl-dec 1`));
    const { answer } = ask(files, { from: "node/n2", to: "10.0.0.2", port: 23 });
    const shares = new Map<number, number>();
    for (const branch of answer.branches) {
      for (const ttl of answeredWith(branch)) shares.set(ttl, (shares.get(ttl) ?? 0) + branch.probability);
    }
    expect([...shares].sort()).toEqual([
      [63, 0.25],
      [64, 0.75],
    ]);
  });

  it("are told apart by the segment size that was delivered", () => {
    const files = twoNodes(mangleOfN2(`-A PREROUTING -p tcp --syn ${COIN} -j TCPMSS --set-mss 500`));
    const { answer } = ask(files, { from: "node/n1", to: "node/n2", port: 22 });
    const sizes = answer.branches.map(({ run, probability }) => [
      run.journeys[run.first]?.end?.packet.mss,
      probability,
    ]);
    expect(sizes.sort()).toEqual([
      [1460, 0.75],
      [500, 0.25],
    ]);
  });

  it("are told apart by the gateway that they left for", () => {
    const files = twoNodes(
      routesOfN1("default nexthop via 10.0.0.254 dev eth0 weight 1 nexthop via 10.0.0.253 dev eth0 weight 1"),
    );
    const { answer } = ask(files, { from: "node/n1", to: "192.0.2.1", port: 22 });
    const gateways = answer.branches.map(({ run, conditions }) => {
      const to = run.journeys[run.first]?.end?.ending.nextHop ?? null;
      const gateway = to === null ? "" : formatAddress(to);
      expect(conditions.join()).toContain(`beyond ${gateway}, answer`);
      return gateway;
    });
    expect([...new Set(gateways)].sort()).toEqual(["10.0.0.253", "10.0.0.254"]);
  });

  it("are told apart by who gave no answer for its MAC address", () => {
    const files = {
      ...twoNodes(
        routesOfN1("192.0.2.0/24 nexthop via 10.0.0.254 dev eth0 weight 1 nexthop via 10.0.0.253 dev eth0 weight 3"),
      ),
      "nodes/n1/ip-neigh.txt": "10.0.0.254 dev eth0 FAILED\n10.0.0.253 dev eth0 FAILED\n",
    };
    const { answer } = ask(files, { from: "node/n1", to: "192.0.2.1", port: 22 });
    const asked = answer.branches.map(({ run, probability }) => {
      const steps = run.steps.get(run.first) ?? [];
      return [
        run.journeys[run.first]?.end?.ending.outcome,
        ...steps.flatMap((step) => (step.kind === "neighbour" ? [formatAddress(step.address)] : [])),
        probability,
      ];
    });
    expect(asked.sort()).toEqual([
      ["unresolved", "10.0.0.253", 0.75],
      ["unresolved", "10.0.0.254", 0.25],
    ]);
  });
});
