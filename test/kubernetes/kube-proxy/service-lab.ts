import { restoreText } from "../../../src/calico/felix/restore-text.ts";
import { kubeProxyOfNode } from "../../../src/kubernetes/kube-proxy/kube-proxy-of-node.ts";
import { parsePrefix } from "../../../src/net/prefix.ts";
import { type Lab, networkOf } from "../../kernel/harness/lab.ts";
import { proxied, proxiedNode } from "./proxied.ts";
import type { ServicePacket } from "./service-verdict.ts";
import { manifestsOf, NODE_CIDR, type ServiceWorld } from "./service-world.ts";

export const NODE_ADDRESS = "172.16.0.10";

/** A node with two pods, and one machine that stands for everything outside. */
export function labOf(world: ServiceWorld): Lab {
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

/** Where packets come in. */
export const DEVICE = { pod: "p0", client: "eth0", node: "" } as const;

/** First packets to everything that the world's Services have, from each kind of sender. */
export const packetsFor = (world: ServiceWorld): readonly ServicePacket[] =>
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
