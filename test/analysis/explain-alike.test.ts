import fc from "fast-check";
import { expect, test } from "vitest";
import { largeCluster, largeNodes } from "../../bench/large-cluster.ts";
import { type Explanation, explainTarget, parseTarget } from "../../src/analysis/explain/explain-target.ts";
import { declaredCauses } from "../../src/analysis/programmed/programmed-cluster.ts";
import type { Host } from "../../src/model/host.ts";
import type { Network } from "../../src/model/network.ts";
import { originTable } from "../../src/model/origin.ts";
import { readNodesFile } from "../../src/readers/cluster/nodes-file.ts";
import { clusterNetwork } from "../../src/readers/cluster/read-cluster.ts";
import { buildCluster } from "../../src/readers/resources/build-cluster.ts";

const size = fc.record({
  nodes: fc.integer({ min: 1, max: 4 }),
  pods: fc.integer({ min: 1, max: 40 }),
  services: fc.integer({ min: 1, max: 4 }),
  policies: fc.integer({ min: 1, max: 6 }),
});

/** A host of which nothing is told but its parts: each chain has to be looked at. */
function plain(host: Host): Host {
  const rulesets = host.rulesets.map((ruleset) => ({
    ...ruleset,
    tables: new Map(
      [...ruleset.tables].map(([name, { chains }]) => [
        name,
        {
          name,
          chains: new Map([...chains].map(([of, chain]) => [of, { ...chain, rules: [...chain.rules] }] as const)),
        },
      ]),
    ),
  }));
  const ipSets = new Map([...host.ipSets].map(([name, set]) => [name, { ...set, members: [...set.members] }] as const));
  return { ...host, rulesets, ipSets };
}

/** Calico's hashes are made of the name of the chain. */
const HASH = /"cali:[\w-]{16}"/g;

/** Every rule on every node, with its cause. */
function told({ rules, sets }: Explanation): readonly string[] {
  const ofChains = rules.flatMap(({ family, table, chain, cause, nodes, rules: own, alike }) =>
    [{ chain, cause, nodes }, ...alike].flatMap((one) =>
      one.nodes.flatMap((node) => [
        `${node} ${family} ${table} ${one.chain} of ${one.cause?.resource}`,
        ...own.map(({ index, text, cause: why, owner }) => {
          const words = text.replace(chain, one.chain).replace(HASH, "");
          return `${node} ${family} ${table} ${index} ${words} ${owner} ${why?.resource} ${why?.field}`;
        }),
      ]),
    ),
  );
  const ofSets = sets.flatMap(({ nodes, set }) => {
    const members = set.members.map(({ text, cause }) => `${text} ${cause?.resource}`).sort();
    const users = set.usedBy.map(({ chain, text }) => `${chain} ${text}`).sort();
    return nodes.map((node) => `${node} set ${set.name} ${members.join()} ${users.join()}`);
  });
  return [...ofChains, ...ofSets].sort();
}

function explain(network: Network, hosts: readonly Host[], words: string, causes: ReturnType<typeof declaredCauses>) {
  return explainTarget(network, hosts, parseTarget(words, hosts), causes);
}

test("a resource is explained by one of the chains that are alike as by looking at each of them", () => {
  let alike = 0;
  fc.assert(
    fc.property(size, (one) => {
      const origins = originTable();
      const { cluster } = buildCluster(largeCluster(one, origins));
      const nodes = readNodesFile(largeNodes(one), "nodes.yaml", origins, () => null);
      const { network, settled } = clusterNetwork(cluster, nodes, origins);
      const causes = declaredCauses(settled, origins);
      const hosts = [...network.hosts.values()].filter(({ kind }) => kind === "node");
      const looked = hosts.map(plain);
      const asked = [
        "NetworkPolicy allow-0",
        `NetworkPolicy allow-${one.policies - 1}`,
        "Service svc-0",
        "Pod pod-0",
        "cali-FORWARD",
        "cali-from-wl-dispatch",
      ];
      for (const words of asked) {
        const shared = explain(network, hosts, words, causes);
        const each = explain(network, looked, words, causes);
        expect([words, told(shared)]).toEqual([words, told(each)]);
        expect(each.rules.flatMap((group) => group.alike)).toEqual([]);
        alike += shared.rules.flatMap((group) => group.alike).length;
      }
    }),
    { numRuns: 12 },
  );
  expect(alike).toBeGreaterThan(0);
});
