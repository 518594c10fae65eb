import { describe, expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";

function read(text: string) {
  const file = readResources(text, "f", originTable());
  const built = buildCluster(file.resources);
  return { cluster: built.cluster, findings: [...file.findings, ...built.findings] };
}

function pools(text: string): readonly string[] {
  const { cluster, findings } = read(text);
  expect(findings).toEqual([]);
  return [...cluster.ipPools.values()].map(
    ({ cidr, ipipMode, vxlanMode, natOutgoing, disabled }) =>
      `${formatPrefix(cidr)} ${ipipMode} ${vxlanMode} nat ${natOutgoing} disabled ${disabled}`,
  );
}

describe("an IPPool is the same", () => {
  const WANTED = ["192.168.0.0/16 CrossSubnet Never nat true disabled false"];
  const spec = "spec: {cidr: 192.168.0.0/16, ipipMode: CrossSubnet, vxlanMode: Never, natOutgoing: true}";

  test.each([
    ["from calicoctl", `apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: p}\n${spec}\n`],
    ["from the raw store", `apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: p}\n${spec}\n`],
    ["in a list", `apiVersion: projectcalico.org/v3\nkind: IPPoolList\nitems:\n- metadata: {name: p}\n  ${spec}\n`],
    [
      "from calicoctl 1",
      "- apiVersion: v1\n  kind: ipPool\n  metadata: {cidr: 192.168.0.0/16}\n  spec:\n    ipip: {enabled: true, mode: cross-subnet}\n    nat-outgoing: true\n",
    ],
    [
      "from the operator",
      "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec:\n  calicoNetwork:\n    ipPools:\n    - {cidr: 192.168.0.0/16, encapsulation: IPIPCrossSubnet, natOutgoing: Enabled}\n",
    ],
  ])("%s", (_, text) => {
    expect(pools(text)).toEqual(WANTED);
  });

  test("once, where the operator's Installation and the pool it made are there", () => {
    expect(
      pools(
        `apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {calicoNetwork: {ipPools: [{cidr: 192.168.0.0/16, encapsulation: VXLAN}]}}\n---\napiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: p}\n${spec}\n`,
      ),
    ).toEqual(WANTED);
  });
});

describe("a node's addresses are the same", () => {
  test.each([
    [
      "from calicoctl",
      "apiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: n1}\nspec: {bgp: {ipv4Address: 10.0.0.1/24, ipv4IPIPTunnelAddr: 192.168.1.0}, ipv4VXLANTunnelAddr: 192.168.1.1, wireguard: {interfaceIPv4Address: 192.168.1.2}}\n",
    ],
    [
      "from annotations of the Node",
      "apiVersion: v1\nkind: Node\nmetadata:\n  name: n1\n  annotations: {projectcalico.org/IPv4Address: 10.0.0.1/24, projectcalico.org/IPv4IPIPTunnelAddr: 192.168.1.0, projectcalico.org/IPv4VXLANTunnelAddr: 192.168.1.1, projectcalico.org/IPv4WireguardInterfaceAddr: 192.168.1.2}\n",
    ],
  ])("%s", (_, text) => {
    const { cluster, findings } = read(text);
    expect(findings).toEqual([]);
    const calico = cluster.calicoNodes.get("n1");
    const kubernetes = cluster.nodes.get("n1");
    const address = calico?.ipv4 ?? kubernetes?.calicoIPv4;
    expect(address && `${formatAddress(address.address)}/${address.length}`).toBe("10.0.0.1/24");
    const tunnels = (calico ?? kubernetes)?.tunnels;
    expect([tunnels?.ipip, tunnels?.vxlan4, tunnels?.wireguard4].map((one) => one && formatAddress(one))).toEqual([
      "192.168.1.0",
      "192.168.1.1",
      "192.168.1.2",
    ]);
    expect([tunnels?.vxlan6, tunnels?.wireguard6]).toEqual([null, null]);
  });

  test("from calicoctl 1", () => {
    const { cluster } = read(
      "apiVersion: v1\nkind: node\nmetadata: {name: n1}\nspec: {bgp: {ipv4Address: 10.0.0.1/24}}\n",
    );
    const address = cluster.calicoNodes.get("n1")?.ipv4;
    expect(address && formatAddress(address.address)).toBe("10.0.0.1");
  });
});

test("a workload endpoint of calicoctl 1 is the pod that its workload names", () => {
  const { cluster, findings } = read(
    "apiVersion: v1\nkind: workloadEndpoint\nmetadata: {name: eth0, node: n1, orchestrator: k8s, workload: shop.web-0}\nspec: {interfaceName: cali0, ipNetworks: [192.168.1.2/32], mac: ee:ee:ee:ee:ee:ee}\n",
  );
  expect(findings).toEqual([]);
  const [endpoint] = cluster.workloadEndpoints.values();
  expect(endpoint).toMatchObject({ node: "n1", pod: "web-0", endpoint: "eth0", interfaceName: "cali0" });
  expect(endpoint?.metadata.namespace).toBe("shop");
});

describe("settings of the cluster", () => {
  const KUBEADM = "networking: {podSubnet: 192.168.0.0/16, serviceSubnet: '10.96.0.0/12,fd00:96::/112'}";
  const PROXY = "mode: ipvs\nclusterCIDR: 192.168.0.0/16\niptables: {masqueradeAll: true}";
  const indented = (text: string): string => text.replace(/^/gm, "    ");

  test.each([
    [
      "in ConfigMaps, within a list",
      `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: kubeadm-config, namespace: kube-system}\n  data:\n    ClusterConfiguration: |\n  ${indented(`kind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta3\n${KUBEADM}`).replace(/\n/g, "\n  ")}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: kube-proxy, namespace: kube-system}\n  data:\n    config.conf: |\n  ${indented(`apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n${PROXY}`).replace(/\n/g, "\n  ")}\n`,
    ],
    [
      "in files of their own",
      `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n${KUBEADM}\n---\napiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n${PROXY}\n`,
    ],
  ])("%s", (_, text) => {
    const { cluster, findings } = read(text);
    expect(findings).toEqual([]);
    const { podSubnets, serviceSubnets, kubeProxy } = cluster.settings;
    expect(podSubnets.map(formatPrefix)).toEqual(["192.168.0.0/16"]);
    expect(serviceSubnets.map(formatPrefix)).toEqual(["10.96.0.0/12", "fd00:96::/112"]);
    expect(kubeProxy).toMatchObject({ mode: "ipvs", masqueradeAll: true });
  });

  test("with a wrong field, and one that is no YAML, are told", () => {
    const { findings } = read(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-proxy, namespace: kube-system}\ndata:\n  config.conf: 'a: [1'\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: {podSubnet: 5}\n",
    );
    expect(findings.map(({ code, line }) => `${code} ${line}`)).toEqual(["yaml-syntax 5", "wrong-field 9"]);
  });
});
