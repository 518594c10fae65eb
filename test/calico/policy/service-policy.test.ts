import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inject } from "../../../src/emulator/inject.ts";
import type { Journey } from "../../../src/emulator/journey.ts";
import { createWorld, runtimeOf, settle, type World } from "../../../src/emulator/world.ts";
import { kubeProxyOfNode } from "../../../src/kubernetes/kube-proxy/kube-proxy-of-node.ts";
import type { RestoreTable } from "../../../src/model/restore-table.ts";
import { packet } from "../../../src/net/packet.ts";
import { TCP } from "../../../src/net/protocol.ts";
import { SYN } from "../../../src/net/tcp-flags.ts";
import { explore } from "../../../src/trace/explorer.ts";
import { address, networkOf } from "../../kernel/harness/lab.ts";
import { linesOf, proxied, proxiedNode } from "../../kubernetes/kube-proxy/proxied.ts";
import { deviceOf, judged, labOf, type NodeNat } from "./declared-world.ts";
import { nodeVerdict } from "./node-verdict.ts";
import { clusterArbitrary, type Manifest } from "./random-resources.ts";

const PORTS = [8080, 443];
const VIP = { 4: "10.99.0.7", 6: "fd00:99::7" } as const;
const SENDER = { 4: "10.0.0.1", 6: "fd00::1" } as const;
const BACKEND = { 4: "10.0.0.2", 6: "fd00::2" } as const;
const FAMILIES = [4, 6] as const;

/** A Service of both families whose endpoints are two ports of one pod. */
function objects(affinity: boolean): readonly Manifest[] {
  const metadata = { namespace: "x", name: "both" };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        clusterIP: VIP[4],
        clusterIPs: [VIP[4], VIP[6]],
        ipFamilies: ["IPv4", "IPv6"],
        sessionAffinity: affinity ? "ClientIP" : "None",
        ports: [{ port: 80, protocol: "TCP" }],
      },
    },
    ...FAMILIES.flatMap((family) =>
      PORTS.map((port) => ({
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { ...metadata, name: `both-${family}-${port}`, labels: { "kubernetes.io/service-name": "both" } },
        addressType: `IPv${family}`,
        endpoints: [{ addresses: [BACKEND[family]] }],
        ports: [{ protocol: "TCP", port }],
      })),
    ),
  ];
}

function natOf(tables: readonly RestoreTable[]): NodeNat {
  const [nat] = tables.filter(({ name }) => name === "nat");
  const hooks = (nat?.hooks ?? []).flatMap(({ chain, rules }) => rules.map(({ text }) => `-A ${chain} ${text}`));
  return { chains: (nat?.chains ?? []).map(({ name }) => name), rules: [...hooks, ...linesOf(tables, "nat")] };
}

/** The first packet of a connection from pod0 to the Service; what became of it on the node. */
function connect(world: World, device: string, family: 4 | 6, sport: number): Journey {
  const runtime = runtimeOf(world, "n");
  const from = runtime?.host.interfaces.get(device);
  if (runtime === null || from === undefined) throw new Error("no node");
  const ends = { src: address(SENDER[family]), dst: address(VIP[family]) };
  const before = world.journeys.length;
  const content = packet({ ...ends, protocol: TCP, sport, dport: 80, flags: SYN });
  inject(world, runtime, from, content, { sourceMac: "", destinationMac: null, mark: 0 });
  settle(world, world.now);
  const journey = world.journeys[before];
  if (journey === undefined) throw new Error("no journey");
  return journey;
}

function isDropped({ end }: Journey): boolean {
  if (end === null) throw new Error("no end");
  const { outcome } = end.ending;
  return end.host === "n" && end.chain !== null && (outcome === "dropped" || outcome === "rejected");
}

describe("policies and Services of both families", () => {
  it("each endpoint is reached where the resources allow it; with affinity all connections of a client go to one", () => {
    fc.assert(
      fc.property(
        clusterArbitrary,
        fc.boolean(),
        fc.constantFrom("v3.29.2", "v3.32.1"),
        (random, affinity, release) => {
          const yaml = objects(affinity)
            .map((one) => JSON.stringify(one))
            .join("\n---\n");
          const { ipv4, ipv6 } = kubeProxyOfNode(proxiedNode("n", "10.1.0.1/24"), proxied(yaml).context);
          const network = networkOf(labOf(random, release, natOf(ipv4), natOf(ipv6)));
          const node = judged(random, release);
          const device = deviceOf("pod0", random.pods);
          for (const family of FAMILIES) {
            const { leaves, truncated } = explore((choose) => {
              const world = createWorld(network, { choose, empty: true });
              const first = connect(world, device, family, 40_000);
              // connections of one moment, which connlimit counts now so and now so, are another test's
              world.now += 1;
              return { first, again: affinity ? connect(world, device, family, 40_001) : null };
            });
            expect(truncated).toBe(false);
            const ends = { src: address(SENDER[family]), dst: address(VIP[family]) };
            const sent = { ...ends, protocol: TCP, sport: 40_000, dport: 80, icmp: null };
            // what comes before DNAT sees the Service, all else the endpoint
            const isAllowed = (port: number): boolean => {
              const dst = address(BACKEND[family]);
              const translate = (one: typeof sent): typeof sent => ({ ...one, dst, dport: port });
              return nodeVerdict({ ...node, translate }, "pod0", sent);
            };
            const reached = leaves.map(({ value: { first } }) => first.end?.packet.dport ?? 0);
            const [only] = leaves;
            if (only !== undefined && reached.join() === "80" && isDropped(only.value.first)) {
              // a policy before DNAT has denied it: no endpoint was chosen yet
              expect({ family, allowed: PORTS.filter(isAllowed) }).toEqual({ family, allowed: [] });
              continue;
            }
            expect([...reached].sort()).toEqual([...PORTS].sort());
            for (const { value } of leaves) {
              const port = value.first.end?.packet.dport ?? 0;
              expect({ family, port, allowed: !isDropped(value.first) }).toEqual({
                family,
                port,
                allowed: isAllowed(port),
              });
              // the list of clients is written before any policy has its say
              if (value.again !== null) expect(value.again.end?.packet.dport).toBe(port);
            }
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});
