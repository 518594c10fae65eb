import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { restoreText } from "../../../src/calico/felix/restore-text.ts";
import type { Journey } from "../../../src/emulator/journey.ts";
import { createWorld, inject, originate, runtimeOf, settle } from "../../../src/emulator/world.ts";
import { kubeProxyOfNode } from "../../../src/kubernetes/kube-proxy/kube-proxy-of-node.ts";
import type { Network } from "../../../src/model/network.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { packet } from "../../../src/net/packet.ts";
import { parsePrefix } from "../../../src/net/prefix.ts";
import { TCP, UDP } from "../../../src/net/protocol.ts";
import { SYN } from "../../../src/net/tcp-flags.ts";
import { explore } from "../../../src/trace/explorer.ts";
import { address, type Lab, networkOf } from "../../kernel/harness/lab.ts";
import { proxied, proxiedNode } from "./proxied.ts";
import { type ServicePacket, type ServiceVerdict, serviceVerdict } from "./service-verdict.ts";
import { manifestsOf, NODE_CIDR, type ServiceWorld, serviceWorld } from "./service-world.ts";

const NODE_ADDRESS = "172.16.0.10";
/** What the node gives to masqueraded packets, by where they go. */
const MASQUERADED: Readonly<Record<string, string>> = { "10.1.0.2": "10.1.0.1", "10.1.1.2": "10.1.1.1" };

/** A node with two pods, and one machine that stands for everything outside. */
function labOf(world: ServiceWorld): Lab {
  const { context } = proxied(manifestsOf(world));
  const podCIDR = parsePrefix(NODE_CIDR);
  const device = (name: string, text: string) => ({ name, addresses: [text] });
  const devices = [device("eth0", `${NODE_ADDRESS}/24`), device("p0", "10.1.0.1/24"), device("p1", "10.1.1.1/24")];
  const bare = networkOf({ hosts: [{ name: "node", interfaces: devices }], links: [] }).hosts.get("node");
  const node = proxiedNode("node", `${NODE_ADDRESS}/24`, {
    labels: new Map(world.zone === "" ? [] : [["topology.kubernetes.io/zone", world.zone]]),
    podCIDRs: podCIDR === null ? [] : [podCIDR],
    interfaces: [...(bare?.interfaces.values() ?? [])],
  });
  const { ipv4, sysctls } = kubeProxyOfNode(node, context);
  const pod = (name: string, subnet: number) => ({
    name,
    interfaces: [device("eth0", `10.1.${subnet}.2/24`)],
    routes: [`default via 10.1.${subnet}.1`],
  });
  return {
    hosts: [
      {
        name: "node",
        interfaces: devices,
        routes: ["default via 172.16.0.50", "10.1.128.0/17 via 172.16.0.50"],
        rulesets: [{ text: ipv4.map(restoreText).join("") }],
        sysctls: { "net.ipv4.ip_forward": "1", ...Object.fromEntries(sysctls) },
      },
      pod("pod0", 0),
      pod("pod1", 1),
      {
        name: "outside",
        interfaces: [
          {
            name: "eth0",
            addresses: ["172.16.0.50/24", "198.51.100.7/24", "10.1.200.2/24", "10.1.200.3/24", "10.1.200.4/24"],
          },
        ],
        routes: [`default via ${NODE_ADDRESS}`],
      },
    ],
    links: [
      ["node:eth0", "outside:eth0"],
      ["node:p0", "pod0:eth0"],
      ["node:p1", "pod1:eth0"],
    ],
    staticNeighbours: true,
  };
}

const DEVICE = { pod: "p0", client: "eth0", node: "" } as const;

