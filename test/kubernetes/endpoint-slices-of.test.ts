import fc from "fast-check";
import { expect, test } from "vitest";
import { endpointSlicesOf } from "../../src/kubernetes/endpoint-slices-of.ts";
import { originTable } from "../../src/model/origin.ts";
import { formatAddress } from "../../src/net/address.ts";
import { buildCluster } from "../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../src/readers/resources/read-resources.ts";

function slicesOf(...objects: readonly object[]) {
  const yaml = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  const { cluster } = buildCluster(readResources(yaml, "cluster.yaml", originTable()).resources);
  return endpointSlicesOf(cluster);
}

function service(spec: object): object {
  return { apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "shop" }, spec };
}

function pod(name: string, ip: string, fields: { spec?: object; status?: object; metadata?: object } = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "shop", labels: { app: "web" }, ...fields.metadata },
    spec: { nodeName: "n1", ...fields.spec },
    status: { phase: "Running", podIPs: [{ ip }], ...fields.status },
  };
}

/** `ip:port,port ready serving terminating` of each endpoint. */
function described(slices: ReturnType<typeof slicesOf>): readonly string[] {
  return (slices.get("shop/web") ?? []).flatMap(({ endpoints, ports }) =>
    endpoints.map(
      ({ addresses, ready, serving, terminating }) =>
        `${addresses.map(formatAddress).join()}:${ports.map(({ port }) => port).join()} ${[ready, serving, terminating].map(Number).join("")}`,
    ),
  );
}

const WEB = { clusterIP: "10.96.0.9", selector: { app: "web" } };

test("a named target port is each pod's own; a pod without it has no such port", () => {
  const ports = [
    { name: "p", port: 80, targetPort: "http" },
    { name: "q", port: 81 },
  ];
  const named = (containerPort: number): object => ({
    spec: { nodeName: "n1", containers: [{ ports: [{ name: "http", containerPort }] }] },
  });
  expect(
    described(
      slicesOf(
        service({ ...WEB, ports }),
        pod("a", "10.0.0.1", named(8080)),
        pod("b", "10.0.0.2", named(9090)),
        pod("c", "10.0.0.3"),
      ),
    ),
  ).toEqual(["10.0.0.1:8080,81 110", "10.0.0.2:9090,81 110", "10.0.0.3:81 110"]);
});

test("pods that are not ready, are going, have ended, or are on no node", () => {
  const ports = [{ port: 80 }];
  const conditions = (status: string): object => ({ conditions: [{ type: "Ready", status }] });
  const pods = [
    pod("unready", "10.0.0.1", { status: conditions("False") }),
    pod("going", "10.0.0.2", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }),
    pod("gone", "10.0.0.3", { status: { phase: "Succeeded" } }),
    pod("nowhere", "10.0.0.4", { spec: { nodeName: null } }),
    pod("starting", "10.0.0.5", { status: { phase: "Pending" } }),
  ];
  expect(described(slicesOf(service({ ...WEB, ports }), ...pods))).toEqual([
    "10.0.0.1:80 000",
    "10.0.0.2:80 011",
    "10.0.0.5:80 000",
  ]);
  expect(described(slicesOf(service({ ...WEB, ports, publishNotReadyAddresses: true }), ...pods))).toEqual([
    "10.0.0.1:80 110",
    "10.0.0.2:80 111",
    "10.0.0.5:80 110",
  ]);
});

test("declared slices count; without them the Endpoints object; a Service without both and a selector has none", () => {
  const metadata = { name: "web", namespace: "shop", labels: { "kubernetes.io/service-name": "web" } };
  const endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata,
    subsets: [{ addresses: [{ ip: "10.0.0.8" }], notReadyAddresses: [{ ip: "10.0.0.9" }], ports: [{ port: 8080 }] }],
  };
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata,
    endpoints: [{ addresses: ["10.0.0.7"] }],
    ports: [{ port: 8080 }],
  };
  const web = service({ ...WEB, ports: [{ port: 80 }] });
  expect(described(slicesOf(web, pod("a", "10.0.0.1"), endpoints, slice))).toEqual(["10.0.0.7:8080 110"]);
  expect(described(slicesOf(web, pod("a", "10.0.0.1"), endpoints))).toEqual(["10.0.0.8:8080 110", "10.0.0.9:8080 000"]);
  expect(slicesOf(service({ clusterIP: "10.96.0.9", ports: [{ port: 80 }] }), pod("a", "10.0.0.1")).size).toBe(0);
  expect(slicesOf(service({ ...WEB, type: "ExternalName", externalName: "x" }), pod("a", "10.0.0.1")).size).toBe(0);
});

test("each family has its slices, and traffic distribution its hints", () => {
  const both = { status: { phase: "Running", podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }] } };
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n1", labels: { "topology.kubernetes.io/zone": "z1" } },
  };
  const dual = service({
    ...WEB,
    clusterIPs: ["10.96.0.9", "fd00:96::9"],
    ports: [{ port: 80 }],
    trafficDistribution: "PreferSameNode",
  });
  const slices = slicesOf(dual, pod("a", "10.0.0.1", both), node);
  expect(described(slices)).toEqual(["10.0.0.1:80 110", "fd00::1:80 110"]);
  const [endpoint] = slices.get("shop/web")?.[0]?.endpoints ?? [];
  expect([endpoint?.zone, endpoint?.forZones, endpoint?.forNodes]).toEqual(["z1", ["z1"], ["n1"]]);
});

test("a pod is found by all labels of the selector and no others", () => {
  const label = fc.constantFrom("a", "b", "c");
  const labels = fc.dictionary(label, fc.constantFrom("1", "2"));
  fc.assert(
    fc.property(
      fc.array(labels, { maxLength: 8 }),
      fc.dictionary(label, fc.constantFrom("1", "2"), { minKeys: 1 }),
      (all, selector) => {
        const pods = all.map((one, i) => pod(`p${i}`, `10.0.0.${i + 1}`, { metadata: { name: `p${i}`, labels: one } }));
        const found = described(
          slicesOf(service({ clusterIP: "10.96.0.9", selector, ports: [{ port: 80 }] }), ...pods),
        );
        const wanted = all.flatMap((one, i) =>
          Object.entries(selector).every(([key, value]) => one[key] === value) ? [`10.0.0.${i + 1}:80 110`] : [],
        );
        expect(found).toEqual(wanted);
      },
    ),
  );
});
