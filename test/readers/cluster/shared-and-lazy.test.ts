import fc from "fast-check";
import { expect, test } from "vitest";
import { largeCluster, largeNodes } from "../../../bench/large-cluster.ts";
import type { Host } from "../../../src/model/host.ts";
import type { Network } from "../../../src/model/network.ts";
import { originTable, sourceOf } from "../../../src/model/origin.ts";
import { readNodesFile } from "../../../src/readers/cluster/nodes-file.ts";
import { clusterNetwork } from "../../../src/readers/cluster/read-cluster.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { askProbe, prepareProbe } from "../../../src/trace/probe.ts";

const SIZE = { nodes: 40, pods: 120, services: 20, policies: 12 };

function cluster(): Network {
  const origins = originTable();
  const resources = largeCluster(SIZE, origins);
  const nodes = readNodesFile(largeNodes(SIZE), "nodes.yaml", origins, () => null);
  return clusterNetwork(buildCluster(resources).cluster, nodes, origins).network;
}

/** Everything of a host made at once, in lists and maps that share nothing and know of no shorter way. */
function plain(host: Host): Host {
  return {
    ...host,
    interfaces: new Map(host.interfaces),
    sysctls: new Map(host.sysctls),
    dumpedSysctls: new Set(host.dumpedSysctls),
    routes: [...host.routes],
    neighbours: [...host.neighbours],
    fdb: [...host.fdb],
    ipSets: new Map([...host.ipSets].map(([name, set]) => [name, { ...set, members: [...set.members] }])),
    rulesets: host.rulesets.map((ruleset) => ({
      ...ruleset,
      tables: new Map([...ruleset.tables].map(([name, table]) => [name, { name, chains: new Map(table.chains) }])),
    })),
  };
}

function plainNetwork(): Network {
  const { linkOf: _, ...network } = { ...cluster() };
  return { ...network, hosts: new Map([...network.hosts].map(([name, host]) => [name, plain(host)])) };
}

/** Origins are numbered as they are made: what they stand for counts. */
function written({ origins }: Network, value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) =>
    key === "origin" && typeof inner === "number" ? sourceOf(origins, inner) : inner,
  );
}

function answer(network: Network, from: string, to: string, port: number | null): unknown {
  const probe = { from, to, kind: null, protocol: null, port, sport: 40_000, size: null, df: false };
  const prepared = prepareProbe(network, port === null ? { ...probe, sport: null } : probe);
  if ("findings" in prepared) throw new Error(JSON.stringify(prepared.findings));
  const { branches } = askProbe(network, prepared.probe, { everyRule: true });
  return branches.map(({ run }) => ({
    report: run.report,
    steps: [...run.steps].map(([journey, steps]) => [journey, written(network, steps)]),
    ends: run.journeys.map(({ host, kind, end }) => [
      host,
      kind,
      written(network, end === null ? null : { ...end, chain: end.chain?.program.chain.name }),
    ]),
    assumed: run.assumptions,
  }));
}

const pod = fc.nat(SIZE.pods - 1).map((number) => `pod/ns-${(number % SIZE.services) % 100}/pod-${number}`);
const target = fc.oneof(
  pod,
  fc.nat(SIZE.nodes - 1).map((number) => `node/node-${number}`),
  fc.nat(SIZE.services - 1).map((number) => `service/ns-${number % 100}/svc-${number}`),
);

test("a cluster whose nodes share what is equal, made where a packet comes, answers as one in which each has all of its own", () => {
  const [lazy, eager] = [cluster(), plainNetwork()];
  fc.assert(
    fc.property(pod, target, fc.constantFrom(null, 80, 8080), (from, to, port) => {
      const chosen = to.startsWith("service/") ? 80 : port;
      expect(answer(lazy, from, to, chosen)).toEqual(answer(eager, from, to, chosen));
    }),
    { numRuns: 25 },
  );
});

test("chains, sets and sysctls that are found one by one are those that a list of all has", () => {
  const [one, all] = [cluster(), cluster()];
  for (const name of ["node-0", "node-1", "node-7"]) {
    const [host, whole] = [one.hosts.get(name), all.hosts.get(name)];
    if (host === undefined || whole === undefined) throw new Error(`there is no ${name}`);
    for (const [number, { tables }] of whole.rulesets.entries()) {
      for (const [table, { chains }] of tables) {
        const found = host.rulesets[number]?.tables.get(table)?.chains;
        for (const [chain, { rules }] of [...chains].reverse())
          expect(found?.get(chain)?.rules.map(({ matches, target }) => ({ matches, target }))).toEqual(
            rules.map(({ matches, target }) => ({ matches, target })),
          );
        expect(found?.get("KUBE-SEP-NOT-THERE")).toBeUndefined();
        expect(found?.get("cali-not-there")).toBeUndefined();
        expect([...(found?.keys() ?? [])]).toEqual([...chains.keys()]);
      }
    }
    for (const [set, { members }] of whole.ipSets) expect(host.ipSets.get(set)?.members).toEqual(members);
    expect(host.ipSets.get("cali40not-there")).toBeUndefined();
    for (const [key, value] of whole.sysctls) expect([key, host.sysctls.get(key)]).toEqual([key, value]);
  }
});
