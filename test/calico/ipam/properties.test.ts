import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DeclaredNode } from "../../../src/calico/declared-node.ts";
import type { AddressPlan } from "../../../src/calico/ipam/address-plan.ts";
import { type IPAMBlock, secondaryOf } from "../../../src/calico/ipam/ipam-block.ts";
import { formatAddress, parseAddress } from "../../../src/net/address.ts";
import { addressNumber, addressOfNumber } from "../../../src/net/address-number.ts";
import { formatPrefix, parsePrefix, prefixContains } from "../../../src/net/prefix.ts";
import { declaredNode } from "../felix/declared-node-fixture.ts";
import { blockLines, messages, planOf, pod, podLines, pool } from "./declared-cluster.ts";

interface RandomPool {
  readonly name: string;
  readonly cidr: string;
  readonly blockSize: number;
  readonly disabled: boolean;
  readonly zone: string | null;
  readonly uses: readonly string[];
  readonly ipip: boolean;
}

interface RandomPod {
  readonly key: string;
  readonly node: string;
  readonly pools: readonly string[] | null;
  readonly address: string | null;
}

interface RandomCluster {
  readonly pools: readonly RandomPool[];
  readonly nodes: readonly { readonly name: string; readonly zone: string }[];
  readonly pods: readonly RandomPod[];
  readonly reserved: readonly string[];
  readonly strict: boolean;
  readonly limit: number;
}

const CIDRS = ["10.0.0.0/27", "10.0.1.0/28", "10.0.2.0/26"];

const poolArbitrary = (i: number): fc.Arbitrary<RandomPool> =>
  fc.record({
    name: fc.constant(`pool-${i}`),
    cidr: fc.constant(CIDRS[i] ?? ""),
    blockSize: fc.integer({ min: 28, max: 32 }),
    disabled: fc.boolean().map((on) => on && i === 2),
    zone: fc.constantFrom(null, null, "a", "b"),
    uses: fc.constantFrom(["Workload", "Tunnel"], ["Workload", "Tunnel"], ["Workload"], ["Tunnel"]),
    ipip: fc.boolean(),
  });

const clusterArbitrary: fc.Arbitrary<RandomCluster> = fc
  .record({
    pools: fc.tuple(poolArbitrary(0), poolArbitrary(1), poolArbitrary(2)),
    nodes: fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 4 }),
    pods: fc.array(
      fc.record({
        node: fc.nat(3),
        pools: fc.option(fc.constantFrom(["pool-0"], ["pool-1", "pool-0"]), { freq: 6 }),
        address: fc.option(
          fc.integer({ min: 0, max: 60 }).map((n) => formatAddress(addressOfNumber(4, 0x0a000000n + BigInt(n)))),
          { freq: 8 },
        ),
      }),
      { maxLength: 40 },
    ),
    reserved: fc.subarray(["10.0.0.0/30", "10.0.0.9/32", "10.0.1.0/29", "10.0.2.16/28"]),
    strict: fc.boolean(),
    limit: fc.constantFrom(0, 0, 1, 3),
  })
  .map(({ nodes, pods, ...rest }) => ({
    ...rest,
    nodes: nodes.map((zone, i) => ({ name: `node-${i}`, zone })),
    pods: pods.map(({ node, ...more }, i) => ({ ...more, key: `n/pod-${i}`, node: `node-${node % nodes.length}` })),
  }));

function manifests(cluster: RandomCluster, podIPs: ReadonlyMap<string, string> = new Map()): readonly string[] {
  const { strict, limit, reserved } = cluster;
  return [
    ...cluster.pools.map(({ name, cidr, blockSize, disabled, zone, uses, ipip }) =>
      pool(
        name,
        cidr,
        `blockSize: ${blockSize}, disabled: ${disabled}, allowedUses: [${uses}], ipipMode: ${ipip ? "Always" : "Never"}${zone === null ? "" : `, nodeSelector: zone == '${zone}'`}`,
      ),
    ),
    `---\napiVersion: crd.projectcalico.org/v1\nkind: IPAMConfig\nmetadata: {name: default}\nspec: {strictAffinity: ${strict}, autoAllocateBlocks: true, maxBlocksPerHost: ${limit}}\n`,
    `---\napiVersion: projectcalico.org/v3\nkind: IPReservation\nmetadata: {name: r}\nspec: {reservedCIDRs: ${JSON.stringify(reserved)}}\n`,
    ...cluster.pods.map(({ key, node, pools, address }) => {
      const text = pod(key, node, {
        ...(pools === null ? {} : { "cni.projectcalico.org/ipv4pools": JSON.stringify(pools) }),
        ...(address === null ? {} : { "cni.projectcalico.org/ipAddrs": JSON.stringify([address]) }),
      });
      const known = podIPs.get(key);
      return known === undefined ? text : `${text}status: {podIP: ${known}}\n`;
    }),
  ];
}

