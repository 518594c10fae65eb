import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorld, runtimeOf } from "../../../src/emulator/world.ts";
import { flowOf } from "../../../src/linux/routing/flow-hash.ts";
import type { Host } from "../../../src/model/host.ts";
import { network } from "../../../src/model/network.ts";
import { originTable } from "../../../src/model/origin.ts";
import { parseAddress } from "../../../src/net/address.ts";
import { TCP, UDP } from "../../../src/net/protocol.ts";
import { explore } from "../../../src/trace/explorer.ts";
import { podpathAnswer } from "../fuzz/look-ups/answer.ts";
import { buildRoutingWorld, dumpRoutingWorld } from "../fuzz/look-ups/lab.ts";
import { KNOWN_SYSCTLS, type LookUpKey, type RoutingWorld } from "../fuzz/look-ups/world.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { muted } from "../harness/podpath-network.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const HOPS = "nexthop via 10.0.0.2 weight 3 nexthop via 10.0.1.2 weight 2 nexthop via 10.0.2.2 weight 1";

function world(changes: Partial<RoutingWorld>, sysctls: Readonly<Record<string, string>> = {}): RoutingWorld {
  return {
    addresses: [0, 1, 2].map((n) => `10.0.${n}.1/24 dev e${n}`),
    nextHops: [],
    routes: [`default ${HOPS}`],
    rules: [],
    down: [],
    ...changes,
    sysctls: { "net.ipv4.ip_forward": "1", ...KNOWN_SYSCTLS, ...sysctls },
  };
}

/** The share of each gateway in podpath's branches. */
function shares(host: Host, key: LookUpKey): Readonly<Record<string, number>> {
  const { leaves } = explore((choose) => {
    const made = createWorld(network({ hosts: new Map([["R", host]]), origins: originTable() }), { choose });
    const runtime = runtimeOf(made, "R");
    if (runtime === null) throw new Error("no such host");
    return podpathAnswer(runtime, key).gateway ?? "";
  });
  const sums: Record<string, number> = {};
  for (const { value, probability } of leaves) sums[value] = (sums[value] ?? 0) + probability;
  return sums;
}

const FLOWS = 3000;

/** Destinations far away, one for each flow. */
function destinations(prefix = "198.18"): readonly string[] {
  return Array.from({ length: FLOWS }, (_, n) => `${prefix}.${n >> 8}.${n & 255}`);
}

