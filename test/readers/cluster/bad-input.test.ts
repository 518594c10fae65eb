import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatFinding } from "../../../src/model/finding.ts";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";

const FILES: Readonly<Record<string, string>> = {
  "nodes.yaml":
    "apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes: {n1: {addresses: [172.16.0.11/24]}, n2: {addresses: [172.16.0.12/24]}}\n",
  "kubeadm.yaml":
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: {podSubnet: 192.168.0.0/16, serviceSubnet: 10.96.0.0/12}\n",
  "pool.yaml":
    "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\nspec: {cidr: 192.168.0.0/17, natOutgoing: true}\n",
  "dns.yaml":
    "apiVersion: v1\nkind: Pod\nmetadata: {name: dns, namespace: kube-system, labels: {k8s-app: kube-dns}}\nspec: {nodeName: n1}\n",
};

function told(files: Readonly<Record<string, string>>): readonly string[] {
  const all = new Map(Object.entries({ ...FILES, ...files }));
  return readClusterFolder({ name: "test", files: all }).findings.map(formatFinding);
}

/** What is told, and where the pods of namespace `default` are. */
function placed(files: Readonly<Record<string, string>>) {
  const all = new Map(Object.entries({ ...FILES, ...files }));
  const { findings, settled } = readClusterFolder({ name: "test", files: all });
  const pods = [...settled.cluster.pods].filter(([key]) => key.startsWith("default/"));
  return { findings: findings.map(formatFinding).join("\n"), pods: pods.map(([key, pod]) => `${key} ${pod.nodeName}`) };
}

const pool = (name: string, spec: string): string =>
  `apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata:\n  name: ${name}\nspec:\n${spec}`;
const service = (name: string, spec: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: default}\nspec: {${spec}}\n`;
const pod = (name: string, spec: string, more = ""): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: default}\nspec: {${spec}}\n${more}`;

test("a folder in which nothing is wrong is read without a word", () => {
  expect(told({})).toEqual([]);
});

