import { describe, expect, test } from "vitest";
import { kubeProxyOfNode } from "../../../src/kubernetes/kube-proxy/kube-proxy-of-node.ts";
import { networkInterface } from "../../../src/model/interface.ts";
import { originTable } from "../../../src/model/origin.ts";
import { parseInterfaceAddress, parsePrefix } from "../../../src/net/prefix.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { linesAbout, linesOf, proxied, proxiedNode } from "./proxied.ts";

interface Hints {
  readonly forZones?: readonly { readonly name: string }[];
  readonly forNodes?: readonly { readonly name: string }[];
}

function world(config: object, fields: { annotations?: object; hints?: readonly Hints[]; spec?: object } = {}): string {
  const hints = fields.hints ?? [{}, {}];
  const objects = [
    { apiVersion: "kubeproxy.config.k8s.io/v1alpha1", kind: "KubeProxyConfiguration", ...config },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { namespace: "a", name: "b", annotations: fields.annotations ?? {} },
      spec: { clusterIP: "10.96.0.9", ports: [{ name: "p", port: 80 }], ...fields.spec },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { namespace: "a", name: "b-1", labels: { "kubernetes.io/service-name": "b" } },
      ports: [{ name: "p", port: 8080 }],
      endpoints: hints.map((one, i) => ({ addresses: [`10.1.0.${i + 1}`], hints: one })),
    },
  ];
  return objects.map((object) => JSON.stringify(object)).join("\n---\n");
}

const NODE = proxiedNode("n1", "172.16.0.1/24", { labels: new Map([["topology.kubernetes.io/zone", "z1"]]) });

