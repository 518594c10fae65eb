import { describe, expect, it } from "vitest";
import { explainTarget, parseTarget } from "../../src/analysis/explain/explain-target.ts";
import { host } from "../../src/model/host.ts";
import { network } from "../../src/model/network.ts";
import { originFile, originOfResource, originTable } from "../../src/model/origin.ts";
import type { Chain, Table } from "../../src/model/ruleset.ts";
import { readRuleText } from "../../src/readers/iptables/rule.ts";

const origins = originTable();
const made = originOfResource(origins, originFile(origins, "web.yaml"), 1, "Service shop/web", "spec.ports[0]");
const { rules: written } = readRuleText("-j ACCEPT", {
  family: 4,
  isChain: () => false,
  counters: null,
  origin: made,
});

/** A table that counts how often somebody looks at a chain's rules. */
function counted(chains: readonly string[]): { readonly table: Table; readonly looks: () => number } {
  let looks = 0;
  const entry = (name: string): [string, Chain] => [
    name,
    {
      name,
      policy: null,
      get rules() {
        looks++;
        return written;
      },
      counters: null,
      origin: 0,
    },
  ];
  return { table: { name: "nat", chains: new Map(chains.map(entry)) }, looks: () => looks };
}

function explained(nodes: number): { readonly looks: number; readonly nodes: readonly (readonly string[])[] } {
  const shared = counted(["KUBE-SVC-A", "KUBE-SEP-B"]);
  const other = counted(["KUBE-SVC-A"]);
  const hosts = Array.from({ length: nodes }, (_, i) =>
    host({
      name: `n${i}`,
      rulesets: [
        { family: 4, backend: "nft", tables: new Map([["nat", i === 1 ? other.table : shared.table] as const]) },
      ],
    }),
  );
  const target = parseTarget("Service shop/web", hosts);
  const { rules } = explainTarget(
    network({ origins, hosts: new Map(hosts.map((one) => [one.name, one])) }),
    hosts,
    target,
    null,
  );
  return { looks: shared.looks(), nodes: rules.map((group) => group.nodes) };
}

describe("a resource that many nodes have rules of", () => {
  it("is looked for once in a table that they share", () => {
    expect(explained(50).looks).toBe(explained(3).looks);
  });

  it("names all nodes of each chain, in their order", () => {
    expect(explained(4).nodes).toEqual([
      ["n0", "n1", "n2", "n3"],
      ["n0", "n2", "n3"],
    ]);
  });
});
