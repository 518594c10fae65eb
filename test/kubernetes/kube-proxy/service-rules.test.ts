import { expect, test } from "vitest";
import { kubeProxyOfNode } from "../../../src/kubernetes/kube-proxy/kube-proxy-of-node.ts";
import { formatSource, sourceOf } from "../../../src/model/origin.ts";
import { linesAbout, linesOf, proxied, proxiedNode } from "./proxied.ts";

/** pkg/proxy/iptables/proxier_test.go: fake proxiers see pods as 10.0.0.0/8 and run on a node of this name. */
const SETTINGS = `
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clusterCIDR: 10.0.0.0/8
`;
const NODE = proxiedNode("test-node", "192.168.0.2/24");

function service(namespace: string, name: string, spec: string, status = ""): string {
  return `---\napiVersion: v1\nkind: Service\nmetadata: {namespace: ${namespace}, name: ${name}}\nspec: {${spec}}\n${status}\n`;
}

function slice(namespace: string, name: string, ...endpoints: readonly string[]): string {
  return `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {namespace: ${namespace}, name: ${name}-1, labels: {kubernetes.io/service-name: ${name}}}\naddressType: IPv4\nports: [{name: p80, port: 80, protocol: TCP}]\nendpoints: [${endpoints.join(", ")}]\n`;
}

test("a cluster address leads to its endpoints by chains of upstream's names (TestOverallIPTablesRules, ns4/svc4)", () => {
  const yaml =
    service(
      "ns4",
      "svc4",
      "type: NodePort, clusterIP: 172.30.0.44, externalIPs: [192.168.99.33], ports: [{name: p80, port: 80}]",
    ) +
    slice("ns4", "svc4", "{addresses: [10.180.0.5], nodeName: test-node}", "{addresses: [10.180.0.4]}") +
    SETTINGS;
  expect(linesAbout("ns4/svc4:p80", NODE, proxied(yaml))).toEqual([
    '-A KUBE-SERVICES -m comment --comment "ns4/svc4:p80 cluster IP" -m tcp -p tcp -d 172.30.0.44 --dport 80 -j KUBE-SVC-4SW47YFZTEDKD3PK',
    '-A KUBE-SERVICES -m comment --comment "ns4/svc4:p80 external IP" -m tcp -p tcp -d 192.168.99.33 --dport 80 -j KUBE-EXT-4SW47YFZTEDKD3PK',
    '-A KUBE-EXT-4SW47YFZTEDKD3PK -m comment --comment "masquerade traffic for ns4/svc4:p80 external destinations" -j KUBE-MARK-MASQ',
    '-A KUBE-SVC-4SW47YFZTEDKD3PK -m comment --comment "ns4/svc4:p80 cluster IP" -m tcp -p tcp -d 172.30.0.44 --dport 80 ! -s 10.0.0.0/8 -j KUBE-MARK-MASQ',
    '-A KUBE-SVC-4SW47YFZTEDKD3PK -m comment --comment "ns4/svc4:p80 -> 10.180.0.4:80" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-UKSFD7AGPMPPLUHC',
    '-A KUBE-SVC-4SW47YFZTEDKD3PK -m comment --comment "ns4/svc4:p80 -> 10.180.0.5:80" -j KUBE-SEP-C6EBXVWJJZMIWKLZ',
    "-A KUBE-SEP-UKSFD7AGPMPPLUHC -m comment --comment ns4/svc4:p80 -s 10.180.0.4 -j KUBE-MARK-MASQ",
    "-A KUBE-SEP-UKSFD7AGPMPPLUHC -m comment --comment ns4/svc4:p80 -m tcp -p tcp -j DNAT --to-destination 10.180.0.4:80",
    "-A KUBE-SEP-C6EBXVWJJZMIWKLZ -m comment --comment ns4/svc4:p80 -s 10.180.0.5 -j KUBE-MARK-MASQ",
    "-A KUBE-SEP-C6EBXVWJJZMIWKLZ -m comment --comment ns4/svc4:p80 -m tcp -p tcp -j DNAT --to-destination 10.180.0.5:80",
  ]);
});