describe.skipIf(!available)("several next hops", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function gateways(keys: readonly object[]): Promise<readonly string[]> {
    return (await oracle.routes("R", keys)).map(({ gateway }) => gateway ?? "none");
  }

  function counted(list: readonly string[]): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const item of list) counts[item] = (counts[item] ?? 0) + 1;
    return counts;
  }

  const WAYS: readonly (readonly [string, RoutingWorld, Partial<LookUpKey>])[] = [
    ["by their weights", world({}), {}],
    ["by their weights, forwarded", world({}), { iif: "e0", from: "10.0.0.77" }],
    ["by the source of a bound socket first", world({}), { from: "10.0.1.1" }],
    [
      "by weights among those of the source",
      world({ routes: [`default ${HOPS} nexthop via 10.0.1.3 weight 2`] }),
      { from: "10.0.1.1" },
    ],
    [
      "of next-hop objects by weights alone",
      world({
        nextHops: ["id 1 via 10.0.0.2 dev e0", "id 2 via 10.0.1.2 dev e1", "id 9 group 1,3/2,1"],
        routes: ["default nhid 9"],
      }),
      { from: "10.0.1.1" },
    ],
    ["that are alive", world({ down: ["e0"] }), {}],
    [
      "with a carrier, where that is asked for",
      world(
        {
          addresses: ["10.0.0.1/24 dev e0", "10.0.1.1/24 dev e1", "10.0.3.1/24 dev e3"],
          routes: ["default nexthop via 10.0.0.2 nexthop via 10.0.1.2 nexthop via 10.0.3.2 weight 4"],
        },
        { "net.ipv4.conf.e3.ignore_routes_with_linkdown": "1" },
      ),
      {},
    ],
    [
      "also without a carrier, else",
      world({
        addresses: ["10.0.0.1/24 dev e0", "10.0.1.1/24 dev e1", "10.0.3.1/24 dev e3"],
        routes: ["default nexthop via 10.0.0.2 nexthop via 10.0.1.2 nexthop via 10.0.3.2 weight 4"],
      }),
      {},
    ],
    ["of the device that the socket is bound to", world({}), { oif: "e2" }],
  ];

  it.each(WAYS)("are taken %s, as often as podpath says", async (_, made, fields) => {
    await buildRoutingWorld(oracle, made);
    const host = await dumpRoutingWorld(oracle, made, false);
    const keys = destinations().map((to) => ({ to, proto: 17, sport: 1000, dport: 53, ...fields }));
    const [first] = keys;
    if (first === undefined) throw new Error("no key");
    const counts = counted(await gateways(keys));
    const expected = shares(host, first);
    expect(Object.keys(counts).sort()).toEqual(Object.keys(expected).sort());
    for (const [gateway, share] of Object.entries(expected)) {
      const deviation = Math.sqrt(FLOWS * share * (1 - share));
      expect(Math.abs((counts[gateway] ?? 0) - FLOWS * share), gateway).toBeLessThanOrEqual(5 * deviation);
    }
  });

  it("are the same for every packet of a flow, in both directions, and by every route of the host", async () => {
    const made = world(
      { routes: [`198.18.0.0/16 ${HOPS}`, `198.19.0.0/16 ${HOPS}`] },
      { "net.ipv4.fib_multipath_hash_policy": "1" },
    );
    await buildRoutingWorld(oracle, made);
    const there = destinations().map((to, n) => ({
      to,
      from: `198.19.${n & 255}.9`,
      iif: "e3",
      proto: 6,
      sport: 1000 + n,
      dport: 80,
    }));
    const back = there.map((key) => ({ ...key, to: key.from, from: key.to, sport: key.dport, dport: key.sport }));
    await oracle.commands("R", ["ip addr add 10.0.3.1/24 dev e3"]);
    const out = await gateways(there);
    expect(out).not.toContain("none");
    expect(new Set(out).size).toBe(3);
    expect(await gateways(back)).toEqual(out);
    expect(await gateways(there)).toEqual(out);
  });

  const SAME_FLOW: readonly (readonly [string, string, boolean])[] = [
    ["0", "by addresses alone", true],
    ["1", "by ports too", false],
    ["2", "by addresses alone", true],
    ["3", "by addresses and protocol", true],
  ];
  it.each(SAME_FLOW)("are told apart under hash policy %s %s", async (policy, _, portsAreNothing) => {
    const made = world({}, { "net.ipv4.fib_multipath_hash_policy": policy });
    await buildRoutingWorld(oracle, made);
    const keys = Array.from({ length: 200 }, (_, n) => ({
      to: "198.18.0.1",
      from: "10.0.0.77",
      iif: "e0",
      proto: 17,
      sport: 1000 + n,
      dport: 53,
    }));
    expect(new Set(await gateways(keys)).size === 1).toBe(portsAreNothing);
  });
});

/** Whether the host sends it itself, the hash policy, and the fields of policy 3. */
type Hashed = readonly [family: 4 | 6, local: boolean, policy: string, fields: string];

const HASHED: readonly Hashed[] = [
  ...([4, 6] as const).flatMap((family) => [
    ...["0", "1", "2"].map((policy): Hashed => [family, true, policy, "7"]),
    [family, false, "1", "7"] as const,
    ...["7", "3", "4", "48", "32", "1"].map((fields): Hashed => [family, false, "3", fields]),
  ]),
  // Every packet of IPv6 that comes in here has a flow label of its own.
  [4, false, "0", "7"],
  [4, false, "2", "7"],
];