describe("is told with file, line, column and field:", () => {
  test.each([
    [
      "a pool that overlaps another",
      pool("b", "  cidr: 192.168.64.0/18\n"),
      "x.yaml:6:9: IPPool b: spec.cidr: 192.168.64.0/18 overlaps 192.168.0.0/17 of pool a",
      "conflicting-objects",
    ],
    [
      "a pool outside kubeadm's network",
      pool("b", "  cidr: 10.200.0.0/16\n"),
      "x.yaml:6:9: IPPool b: spec.cidr: 10.200.0.0/16 is not inside 192.168.0.0/16",
      "pool-outside-pod-subnet",
    ],
    [
      "a pool among the Services",
      pool("b", "  cidr: 10.100.0.0/16\n"),
      "overlaps the Services' network 10.96.0.0/12",
      "overlapping-networks",
    ],
    [
      "a pool among the nodes",
      pool("b", "  cidr: 172.16.0.0/16\n"),
      "holds an address of node n1",
      "overlapping-networks",
    ],
    [
      "a pool with two encapsulations",
      pool("b", "  cidr: 192.168.128.0/18\n  ipipMode: Always\n  vxlanMode: Always\n"),
      "x.yaml:8:14: IPPool b: spec.vxlanMode",
      "wrong-field",
    ],
    [
      "IPIP for IPv6",
      pool("b", "  cidr: fd00:1::/64\n  ipipMode: Always\n"),
      "x.yaml:7:13: IPPool b: spec.ipipMode",
      "wrong-field",
    ],
    [
      "blocks larger than Calico has",
      pool("b", "  cidr: 192.168.128.0/18\n  blockSize: 16\n"),
      "x.yaml:7:14: IPPool b: spec.blockSize",
      "20 to 32",
    ],
    [
      "a pool of the operator that is no network",
      "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {calicoNetwork: {ipPools: [{cidr: 192.168.0.0/99}]}}\n",
      "Installation default: spec.calicoNetwork.ipPools[0].cidr",
      "wrong-field",
    ],
    [
      "blocks of the operator's pool that Calico does not have",
      "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {calicoNetwork: {ipPools: [{cidr: 192.168.0.0/16, blockSize: 99}]}}\n",
      "Installation default: spec.calicoNetwork.ipPools[0].blockSize",
      "wrong-field",
    ],
    [
      "a selector of the operator's pool that does not parse",
      "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {calicoNetwork: {ipPools: [{cidr: 192.168.0.0/16, nodeSelector: 'has('}]}}\n",
      "Installation default: spec.calicoNetwork.ipPools[0].nodeSelector",
      "wrong-field",
    ],
    ["blocks larger than their pool", pool("b", "  cidr: 192.168.128.0/28\n"), "spec.blockSize", "28 to 32"],
    [
      "a pod on a node that is not there",
      pod("p", "nodeName: n22"),
      "x.yaml:4:18: Pod default/p: spec.nodeName: there is no node n22",
      "Did you mean n2?",
    ],
    [
      "a Service without pods",
      service("s", "selector: {app: web}, ports: [{port: 80}]"),
      "x.yaml:4:18: Service default/s: spec.selector: no pod",
      "dangling-reference",
    ],
    [
      "two Services with one cluster IP",
      `${service("s", "clusterIP: 10.96.0.50, ports: [{port: 80}]")}---\n${service("t", "clusterIP: 10.96.0.50, ports: [{port: 80}]")}`,
      "Service default/t: spec.clusterIP: 10.96.0.50 is the cluster IP of Service default/s",
      "conflicting-objects",
    ],
    [
      "two Services with one node port",
      `${service("s", "type: NodePort, ports: [{port: 80, nodePort: 30080}]")}---\n${service("t", "type: NodePort, ports: [{port: 81, nodePort: 30080}]")}`,
      "node port 30080 is taken by Service default/s",
      "conflicting-objects",
    ],
    [
      "two Services with one node port, of two protocols",
      `${service("s", "type: NodePort, ports: [{port: 80, nodePort: 30080}]")}---\n${service("t", "type: NodePort, ports: [{name: a, port: 80}, {name: b, port: 81, protocol: UDP, nodePort: 30080}]")}`,
      "x.yaml:9:98: Service default/t: spec.ports[1].nodePort: node port 30080 is taken by Service default/s",
      "conflicting-objects",
    ],
    [
      "a node port that another Service's load balancer is asked at",
      `${service("s", "type: NodePort, ports: [{port: 80, nodePort: 30080}]")}---\n${service("t", "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30080, ports: [{port: 80}]")}`,
      "Service default/t: spec.healthCheckNodePort: node port 30080 is taken by Service default/s",
      "conflicting-objects",
    ],
    [
      "a node port outside of the range",
      service("s", "type: NodePort, ports: [{port: 80, nodePort: 8080}]"),
      "x.yaml:4:53: Service default/s: spec.ports[0].nodePort: node port 8080 is not from 30000 to 32767",
      "service-outside-range",
    ],
    [
      "a cluster IP outside of the Services' network",
      service("s", "clusterIP: 10.200.0.3, ports: [{port: 80}]"),
      "x.yaml:4:19: Service default/s: spec.clusterIP: 10.200.0.3 is not in 10.96.0.0/12",
      "service-outside-range",
    ],
    [
      "two pods with one address",
      `${pod("p", "nodeName: n1", "status: {podIP: 192.168.1.5}\n")}---\n${pod("q", "nodeName: n2", "status: {podIP: 192.168.1.5}\n")}`,
      "Pod default/q: status.podIP: 192.168.1.5 is the address of Pod default/p too",
      "duplicate-address",
    ],
    [
      "a selector that does not choose its template",
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: default}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: c}]}}}\n",
      "x.yaml:4:18: Deployment default/d: spec.selector is a mapping. Expected labels that spec.template.metadata.labels has",
      "refused-resource",
    ],
    [
      "an object twice",
      `${pod("p", "nodeName: n1")}---\n${pod("p", "nodeName: n2")}`,
      "Pod default/p occurs twice",
      "resource-twice",
    ],
    [
      "an EndpointSlice of no Service",
      "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: e, namespace: default, labels: {kubernetes.io/service-name: gone}}\naddressType: IPv4\nendpoints: []\nports: []\n",
      "there is no Service gone",
      "dangling-reference",
    ],
    [
      "a namespace that nobody declares",
      pod("p", "nodeName: n1").replace("namespace: default", "namespace: shop"),
      "there is no Namespace shop",
      "dangling-reference",
    ],
    [
      "kinds that are not read",
      "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: m, namespace: default}\n",
      "ServiceMonitor.monitoring.coreos.com (1)",
      "kinds-not-read",
    ],
    [
      "a field that is misspelt",
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: default}\nspec:\n  podSelectr:\n    matchLabels: {a: b}\n",
      "x.yaml:5:3: NetworkPolicy default/deny: there is no field spec.podSelectr",
      "Did you mean podSelector?",
    ],
    [
      "a field of a later release",
      pool("b", "  cidr: 192.168.128.0/18\n  assignmentMode: Manual\n"),
      "x.yaml:7:3: IPPool b: there is no field spec.assignmentMode",
    ],
    [
      "a setting that is no choice",
      "apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: default}\nspec:\n  iptablesFilterDenyAction: Refuse\n",
      "x.yaml:5:29: FelixConfiguration default: spec.iptablesFilterDenyAction",
      "Drop or Reject",
    ],
    [
      "a port without a number",
      service("s", "clusterIP: None, ports: [{name: http}]"),
      "Service default/s: spec.ports[0].port is missing",
    ],
    [
      "an encapsulation that the operator does not know",
      "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec:\n  calicoNetwork:\n    ipPools:\n    - cidr: 192.168.0.0/17\n      encapsulation: IPIPCross\n",
      "x.yaml:8:22: Installation default: spec.calicoNetwork.ipPools[0].encapsulation",
      "IPIPCrossSubnet, IPIP, VXLAN, VXLANCrossSubnet or None",
    ],
    [
      "a misspelt field of an Installation",
      "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec:\n  calicoNetwork:\n    ippools: []\n",
      "x.yaml:6:5: Installation default: there is no field spec.calicoNetwork.ippools",
      "Did you mean ipPools?",
    ],
    [
      "a misspelt field of a WorkloadEndpoint",
      "apiVersion: projectcalico.org/v3\nkind: WorkloadEndpoint\nmetadata: {name: n1-k8s-p-eth0, namespace: default}\nspec:\n  interfaceName: cali1\n  ipNetwork: [192.168.0.1/32]\n",
      "x.yaml:6:3: WorkloadEndpoint default/n1-k8s-p-eth0: there is no field spec.ipNetwork",
      "Did you mean ipNetworks?",
    ],
    [
      "a misspelt field of a Profile",
      "apiVersion: projectcalico.org/v3\nkind: Profile\nmetadata: {name: p}\nspec:\n  labelToApply: {a: b}\n",
      "x.yaml:5:3: Profile p: there is no field spec.labelToApply",
      "Did you mean labelsToApply?",
    ],
    [
      "a misspelt field of Calico's Node",
      "apiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: n1}\nspec:\n  bgp:\n    ipv4Adress: 172.16.0.11/24\n",
      "x.yaml:6:5: Node n1: there is no field spec.bgp.ipv4Adress",
      "Did you mean ipv4Address?",
    ],
    [
      "a misspelt field for kubeadm",
      "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking:\n  podsubnet: 192.168.0.0/16\n",
      "x.yaml:4:3: ClusterConfiguration: there is no field networking.podsubnet",
      "Did you mean podSubnet?",
    ],
    [
      "a misspelt field for kube-proxy, in its ConfigMap",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-proxy, namespace: kube-system}\ndata:\n  config.conf: |\n    apiVersion: kubeproxy.config.k8s.io/v1alpha1\n    kind: KubeProxyConfiguration\n    iptables:\n      masqueradeAl: true\n",
      "x.yaml:9: KubeProxyConfiguration: there is no field iptables.masqueradeAl",
      "Did you mean masqueradeAll?",
    ],
    [
      "a value of a wrong type for kube-proxy",
      "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\niptables:\n  masqueradeAll: yes please\n",
      "x.yaml:4:18: KubeProxyConfiguration: iptables.masqueradeAll",
    ],
    [
      "hints of topology that follow from what nobody tells",
      `${service("s", "clusterIP: 10.96.0.50, selector: {a: b}, ports: [{port: 80}]").replace("namespace: default", "namespace: default, annotations: {service.kubernetes.io/topology-mode: Auto}")}---\n${["n1", "n2"].map((name, i) => `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}, labels: {topology.kubernetes.io/zone: z${i}}}\n`).join("---\n")}`,
      "Service default/s: which endpoints the zones are given",
      "topology-hints-unknown",
    ],
    [
      "a second nodes.yaml",
      "apiVersion: podpath/v1\nkind: ClusterNodes\nnodes: {n1: {addresses: [172.16.0.11/24]}}\n",
      "x.yaml:1: There are two descriptions of the nodes (kind: ClusterNodes); the one in nodes.yaml counts.",
    ],
    [
      "a template",
      "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n",
      "x.yaml:4",
      "not-rendered",
    ],
  ])("%s", (_, text, ...expected) => {
    const findings = told({ "x.yaml": text }).join("\n");
    for (const part of expected) expect(findings).toContain(part);
  });

  const POLICY =
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: default}\nspec: {podSelector: {}, policyTypes: [Bogus]}\n";
  const TEMPLATE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n";

  test.each([
    ["before", `${TEMPLATE}---\n${POLICY}`, "x.yaml:4", "x.yaml:9:"],
    ["after", `---\n${POLICY}--- # the Service\n${TEMPLATE}`, "x.yaml:10", "x.yaml:5:"],
  ])(
    "a template loses none of the documents that stand %s it in its file, and their lines stay",
    (_, text, template, policy) => {
      const findings = told({ "x.yaml": text }).join("\n");
      expect(findings).toContain(`${template}: One document is a template`);
      expect(findings).toMatch(new RegExp(`${policy}\\d+: NetworkPolicy default/deny`));
    },
  );

  test("where a template has conditions, nobody knows which documents there are", () => {
    const findings = told({ "x.yaml": `{{- if .Values.deny }}\n---\n${POLICY}---\n{{- end }}\n` }).join("\n");
    expect(findings).toContain("x.yaml:1: A template of Helm or the like");
    expect(findings).not.toContain("NetworkPolicy");
  });

  test("a patch of a kustomization is no object, and hides none", () => {
    const { findings, pods } = placed({
      "base/web.yaml": pod("web", "nodeName: n1"),
      "base/patch.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: default}\nspec: {nodeName: n2}\n",
      "base/kustomization.yaml": "resources: [web.yaml]\npatches: [{path: ./patch.yaml}]\n",
    });
    expect(findings).toContain("without its patches patch.yaml");
    expect(findings).not.toContain("occurs twice");
    expect(pods).toEqual(["default/web n1"]);
  });

  test("files beside a chart that are not Helm's are read", () => {
    const { findings, pods } = placed({
      "Chart.yaml": "name: web\nversion: 1.0.0\n",
      "values.yaml": "replicas: 3\n",
      "templates/web.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n",
      "web.yaml": pod("web", "nodeName: n1"),
    });
    expect(findings).toContain("A Helm chart: 3 files are templates and values, not manifests, and not read.");
    expect(pods).toEqual(["default/web n1"]);
  });

  test("a chart and a kustomization", () => {
    const findings = told({
      "web/Chart.yaml": "name: web\nversion: 1.0.0\n",
      "web/values.yaml": "replicas: 2\n",
      "web/templates/web.yaml": "kind: Deployment\nmetadata: {name: {{ .Values.name }}}\n",
      "base/kustomization.yaml": "resources: [web.yaml]\nnamePrefix: x-\n",
    }).join("\n");
    expect(findings).toContain("helm template web > rendered.yaml");
    expect(findings).toContain("kubectl kustomize base > rendered.yaml");
    expect(findings).not.toContain("values.yaml");
  });
});