test("with externalTrafficPolicy Local a node without endpoints drops what comes from outside (ns2/svc2)", () => {
  const yaml =
    service(
      "ns2",
      "svc2",
      "type: LoadBalancer, externalTrafficPolicy: Local, clusterIP: 172.30.0.42, healthCheckNodePort: 30000, externalIPs: [192.168.99.22], ports: [{name: p80, port: 80, nodePort: 3001}]",
      "status: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}",
    ) +
    slice("ns2", "svc2", "{addresses: [10.180.0.2]}") +
    SETTINGS;
  const lines = linesAbout("ns2/svc2:p80", NODE, proxied(yaml));
  expect(lines.filter((line) => !line.includes("KUBE-SEP") && !line.includes("KUBE-SVC-GNZBNJ2PO5MGZ6GT -m"))).toEqual([
    '-A KUBE-EXTERNAL-SERVICES -m comment --comment "ns2/svc2:p80 has no local endpoints" -m tcp -p tcp -d 192.168.99.22 --dport 80 -j DROP',
    '-A KUBE-EXTERNAL-SERVICES -m comment --comment "ns2/svc2:p80 has no local endpoints" -m tcp -p tcp -d 1.2.3.4 --dport 80 -j DROP',
    '-A KUBE-EXTERNAL-SERVICES -m comment --comment "ns2/svc2:p80 has no local endpoints" -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 3001 -j DROP',
    '-A KUBE-NODEPORTS -m comment --comment "ns2/svc2:p80 health check node port" -m tcp -p tcp --dport 30000 -j ACCEPT',
    '-A KUBE-SERVICES -m comment --comment "ns2/svc2:p80 cluster IP" -m tcp -p tcp -d 172.30.0.42 --dport 80 -j KUBE-SVC-GNZBNJ2PO5MGZ6GT',
    '-A KUBE-SERVICES -m comment --comment "ns2/svc2:p80 external IP" -m tcp -p tcp -d 192.168.99.22 --dport 80 -j KUBE-EXT-GNZBNJ2PO5MGZ6GT',
    '-A KUBE-SERVICES -m comment --comment "ns2/svc2:p80 loadbalancer IP" -m tcp -p tcp -d 1.2.3.4 --dport 80 -j KUBE-EXT-GNZBNJ2PO5MGZ6GT',
    "-A KUBE-NODEPORTS -m comment --comment ns2/svc2:p80 -m tcp -p tcp --dport 3001 -j KUBE-EXT-GNZBNJ2PO5MGZ6GT",
    '-A KUBE-EXT-GNZBNJ2PO5MGZ6GT -m comment --comment "pod traffic for ns2/svc2:p80 external destinations" -s 10.0.0.0/8 -j KUBE-SVC-GNZBNJ2PO5MGZ6GT',
    '-A KUBE-EXT-GNZBNJ2PO5MGZ6GT -m comment --comment "masquerade LOCAL traffic for ns2/svc2:p80 external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ',
    '-A KUBE-EXT-GNZBNJ2PO5MGZ6GT -m comment --comment "route LOCAL traffic for ns2/svc2:p80 external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-GNZBNJ2PO5MGZ6GT',
  ]);
});