/** Every way that the packet may go. */
function journeysOf(network: Network, sent: ServicePacket): readonly Journey[] {
  const protocol = sent.protocol === "TCP" ? TCP : UDP;
  const { leaves, truncated } = explore((choose) => {
    const world = createWorld(network, { choose, empty: true });
    const runtime = runtimeOf(world, "node");
    if (runtime === null) throw new Error("no node");
    const fields = { src: address(sent.src), dst: address(sent.dst), protocol, sport: 40000, dport: sent.port };
    const content = packet({ ...fields, flags: protocol === TCP ? SYN : 0 });
    if (sent.from === "node") {
      const owner = { uid: 0, gid: 0 };
      originate(world, runtime, content, {
        kind: "request",
        cause: null,
        mark: 0,
        owner,
        boundInterface: null,
        raw: false,
        selectSource: false,
      });
    } else {
      const device = runtime.host.interfaces.get(DEVICE[sent.from]);
      if (device === undefined) throw new Error("no device");
      inject(world, runtime, device, content, { sourceMac: "", destinationMac: null, mark: 0 });
    }
    settle(world, world.now);
    const [first] = world.journeys;
    if (first === undefined) throw new Error("no journey");
    return first;
  });
  expect(truncated).toBe(false);
  return leaves.map(({ value }) => value);
}

/** `endpoint source`, or what else became of the packet. */
function seen(journey: Journey, sent: ServicePacket): string {
  const { end } = journey;
  if (end === null) return "no end";
  const decided = end.chain?.program.chain.name ?? "";
  const { outcome } = end.ending;
  if ((outcome === "rejected" || outcome === "dropped") && decided.startsWith("KUBE-")) {
    return end.ending.outcome === "rejected" ? "reject" : "drop";
  }
  const to = `${formatAddress(end.packet.dst)}:${end.packet.dport}`;
  return to === `${sent.dst}:${sent.port}` ? "pass" : `${to} from ${formatAddress(end.packet.src)}`;
}

function expected(verdict: ServiceVerdict, sent: ServicePacket): ReadonlySet<string> {
  if (verdict.kind !== "endpoint") return new Set([verdict.kind]);
  return new Set(
    verdict.choices.map(({ endpoint: { ip, port }, masquerade }) => {
      const source = masquerade ? (MASQUERADED[ip] ?? NODE_ADDRESS) : sent.src;
      return `${ip}:${port} from ${source}`;
    }),
  );
}

const packets = (world: ServiceWorld): readonly ServicePacket[] =>
  world.services.flatMap((one) => {
    const targets: (readonly [string, number])[] = [
      [one.clusterIP, one.port],
      [one.clusterIP, one.port + 1],
      ...one.externalIPs.map((ip) => [ip, one.port] as const),
      ...one.vips.map((ip) => [ip, one.port] as const),
      ...(one.nodePort === 0 ? [] : ([[NODE_ADDRESS, one.nodePort]] as const)),
    ];
    const fromNode = one.nodePort === 0 ? [] : ([["127.0.0.1", one.nodePort]] as const);
    return [
      ...targets.flatMap(([dst, port]) =>
        (
          [
            ["pod", "10.1.0.2"],
            ["client", "198.51.100.7"],
            ["client", "172.16.0.50"],
            ["node", NODE_ADDRESS],
          ] as const
        ).map(([from, src]) => ({ from, src, dst, port, protocol: one.protocol })),
      ),
      ...fromNode.map(([dst, port]) => ({
        from: "node" as const,
        src: "127.0.0.1",
        dst,
        port,
        protocol: one.protocol,
      })),
    ];
  });

describe("Services as kube-proxy's rules", () => {
  it("lead first packets where the resources say", () => {
    fc.assert(
      fc.property(serviceWorld, (world) => {
        const network = networkOf(labOf(world));
        for (const sent of packets(world)) {
          const found = new Set(journeysOf(network, sent).map((journey) => seen(journey, sent)));
          const wanted = expected(serviceVerdict(world, sent), sent);
          expect({ sent, became: [...found].sort() }).toEqual({ sent, became: [...wanted].sort() });
        }
      }),
      { numRuns: 60 },
    );
  });
});
