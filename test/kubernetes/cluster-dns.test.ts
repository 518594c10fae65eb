import fc from "fast-check";
import { expect, test } from "vitest";
import { answerClusterDns, type DnsType, type DnsZone } from "../../src/kubernetes/cluster-dns.ts";
import { endpointSlicesOf } from "../../src/kubernetes/endpoint-slices-of.ts";
import { originTable } from "../../src/model/origin.ts";
import { buildCluster } from "../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../src/readers/resources/read-resources.ts";

/** kubernetes/dns, docs/specification.md 1.1.0: its examples' names and addresses. */
const YAML = `
{apiVersion: v1, kind: Service, metadata: {name: kubernetes, namespace: default}, spec: {clusterIP: 10.3.0.1, ports: [{name: https, port: 443}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: six, namespace: default}, spec: {clusterIPs: ["2001:db8::1"], ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: headless, namespace: default}, spec: {clusterIP: None, selector: {app: h}, ports: [{name: https, port: 443}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: empty, namespace: default}, spec: {clusterIP: None, selector: {app: none}}}
---
{apiVersion: v1, kind: Service, metadata: {name: foo, namespace: default}, spec: {type: ExternalName, externalName: www.example.com}}
---
{apiVersion: v1, kind: Pod, metadata: {name: my-pet, namespace: default, labels: {app: h}}, spec: {nodeName: n, hostname: my-pet, subdomain: headless}, status: {phase: Running, podIPs: [{ip: 10.3.0.100}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: other, namespace: default, labels: {app: h}}, spec: {nodeName: n}, status: {phase: Running, podIPs: [{ip: 10.3.10.11}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: starting, namespace: default, labels: {app: h}}, spec: {nodeName: n}, status: {phase: Pending, podIPs: [{ip: 10.3.10.12}]}}
`;

const { cluster } = buildCluster(readResources(YAML, "cluster.yaml", originTable()).resources);
const ZONE: DnsZone = {
  services: cluster.services,
  slices: endpointSlicesOf(cluster),
  domain: "cluster.local",
  podNames: true,
};

function ask(name: string, type: DnsType): string {
  const { code, records } = answerClusterDns(ZONE, name, type);
  return records.length === 0 ? code : records.map((one) => `${one.type} ${one.data}`).join(", ");
}

test("a Service's name has its cluster addresses, and exists for other types", () => {
  expect(ask("kubernetes.default.svc.cluster.local.", "A")).toBe("A 10.3.0.1");
  expect(ask("Kubernetes.default.SVC.cluster.local", "A")).toBe("A 10.3.0.1");
  expect(ask("kubernetes.default.svc.cluster.local", "AAAA")).toBe("NOERROR");
  expect(ask("six.default.svc.cluster.local", "AAAA")).toBe("AAAA 2001:db8::1");
  expect(ask("nothing.default.svc.cluster.local", "A")).toBe("NXDOMAIN");
  expect(ask("kubernetes.other.svc.cluster.local", "A")).toBe("NXDOMAIN");
});

test("ports have SRV records", () => {
  expect(ask("_https._tcp.kubernetes.default.svc.cluster.local", "SRV")).toBe(
    "SRV 0 100 443 kubernetes.default.svc.cluster.local",
  );
  expect(ask("_https._udp.kubernetes.default.svc.cluster.local", "SRV")).toBe("NXDOMAIN");
  expect(ask("_https._tcp.headless.default.svc.cluster.local", "SRV")).toBe(
    "SRV 0 50 443 my-pet.headless.default.svc.cluster.local, SRV 0 50 443 10-3-10-11.headless.default.svc.cluster.local",
  );
});

test("a headless Service has the addresses of its ready endpoints, each with a name of its own", () => {
  expect(ask("headless.default.svc.cluster.local", "A")).toBe("A 10.3.0.100, A 10.3.10.11");
  expect(ask("my-pet.headless.default.svc.cluster.local", "A")).toBe("A 10.3.0.100");
  expect(ask("10-3-10-11.headless.default.svc.cluster.local", "A")).toBe("A 10.3.10.11");
  expect(ask("my-pet.kubernetes.default.svc.cluster.local", "A")).toBe("NXDOMAIN");
  expect(ask("empty.default.svc.cluster.local", "A")).toBe("NXDOMAIN");
});

test("addresses lead back to names", () => {
  expect(ask("1.0.3.10.in-addr.arpa.", "PTR")).toBe("PTR kubernetes.default.svc.cluster.local");
  expect(ask("100.0.3.10.in-addr.arpa.", "PTR")).toBe("PTR my-pet.headless.default.svc.cluster.local");
  expect(ask("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", "PTR")).toBe(
    "PTR six.default.svc.cluster.local",
  );
  expect(ask("9.9.9.9.in-addr.arpa.", "PTR")).toBe("REFUSED");
});

test("an ExternalName is an alias; other domains are nobody's here", () => {
  expect(ask("foo.default.svc.cluster.local", "A")).toBe("CNAME www.example.com");
  expect(ask("www.example.com", "A")).toBe("REFUSED");
  expect(ask("1-2-3-4.default.pod.cluster.local", "A")).toBe("A 1.2.3.4");
});

test("no name makes it fail", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom("", ".svc.cluster.local", ".ip6.arpa", ".pod.cluster.local"),
      (name, end) => {
        for (const type of ["A", "AAAA", "SRV", "PTR"] as const) answerClusterDns(ZONE, name + end, type);
      },
    ),
  );
});
