import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { explainTarget, parseTarget } from "../../src/analysis/explain/explain-target.ts";
import { programmedCluster } from "../../src/analysis/programmed/programmed-cluster.ts";
import type { Cluster } from "../../src/calico/cluster.ts";
import { readFolder } from "../../src/cli/read-files.ts";
import type { Network } from "../../src/model/network.ts";
import { readClusterFolder } from "../../src/readers/cluster/read-cluster.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { ROOT } from "../docs/root.ts";

interface Case {
  readonly network: Network;
  readonly cluster: Cluster;
}

const CASES: readonly (readonly [string, () => Case])[] = [
  [
    "a cluster of manifests",
    () => readClusterFolder({ name: "x", files: new Map(readFolder(join(ROOT, "examples/three-nodes/cluster"))) }),
  ],
  [
    "dumps with the objects beside them",
    () => {
      const folder = join(ROOT, "scenarios/debian-firewall-blocks-bgp/healthy/snapshot");
      return readSnapshot({ name: "x", files: new Map(readFolder(folder)) });
    },
  ],
];

/** One rule, one line: who made it, and where it is. */
interface Said {
  readonly where: string;
  readonly resource: string | null;
}

describe.each(CASES)("in %s", (_, read) => {
  const { network, cluster } = read();
  const hosts = [...network.hosts.values()].filter(({ kind }) => kind === "node");
  const programmed = programmedCluster(network, cluster);
  const ask = (words: string): readonly Said[] =>
    explainTarget(network, hosts, parseTarget(words, hosts), programmed).rules.flatMap(
      ({ nodes, family, table, chain, rules }) =>
        nodes.flatMap((node) =>
          rules.map(({ index, cause }) => ({
            where: `${node} ${family} ${table} ${chain} ${index}`,
            resource: cause?.resource ?? null,
          })),
        ),
    );
  const chains = new Set(
    hosts.flatMap(({ rulesets }) =>
      rulesets.flatMap(({ tables }) => [...tables.values()].flatMap((t) => [...t.chains.keys()])),
    ),
  );
  const all = [...chains].flatMap(ask);
  const made = all.filter(({ resource }) => resource !== null);

  test("every rule that a resource made is found by that resource's name", () => {
    expect(made.length).toBeGreaterThan(200);
    for (const resource of new Set(made.map((one) => one.resource ?? ""))) {
      const found = new Set(ask(resource).map(({ where }) => where));
      const missing = made.filter((one) => one.resource === resource && !found.has(one.where));
      expect({ resource, missing }).toEqual({ resource, missing: [] });
    }
  });

  test("what a resource is said to have made leads back to it, or stands in a chain that is its own", () => {
    const causes = new Map(all.map(({ where, resource }) => [where, resource]));
    for (const resource of new Set(made.map((one) => one.resource ?? ""))) {
      const { rules } = explainTarget(network, hosts, parseTarget(resource, hosts), programmed);
      for (const { nodes, family, table, chain, cause, rules: own } of rules) {
        for (const { index } of own) {
          const back = causes.get(`${nodes[0]} ${family} ${table} ${chain} ${index}`);
          expect([back, cause?.resource]).toContain(resource);
        }
      }
    }
  });
});