test("nodes without a route to the gateway of their pods are told, where there are pods", () => {
  const nodes = (FILES["nodes.yaml"] ?? "").replace("defaults: {gateway: 172.16.0.1}\n", "");
  const [finding, ...others] = told({ "nodes.yaml": nodes });
  expect(others).toEqual([]);
  expect(finding).toContain("nodes.yaml:4: n1 has no route that covers 169.254.1.1");
  expect(finding).toContain("gateway: 172.16.0.1");
  const routed = nodes.replace("addresses: [172.16.0.11/24]", "addresses: [172.16.0.11/24, 169.254.0.9/16]");
  expect(told({ "nodes.yaml": routed })).toEqual([]);
  expect(told({ "nodes.yaml": nodes, "dns.yaml": pod("p", "nodeName: n1, hostNetwork: true") }).join()).not.toContain(
    "169.254.1.1",
  );
});

test("nodes.yaml may stand in one file with manifests, on whatever lines", () => {
  const { "nodes.yaml": nodes = "", ...others } = FILES;
  const manifests = Object.values(others);
  for (const at of [0, 2, manifests.length]) {
    const all = [...manifests.slice(0, at), nodes, ...manifests.slice(at)].join("---\n");
    const { findings, network } = readClusterFolder({ name: "test", files: new Map([["nodes.yaml", all]]) });
    expect(findings).toEqual([]);
    expect([...network.hosts.keys()].sort()).toEqual(["n1", "n2", "pod/kube-system/dns"]);
  }
  const wrong = [...manifests, nodes.replace("gateway: 172.16.0.1", "gatway: 172.16.0.1"), pod("q", "nodName: n1")];
  const { findings } = readClusterFolder({ name: "test", files: new Map([["nodes.yaml", wrong.join("---\n")]]) });
  const texts = findings.map(formatFinding).join("\n");
  // 3 + 1 + 4 + 1 + 4 + 1 lines before, and three of its own
  expect(texts).toContain("nodes.yaml:18");
  expect(texts).toContain("nodes.yaml:24");
});

