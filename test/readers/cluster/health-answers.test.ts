import { expect, test } from "vitest";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";

const NODES =
  "apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes: {n1: {addresses: [172.16.0.11/24]}, n2: {addresses: [172.16.0.12/24]}, n3: {addresses: [172.16.0.13/24]}}\n";
const pod = (name: string, node: string, status = ""): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: default, labels: {app: web}}\nspec: {nodeName: ${node}, containers: [{name: c}]}\n${status}`;
const service = (spec: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: default}\nspec: {selector: {app: web}, ports: [{port: 80}], ${spec}}\n`;

function told(text: string): readonly string[] {
  const files = new Map([
    ["nodes.yaml", NODES],
    ["web.yaml", text],
  ]);
  const { findings } = readClusterFolder({ name: "test", files });
  return findings.filter(({ code }) => code === "health-check-answers").map(({ message }) => message);
}

test("the health check of a Service answers 200 on nodes with a ready endpoint, 503 on the others", () => {
  const waiting = "status: {conditions: [{type: Ready, status: 'False'}]}\n";
  const pods = pod("a", "n2") + pod("b", "n3", waiting);
  const local = "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30111";
  expect(told(service(local) + pods)).toEqual([
    expect.stringContaining("the health check on port 30111 answers 200 on n2, 503 on n1, n3."),
  ]);
  expect(told(service(local))).toEqual([expect.stringContaining("answers 200 on no node, 503 on n1, n2, n3.")]);
  expect(told(service("type: LoadBalancer, externalTrafficPolicy: Cluster") + pods)).toEqual([]);
});