function nodesOf(cluster: RandomCluster): readonly DeclaredNode[] {
  return cluster.nodes.map(({ name, zone }) => declaredNode(name, { labels: new Map([["zone", zone]]) }));
}

function planFor(cluster: RandomCluster): AddressPlan {
  return planOf(manifests(cluster).join(""), nodesOf(cluster));
}

/** The blocks as `kubectl get ipamblocks -o yaml` would show them. */
function blockManifest(block: IPAMBlock): string {
  return `---\n${JSON.stringify({
    apiVersion: "crd.projectcalico.org/v1",
    kind: "IPAMBlock",
    metadata: { name: formatPrefix(block.cidr).replace(/[./:]/g, "-") },
    spec: {
      cidr: formatPrefix(block.cidr),
      ...(block.affinity === null ? {} : { affinity: `${block.affinity.type}:${block.affinity.name}` }),
      allocations: block.allocations,
      unallocated: block.unallocated,
      attributes: block.attributes.map((attribute) => ({
        ...(attribute.handle === null ? {} : { handle_id: attribute.handle }),
        secondary: Object.fromEntries(secondaryOf(attribute)),
      })),
      strictAffinity: false,
    },
  })}\n`;
}

/** Every address that is given, once for each who has it. */
function given(plan: AddressPlan): readonly string[] {
  const tunnels = [...plan.tunnels.values()]
    .flatMap(({ ipip, vxlan4 }) => [ipip, vxlan4])
    .filter((one) => one !== null);
  return [...[...plan.pods.values()].flat(), ...tunnels].map(formatAddress);
}

/** Every address that is written down in a block. */
function writtenDown(plan: AddressPlan): readonly string[] {
  return plan.blocks.flatMap(({ cidr, allocations }) =>
    allocations.flatMap((index, ordinal) =>
      index === null ? [] : [formatAddress(addressOfNumber(4, addressNumber(cidr.address) + BigInt(ordinal)))],
    ),
  );
}

function contains(cidr: string, address: string): boolean {
  const [prefix, parsed] = [parsePrefix(cidr), parseAddress(address)];
  return prefix !== null && parsed !== null && prefixContains(prefix, parsed);
}

const RUNS = { numRuns: 150 };