test("one object that cannot be read loses no other", () => {
  const good = pod("p", "nodeName: n1");
  const all = new Map(Object.entries({ ...FILES, "x.yaml": `kind: [\n---\n${good}---\nnot: an object\n` }));
  const { network } = readClusterFolder({ name: "test", files: all });
  expect([...network.hosts.keys()]).toContain("pod/default/p");
});

test("nothing throws, whatever the objects hold", () => {
  const kinds = [
    "Pod",
    "Service",
    "Deployment",
    "Namespace",
    "IPPool",
    "NetworkPolicy",
    "Node",
    "Installation",
    "EndpointSlice",
    "DaemonSet",
    "CronJob",
    "ClusterConfiguration",
  ];
  const versions = [
    "v1",
    "apps/v1",
    "batch/v1",
    "projectcalico.org/v3",
    "networking.k8s.io/v1",
    "operator.tigera.io/v1",
    "discovery.k8s.io/v1",
    "kubeadm.k8s.io/v1beta4",
  ];
  const object = fc.record({
    apiVersion: fc.constantFrom(...versions),
    kind: fc.constantFrom(...kinds),
    metadata: fc.record({
      name: fc.constantFrom("a", "b"),
      namespace: fc.constantFrom("default", "x"),
      labels: fc.jsonValue(),
    }),
    spec: fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom("cidr", "selector", "template", "nodeName", "ports", "ingress", "calicoNetwork", "podCIDR"),
        fc.jsonValue(),
      ),
    ),
    status: fc.jsonValue(),
    networking: fc.jsonValue(),
  });
  fc.assert(
    fc.property(fc.array(object, { maxLength: 4 }), (objects) => {
      const { network } = readClusterFolder({
        name: "test",
        files: new Map(Object.entries({ ...FILES, "x.json": JSON.stringify(objects) })),
      });
      for (const host of network.hosts.values()) expect(host.rulesets.length + host.routes.length).toBeGreaterThan(0);
    }),
    { numRuns: 60 },
  );
});

