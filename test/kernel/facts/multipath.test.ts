import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorld, runtimeOf } from "../../../src/emulator/world.ts";
import type { Host } from "../../../src/model/host.ts";
import { network } from "../../../src/model/network.ts";
import { originTable } from "../../../src/model/origin.ts";
import { explore } from "../../../src/trace/explorer.ts";
import { podpathAnswer } from "../fuzz/look-ups/answer.ts";
import { buildRoutingWorld, dumpRoutingWorld } from "../fuzz/look-ups/lab.ts";
import { KNOWN_SYSCTLS, type LookUpKey, type RoutingWorld } from "../fuzz/look-ups/world.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";

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
