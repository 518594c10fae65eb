import { expect, test } from "vitest";
import { originTable } from "../../src/model/origin.ts";
import { buildCluster } from "../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../src/readers/resources/read-resources.ts";
import { declaredPorts, portIndex, workloadsOf } from "../../src/readers/snapshot/workloads.ts";

function portsOf(containers: string): readonly string[] {
  const origins = originTable();
  const text = `apiVersion: v1\nkind: Pod\nmetadata: {namespace: n, name: p}\nspec:\n  nodeName: n1\n  containers: ${containers}\n`;
  const { cluster, findings } = buildCluster(readResources(text, "pod.yaml", origins).resources);
  expect(findings).toEqual([]);
  const workload = workloadsOf(cluster, new Map(), origins).workloads.get("pod/n/p");
  const ports = workload === undefined ? [] : declaredPorts(workload, portIndex(cluster));
  return ports.map(({ protocol, port }) => `${protocol} ${port}`);
}

test("a port that a probe connects to is declared to be open, by number or by its name", () => {
  expect(
    portsOf(
      "[{name: c, ports: [{name: web, containerPort: 80}], readinessProbe: {httpGet: {port: 8080}}, livenessProbe: {tcpSocket: {port: web}}, startupProbe: {grpc: {port: 9000}}}]",
    ),
  ).toEqual(["6 80", "6 8080", "6 9000"]);
});

test("a probe that runs a command, or names no port of its container, opens nothing", () => {
  expect(
    portsOf("[{name: c, livenessProbe: {exec: {command: [true]}}, readinessProbe: {httpGet: {port: other}}}]"),
  ).toEqual([]);
});