describe("the range of node ports is the one that kubeadm gives the API server:", () => {
  const NETWORKING = "networking: {podSubnet: 192.168.0.0/16, serviceSubnet: 10.96.0.0/12}";
  const kubeadm = (version: string, args: string): string =>
    `apiVersion: kubeadm.k8s.io/${version}\nkind: ClusterConfiguration\n${NETWORKING}\napiServer: {extraArgs: ${args}}\n`;
  const ports = (args: string, version = "v1beta4") => {
    const spec =
      "type: NodePort, ports: [{name: a, port: 80, nodePort: 8080}, {name: b, port: 81, nodePort: 30080}, {name: c, port: 82}]";
    const files = new Map(
      Object.entries({ ...FILES, "kubeadm.yaml": kubeadm(version, args), "x.yaml": service("s", spec) }),
    );
    const { findings, settled } = readClusterFolder({ name: "test", files });
    return {
      told: findings.flatMap(({ code, message }) =>
        code === "service-outside-range" || code === "wrong-field" ? [message.slice(0, message.indexOf(";"))] : [],
      ),
      given: settled.cluster.services.get("default/s")?.ports.map(({ nodePort }) => nodePort),
    };
  };

  test.each([
    ["a list", "v1beta4", "[{name: v, value: '2'}, {name: service-node-port-range, value: 8000-9000}]"],
    ["a mapping", "v1beta3", "{v: '2', service-node-port-range: 8000-9000}"],
    ["a first port and how many follow", "v1beta4", "[{name: service-node-port-range, value: 8000+1000}]"],
  ])("%s", (_, version, args) => {
    // 1001 ports: a 32nd of them is left to people
    expect(ports(args, version)).toEqual({
      told: ["Service default/s: spec.ports[1].nodePort: node port 30080 is not from 8000 to 9000"],
      given: [8080, 30080, 8031],
    });
  });

  test("a range that is none is told, and the default counts", () => {
    const { told: findings, given } = ports("[{name: service-node-port-range, value: 9000-8000}]");
    expect(given).toEqual([8080, 30080, 30086]);
    expect(findings).toHaveLength(2);
  });
});

test("of an address outside of an unknown network nothing is said", () => {
  const text = service("s", "clusterIP: 10.200.0.3, ports: [{port: 80}]");
  expect(told({ "kubeadm.yaml": "", "x.yaml": text }).join("\n")).not.toContain("service-outside-range");
});