describe.skipIf(!available)("several next hops of packets", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  it.each(HASHED)(
    "are one for a flow: IPv%i, sent here %s, fib_multipath_hash_policy %s, fields %s",
    async (...hashed) => {
      const [family, local, policy, fields] = hashed;
      const six = family === 6;
      const sysctls = {
        [`net.ipv${family}.fib_multipath_hash_policy`]: policy,
        [`net.ipv${family}.fib_multipath_hash_fields`]: fields,
      };
      const routes = six
        ? ["-6 fd00:77::/64 nexthop via fd00:b::2 nexthop via fd00:c::2"]
        : ["10.77.0.0/16 nexthop via 10.0.1.2 nexthop via 10.0.2.2"];
      const router = { routes, sysctls };
      const lab = six ? routerLab6({ router }) : routerLab({ router });
      const far = ["A", "B", "C"];
      const both = await Duel.of(oracle, lab, far);
      const runtime = runtimeOf(createWorld(muted(networkOf(lab), far), { choose: () => 0 }), "R");
      if (runtime === null) throw new Error("no R");
      const sources = local
        ? [six ? "fd00:a::1" : "10.0.0.1"]
        : six
          ? ["fd00:a::2", "fd00:a::11"]
          : ["10.0.0.2", "10.0.0.131"];
      const targets = (local ? [1, 2, 3, 4] : [1, 2]).map((n) => (six ? `fd00:77::${n}` : `10.77.0.${n}`));
      /** Devices by what podpath takes for one flow. */
      const taken = new Map<string, Set<string>>();
      for (const from of sources)
        for (const to of targets)
          for (const proto of ["udp", "tcp"])
            for (const [sport, dport] of [
              [4000, 80],
              [4000, 53],
              [4001, 80],
            ] as const) {
              const packet: ProbePacket = { host: "R", src: from, dst: to, proto, sport, dport };
              const { kernel, branches, answer } = await both.agree({
                ...packet,
                ...(local ? {} : { interface: "in0" }),
                ...(proto === "tcp" ? { flags: "S" } : {}),
              });
              expect(branches.length).toBe(2);
              const [src, dst] = [parseAddress(from), parseAddress(to)];
              const arrived = answer.branches[0]?.run.journeys[0]?.packet;
              if (src === null || dst === null || arrived === undefined) throw new Error("no packet");
              // Of the raw socket that sends them here, the kernel's look-up knows neither port nor protocol.
              const ports = local
                ? { sport: 0, dport: 0, protocol: 255 }
                : { sport, dport, protocol: proto === "tcp" ? TCP : UDP };
              const key = { src, dst, ...ports, input: local ? null : "in0", output: null, mark: 0, tos: 0, uid: 0 };
              const flow = flowOf(runtime, key, local ? null : arrived);
              const out = kernel.hops.find(({ host, direction }) => host === "R" && direction === "out")?.interface;
              taken.set(flow, (taken.get(flow) ?? new Set()).add(out ?? "none"));
            }
      expect([...taken].filter(([, devices]) => devices.size > 1)).toEqual([]);
      // All on one side by chance: once in eight million.
      if (taken.size > 23) expect(new Set([...taken.values()].flatMap((devices) => [...devices])).size).toBe(2);
    },
  );

  it("may be another one for each flow label of IPv6, where the policy is 0", async () => {
    const routes = ["-6 fd00:77::/64 nexthop via fd00:b::2 nexthop via fd00:c::2"];
    const both = await Duel.of(oracle, routerLab6({ router: { routes } }), ["A", "B", "C"]);
    const taken = new Set<string | undefined>();
    // Each probe comes with a label of its own.
    for (let probe = 0; probe < 24; probe++) {
      const udp = { src: "fd00:a::2", dst: "fd00:77::1", proto: "udp", sport: 4000, dport: 80 };
      const { kernel, branches } = await both.agree({ host: "R", interface: "in0", ...udp });
      expect(branches.length).toBe(2);
      taken.add(kernel.hops.find(({ host, direction }) => host === "R" && direction === "out")?.interface);
    }
    expect(taken.size).toBe(2);
  });
});