test("source ranges and session affinity (ns5/svc5)", () => {
  const yaml =
    service(
      "ns5",
      "svc5",
      'type: LoadBalancer, clusterIP: 172.30.0.45, sessionAffinity: ClientIP, loadBalancerSourceRanges: [" 203.0.113.0/25"], ports: [{name: p80, port: 80, nodePort: 3002}]',
      "status: {loadBalancer: {ingress: [{ip: 5.6.7.8}]}}",
    ) +
    slice("ns5", "svc5", "{addresses: [10.180.0.3]}") +
    SETTINGS;
  const lines = linesAbout("ns5/svc5:p80", NODE, proxied(yaml));
  const sep = "KUBE-SEP-I77PXRDZVX7PMWMN";
  for (const line of [
    '-A KUBE-PROXY-FIREWALL -m comment --comment "ns5/svc5:p80 traffic not accepted by KUBE-FW-NUKIZ6OKUXPJNT4C" -m tcp -p tcp -d 5.6.7.8 --dport 80 -j DROP',
    '-A KUBE-SERVICES -m comment --comment "ns5/svc5:p80 loadbalancer IP" -m tcp -p tcp -d 5.6.7.8 --dport 80 -j KUBE-FW-NUKIZ6OKUXPJNT4C',
    '-A KUBE-FW-NUKIZ6OKUXPJNT4C -m comment --comment "ns5/svc5:p80 loadbalancer IP" -s 203.0.113.0/25 -j KUBE-EXT-NUKIZ6OKUXPJNT4C',
    '-A KUBE-FW-NUKIZ6OKUXPJNT4C -m comment --comment "other traffic to ns5/svc5:p80 will be dropped by KUBE-PROXY-FIREWALL"',
    `-A ${sep} -m comment --comment ns5/svc5:p80 -m recent --name ${sep} --set -m tcp -p tcp -j DNAT --to-destination 10.180.0.3:80`,
    `-A KUBE-SVC-NUKIZ6OKUXPJNT4C -m comment --comment "ns5/svc5:p80 -> 10.180.0.3:80" -m recent --name ${sep} --rcheck --seconds 10800 --reap -j ${sep}`,
  ]) {
    expect(lines).toContain(line);
  }
});

test("a Service without endpoints is refused, and told so (ns6/svc6)", () => {
  const yaml = service("ns6", "svc6", "clusterIP: 172.30.0.46, ports: [{name: p80, port: 80}]") + SETTINGS;
  expect(linesAbout("ns6/svc6:p80", NODE, proxied(yaml))).toEqual([
    '-A KUBE-SERVICES -m comment --comment "ns6/svc6:p80 has no endpoints" -m tcp -p tcp -d 172.30.0.46 --dport 80 -j REJECT',
  ]);
});

test("nodes that differ in nothing have the same objects, and each rule names the field that it comes from", () => {
  const yaml =
    service("a", "b", "clusterIP: 172.30.0.46, ports: [{name: p80, port: 80}]") +
    slice("a", "b", "{addresses: [10.180.0.3]}") +
    SETTINGS;
  const { context, origins } = proxied(yaml);
  const one = kubeProxyOfNode(proxiedNode("n1", "172.16.0.1/24"), context);
  const two = kubeProxyOfNode(proxiedNode("n2", "172.16.0.2/24"), context);
  expect(one.ipv4).toBe(two.ipv4);
  const sources = one.ipv4.flatMap(({ chains }) =>
    chains.flatMap(({ rules }) => rules.map(({ origin }) => formatSource(sourceOf(origins, origin)))),
  );
  expect(new Set(sources)).toEqual(
    new Set(["", "Service a/b (spec.clusterIP), cluster.yaml:5", "EndpointSlice a/b-1 (endpoints), cluster.yaml:13"]),
  );
  expect(linesOf(one.ipv4, "nat").at(-1)).toContain("DNAT --to-destination 10.180.0.3:80");
});

test("an endpoint that was made of a Pod names the Pod", () => {
  const pod = (labels: string): string =>
    `---\n{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p, labels: {app: ${labels}}}, spec: {nodeName: n1}, status: {phase: Running, podIPs: [{ip: 10.1.0.2}]}}\n`;
  const yaml =
    service("a", "b", "clusterIP: 172.30.0.46, selector: {app: x}, ports: [{name: p80, port: 80}]") + pod("x");
  const { context, origins } = proxied(yaml);
  const { ipv4 } = kubeProxyOfNode(NODE, context);
  const endpoint = ipv4.flatMap(({ chains }) => chains).find(({ name }) => name.startsWith("KUBE-SEP-"));
  expect(endpoint?.rules.map(({ origin }) => sourceOf(origins, origin)?.resource)).toEqual(["Pod a/p", "Pod a/p"]);
});