/** The endpoints that the Service leads to on the node. */
function endpoints(yaml: string, version: string): readonly string[] {
  return linesAbout("a/b:p", NODE, proxied(yaml, version)).flatMap((line) => / -> (\S+)"/.exec(line)?.[1] ?? []);
}

describe("hints", () => {
  const zones = { hints: [{ forZones: [{ name: "z1" }] }, { forZones: [{ name: "z2" }] }] };

  test("count from 1.31 on, and before with the annotation only", () => {
    expect(endpoints(world({}, zones), "v1.31.0")).toEqual(["10.1.0.1:8080"]);
    expect(endpoints(world({}, zones), "v1.30.4")).toHaveLength(2);
    const auto = { "service.kubernetes.io/topology-mode": "Auto" };
    expect(endpoints(world({}, { ...zones, annotations: auto }), "v1.30.4")).toEqual(["10.1.0.1:8080"]);
    const off = { "service.kubernetes.io/topology-mode": "Disabled" };
    expect(endpoints(world({}, { ...zones, annotations: off }), "v1.30.4")).toHaveLength(2);
  });

  test("do not count where an endpoint has none, or none is for the node's zone", () => {
    expect(endpoints(world({}, { hints: [{ forZones: [{ name: "z1" }] }, {}] }), "v1.31.0")).toHaveLength(2);
    const elsewhere = { hints: [{ forZones: [{ name: "z2" }] }, { forZones: [{ name: "z3" }] }] };
    expect(endpoints(world({}, elsewhere), "v1.31.0")).toHaveLength(2);
  });

  test("for nodes go before those for zones, from 1.34 on", () => {
    const both = (node: string) => ({ forNodes: [{ name: node }], forZones: [{ name: "z1" }] });
    const yaml = world({}, { hints: [both("n2"), both("n1")] });
    expect(endpoints(yaml, "v1.34.0")).toEqual(["10.1.0.2:8080"]);
    expect(endpoints(yaml, "v1.33.0")).toHaveLength(2);
  });
});

describe("settings of kube-proxy", () => {
  const masquerade = (config: object, node = NODE): readonly string[] =>
    linesAbout("a/b:p", node, proxied(world(config))).filter(
      (line) => line.startsWith("-A KUBE-SVC") && line.endsWith("KUBE-MARK-MASQ"),
    );
  const match = '-m comment --comment "a/b:p cluster IP" -m tcp -p tcp -d 10.96.0.9 --dport 80';
  const rule = (source: string): string =>
    `-A KUBE-SVC-MYBZLJBWQ3ZE6J7W ${match}${source} -j KUBE-MARK-MASQ`.replace(/KUBE-SVC-\S+/, "KUBE-SVC");
  const seen = (config: object, node = NODE): readonly string[] =>
    masquerade(config, node).map((line) => line.replace(/KUBE-SVC-\S+/, "KUBE-SVC"));

  test("tell traffic of pods by the mode of detection", () => {
    expect(seen({ clusterCIDR: "10.1.0.0/16,fd00::/64" })).toEqual([rule(" ! -s 10.1.0.0/16")]);
    expect(seen({})).toEqual([]);
    expect(seen({ iptables: { masqueradeAll: true }, clusterCIDR: "10.1.0.0/16" })).toEqual([rule("")]);
    const podCIDR = parsePrefix("10.1.7.0/24");
    const node = proxiedNode("n1", "172.16.0.1/24", { podCIDRs: podCIDR === null ? [] : [podCIDR] });
    expect(seen({ detectLocalMode: "NodeCIDR" }, node)).toEqual([rule(" ! -s 10.1.7.0/24")]);
    expect(seen({ detectLocalMode: "BridgeInterface", detectLocal: { bridgeInterface: "cbr0" } })).toEqual([
      rule(" ! -i cbr0"),
    ]);
    expect(seen({ detectLocalMode: "InterfaceNamePrefix", detectLocal: { interfaceNamePrefix: "cali" } })).toEqual([
      rule(" ! -i cali+"),
    ]);
  });

  test("say where node ports answer, and whether 127.0.0.1 does", () => {
    const address = parseInterfaceAddress("172.16.0.1/24");
    const eth0 = networkInterface({
      name: "eth0",
      addresses:
        address === null
          ? []
          : [
              {
                address: address.address,
                prefixLength: 24,
                scope: "global",
                peer: null,
                broadcast: null,
                secondary: false,
                dad: null,
                deprecated: false,
                noPrefixRoute: false,
                origin: 0,
              },
            ],
    });
    const node = proxiedNode("n1", "172.16.0.1/24", { interfaces: [eth0] });
    const last = (config: object) => {
      const { ipv4, ipv6, sysctls } = kubeProxyOfNode(node, proxied(world(config)).context);
      const jump = (tables: typeof ipv4): readonly string[] =>
        linesOf(tables, "nat").flatMap((line) => /this chain" (.*) -j KUBE-NODEPORTS$/.exec(line)?.[1] ?? []);
      return [jump(ipv4), jump(ipv6), sysctls.get("net.ipv4.conf.all.route_localnet")];
    };
    const six = ["-m addrtype --dst-type LOCAL ! -d ::1/128"];
    expect(last({})).toEqual([["-m addrtype --dst-type LOCAL"], six, "1"]);
    expect(last({ iptables: { localhostNodePorts: false } })).toEqual([
      ["-m addrtype --dst-type LOCAL ! -d 127.0.0.0/8"],
      six,
      undefined,
    ]);
    expect(last({ nodePortAddresses: ["172.16.0.0/24"] })).toEqual([["-d 172.16.0.1"], six, undefined]);
    expect(last({ nodePortAddresses: ["primary"] })).toEqual([["-d 172.16.0.1"], six, undefined]);
    expect(last({ nodePortAddresses: ["10.9.0.0/16"] })).toEqual([[], six, undefined]);
  });

  test("of the mark and of connection tracking change the fixed chains and the node's sysctls", () => {
    const { ipv4, sysctls } = kubeProxyOfNode(
      NODE,
      proxied(
        world({
          iptables: { masqueradeBit: 10 },
          conntrack: {
            tcpBeLiberal: true,
            tcpEstablishedTimeout: "1h30m0s",
            tcpCloseWaitTimeout: "0s",
            udpTimeout: "30s",
          },
        }),
      ).context,
    );
    expect(linesOf(ipv4, "nat")).toContain("-A KUBE-MARK-MASQ -j MARK --or-mark 0x000400");
    expect(linesOf(ipv4, "filter").filter((line) => line.includes("INVALID"))).toEqual([]);
    expect([...sysctls].sort()).toEqual([
      ["net.ipv4.conf.all.route_localnet", "1"],
      ["net.netfilter.nf_conntrack_tcp_be_liberal", "1"],
      ["net.netfilter.nf_conntrack_tcp_timeout_established", "5400"],
      ["net.netfilter.nf_conntrack_udp_timeout", "30"],
    ]);
  });

  test("with another mode make no rules, and packets to Services uncertain", () => {
    const { ipv4, ipv6, baseChains } = kubeProxyOfNode(NODE, proxied(world({ mode: "nftables" })).context);
    expect([ipv4, ipv6]).toEqual([[], []]);
    expect(baseChains.map(({ hook, table }) => [hook, table])).toEqual([
      ["prerouting", "kube-proxy in mode nftables"],
      ["output", "kube-proxy in mode nftables"],
    ]);
  });

  test("that are none are told with their field", () => {
    const config = {
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      kind: "KubeProxyConfiguration",
      clusterCIDR: "pods",
      detectLocalMode: "Guess",
      nodePortAddresses: ["here"],
      iptables: { masqueradeBit: 40 },
      conntrack: { udpTimeout: "soon" },
    };
    const { findings } = buildCluster(
      readResources(JSON.stringify(config), "kube-proxy.yaml", originTable()).resources,
    );
    expect(findings.map(({ message }) => message.replace(/ is .*/, ""))).toEqual([
      "KubeProxyConfiguration: clusterCIDR",
      "KubeProxyConfiguration: iptables.masqueradeBit",
      "KubeProxyConfiguration: detectLocalMode",
      "KubeProxyConfiguration: nodePortAddresses[0]",
      "KubeProxyConfiguration: conntrack.udpTimeout",
    ]);
  });
});

test("in a large cluster rules about endpoints go without comments", () => {
  const hints = Array.from({ length: 200 }, () => ({}));
  const small = world({}, { hints });
  expect(linesAbout("a/b:p -> ", NODE, proxied(small))).toHaveLength(200);
  const many = Array.from({ length: 6 }, (_, i) =>
    world({}, { hints }).replaceAll('"name":"b', `"name":"b${i}`).replaceAll('"b"', `"b${i}"`),
  ).join("\n---\n");
  expect(linesAbout(" -> ", NODE, proxied(many))).toEqual([]);
});
