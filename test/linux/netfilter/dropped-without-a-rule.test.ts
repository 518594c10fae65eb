import { describe, expect, it } from "vitest";
import type { NftBaseChain } from "../../../src/model/nft-base-chain.ts";
import { ipv4 } from "../../../src/net/address.ts";
import { parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";
import { type LabHost, networkOf } from "../../kernel/harness/lab.ts";
import { routerLab } from "../../kernel/harness/router-lab.ts";

/** How the packets end that a packet through R gives rise to: the text, and the reason. */
function ends(
  router: Partial<LabHost>,
  fields: Readonly<Record<string, unknown>>,
  nftBaseChains: readonly NftBaseChain[] = [],
): readonly unknown[] {
  const packet = { host: "R", interface: "in0", src: "10.0.0.2", proto: "udp", sport: 4000, dport: 53, ...fields };
  const parsed = parsePacketLine(JSON.stringify(packet), { file: "test", line: 1 });
  if ("findings" in parsed) throw new Error(JSON.stringify(parsed.findings));
  const network = networkOf(routerLab({ router, redirects: true }));
  const hosts = new Map(
    [...network.hosts].map(([name, host]) => [name, name === "R" ? { ...host, nftBaseChains } : host]),
  );
  const answer = createPacketSession({ ...network, hosts }).ask(parsed.question, {});
  if ("findings" in answer) throw new Error(JSON.stringify(answer.findings));
  return answer.answer.branches.flatMap(({ run }) =>
    run.journeys.flatMap(({ end }) =>
      end?.ending.outcome === "dropped" ? [[end.ending.text, end.ending.reason, end.chain?.program.chain.name]] : [],
    ),
  );
}

const ruleset = (table: string): Partial<LabHost> => ({ rulesets: [{ family: 4, backend: "legacy", text: table }] });

describe("a packet that no rule drops", () => {
  it("says that NAT dropped a redirect about a translated connection", () => {
    const translated = ruleset(
      "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 10.0.7.7/32 -j DNAT --to-destination 10.0.0.129\nCOMMIT\n",
    );
    expect(ends(translated, { dst: "10.0.7.7" })).toContainEqual([
      "NAT drops a redirect about a translated connection",
      "NETFILTER_DROP",
      undefined,
    ]);
  });

  it("says that there was no route once it was changed", () => {
    const marked = ruleset("*mangle\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j MARK --set-xmark 0x1/0xffffffff\nCOMMIT\n");
    const rules = ["pref 100 fwmark 0x1 unreachable"];
    expect(ends({ ...marked, rules }, { interface: undefined, src: "10.0.1.1", dst: "10.0.1.2" })).toEqual([
      ["no route once it was changed", "NETFILTER_DROP", undefined],
    ]);
  });

  it("names what drops it, and no chain that let it pass before", () => {
    const accepting = ruleset("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p udp -j ACCEPT\nCOMMIT\n");
    const chain: NftBaseChain = {
      family: "inet",
      table: "firewall",
      chain: "forward",
      type: "filter",
      hook: "forward",
      priority: 10,
      policy: "accept",
      ruleCount: 1,
      origin: 0,
    };
    const through = { dst: "10.0.1.2", sport: 4001 };
    expect(ends(accepting, through, [chain])).toEqual([
      ["dropped by nft chain inet firewall forward", "NETFILTER_DROP", undefined],
    ]);
    const destinations = [{ address: ipv4(0x0a000102), length: 32 }];
    expect(ends(accepting, through, [{ ...chain, table: "kube-proxy in mode nftables", destinations }])).toEqual([
      ["dropped by kube-proxy in mode nftables, which is not modelled", "NETFILTER_DROP", undefined],
    ]);
  });
});