describe("of any cluster", () => {
  test("no address is given twice, and all of them are written down, and no others", () => {
    fc.assert(
      fc.property(clusterArbitrary, (cluster) => {
        const plan = planFor(cluster);
        const addresses = given(plan);
        expect(new Set(addresses).size).toBe(addresses.length);
        expect([...addresses].sort()).toEqual([...writtenDown(plan)].sort());
        for (const { allocations, unallocated } of plan.blocks) {
          const free = allocations.flatMap((index, ordinal) => (index === null ? [ordinal] : []));
          expect([...unallocated].sort((x, y) => x - y)).toEqual(free);
        }
      }),
      RUNS,
    );
  });

  test("an address is in a pool that is in use and that the pod may use, and is not reserved", () => {
    fc.assert(
      fc.property(clusterArbitrary, (cluster) => {
        const plan = planFor(cluster);
        const zoneOf = new Map(cluster.nodes.map(({ name, zone }) => [name, zone]));
        for (const { key, node, pools, address } of cluster.pods) {
          const [got] = (plan.pods.get(key) ?? []).map(formatAddress);
          if (got === undefined) continue;
          if (address !== null) {
            expect(got).toBe(address);
            continue;
          }
          const home = cluster.pools.find(({ cidr }) => contains(cidr, got));
          expect(home?.disabled).toBe(false);
          expect(home?.uses).toContain("Workload");
          if (pools === null) expect([null, zoneOf.get(node)]).toContain(home?.zone);
          else expect(pools).toContain(home?.name);
          expect(cluster.reserved.filter((cidr) => contains(cidr, got))).toEqual([]);
        }
      }),
      RUNS,
    );
  });

  test("limits of blocks and strict affinity are kept", () => {
    fc.assert(
      fc.property(clusterArbitrary, (cluster) => {
        // who names an address makes its node own that block, whatever the limit
        const pods = cluster.pods.map((one) => ({ ...one, address: null }));
        const plan = planFor({ ...cluster, pods });
        const owners = plan.blocks.map(({ affinity }) => affinity?.name ?? "");
        const limit = cluster.limit === 0 ? 20 : cluster.limit;
        // the limit holds for the pools of each request
        const poolCount = cluster.pools.length;
        for (const { name } of cluster.nodes)
          expect(owners.filter((owner) => owner === name).length).toBeLessThanOrEqual(limit * poolCount);
        if (!cluster.strict) return;
        for (const { key, node } of pods) {
          for (const address of plan.pods.get(key) ?? []) {
            const block = plan.blocks.find(({ cidr }) => prefixContains(cidr, address));
            expect(block?.affinity?.name).toBe(node);
          }
        }
      }),
      RUNS,
    );
  });

  test("a pod without an address is told of, and only where nothing is left for it", () => {
    fc.assert(
      fc.property(clusterArbitrary, (cluster) => {
        const plan = planFor(cluster);
        const without = cluster.pods.filter(({ key }) => !plan.pods.has(key));
        expect(plan.findings.some(({ code }) => code === "pod-gets-no-address")).toBe(without.length > 0);
        const taken = new Set(given(plan));
        for (const { key, pools } of without) {
          const about = messages(plan).filter((message) => message.includes("No IPs available in pools"));
          if (cluster.limit !== 0 || pools === null || about.every((message) => !message.includes(`${key} `))) continue;
          for (const { cidr } of cluster.pools.filter(({ name }) => pools.includes(name))) {
            const prefix = parsePrefix(cidr);
            const size = prefix === null ? 0 : 2 ** (32 - prefix.length);
            for (let i = 0; prefix !== null && i < size; i++) {
              const address = formatAddress(addressOfNumber(4, addressNumber(prefix.address) + BigInt(i)));
              const isFree = !taken.has(address) && !cluster.reserved.some((one) => contains(one, address));
              expect([address, isFree]).toEqual([address, false]);
            }
          }
        }
      }),
      RUNS,
    );
  });

  test("the order of resources and nodes does not matter", () => {
    fc.assert(
      fc.property(
        clusterArbitrary,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (cluster, random) => {
          const shuffled = <T>(list: readonly T[]): readonly T[] =>
            list
              .map((one) => [random.next().value ?? 0, one] as const)
              .sort(([x], [y]) => x - y)
              .map(([, one]) => one);
          const plan = planFor(cluster);
          const other = planOf(shuffled(manifests(cluster)).join(""), shuffled(nodesOf(cluster)));
          expect(podLines(other)).toEqual(podLines(plan));
          expect(blockLines(other)).toEqual(blockLines(plan));
          expect(messages(other)).toEqual(messages(plan));
        },
      ),
      RUNS,
    );
  });

  test("what is given already stays, whatever is asked for later", () => {
    fc.assert(
      fc.property(clusterArbitrary, clusterArbitrary, fc.nat(), (before, after, salt) => {
        const first = planFor(before);
        // pools, nodes and settings change; the pods of before are still there, some with their address in their status
        const known = new Map(
          [...first.pods].flatMap(([key, [address]], i) =>
            address === undefined || (i + salt) % 3 === 0 ? [] : [[key, formatAddress(address)] as const],
          ),
        );
        const kept = before.pods.filter(({ key }) => first.pods.has(key));
        const added = after.pods.map((one, i) => ({ ...one, key: `m/pod-${i}` }));
        // a pool's block size cannot be changed
        const pools = after.pools.map((one, i) => ({ ...one, blockSize: before.pools[i]?.blockSize ?? 32 }));
        const later: RandomCluster = { ...after, pools, pods: [...kept, ...added] };
        const text = [...manifests(later, known), ...first.blocks.map(blockManifest)].join("");
        const second = planOf(text, nodesOf(later));
        for (const [key, addresses] of first.pods)
          expect([key, second.pods.get(key)?.map(formatAddress)]).toEqual([key, addresses.map(formatAddress)]);
        const addresses = given(second);
        expect(new Set(addresses).size).toBe(addresses.length);
      }),
      RUNS,
    );
  });
});
