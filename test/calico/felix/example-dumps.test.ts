import { describe, expect, it } from "vitest";
import { restoreText } from "../../../src/calico/felix/restore-text.ts";
import { printIpSet } from "../../../src/readers/ipset/print-save.ts";
import { upstreamText, withUpstreamData } from "../upstream-data.ts";
import { EXAMPLES, exampleNode } from "./example-cluster.ts";
import { rulesByChain } from "./rules-by-chain.ts";

describe("a node with a pod and a policy", () => {
  withUpstreamData(() => {
    for (const [file, release] of Object.entries(EXAMPLES)) {
      it(`has the tables of ${file}, every chain, rule and hash`, () => {
        const text = exampleNode(release).ipv4.map(restoreText).join("");
        const dump = upstreamText(`vectors/${file}.iptables-save.txt`);
        expect(rulesByChain(text, 4, "legacy")).toEqual(rulesByChain(dump, 4, "legacy"));
      });
    }
  });

  it("has the sets that its rules ask, with their members", () => {
    const printed = exampleNode("v3.29.2").ipSets.map(printIpSet).join("\n");
    const create = (name: string, type: string) => `create ${name} ${type} family inet hashsize 1024 maxelem 1048576`;
    expect(printed.split("\n")).toEqual([
      create("cali40all-ipam-pools", "hash:net"),
      "add cali40all-ipam-pools 192.168.0.0/16",
      create("cali40masq-ipam-pools", "hash:net"),
      "add cali40masq-ipam-pools 192.168.0.0/16",
      create("cali40all-hosts-net", "hash:net"),
      "add cali40all-hosts-net 172.18.0.2",
      "add cali40all-hosts-net 172.18.0.3",
      create("cali40this-host", "hash:ip"),
      "add cali40this-host 127.0.0.0",
      "add cali40this-host 127.0.0.1",
      "add cali40this-host 172.18.0.2",
      "add cali40this-host 192.168.110.128",
      create("cali40s:Alzq-wZFISgMlZewnTebQP_", "hash:net"),
    ]);
  });
});
