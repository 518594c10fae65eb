import { expect, test } from "vitest";
import { readEndpointSlice } from "../../src/kubernetes/endpoint-slice.ts";
import { formatFieldPath, topField } from "../../src/kubernetes/field.ts";
import { readKubernetesNode } from "../../src/kubernetes/node.ts";
import { readPod } from "../../src/kubernetes/pod.ts";
import { readService } from "../../src/kubernetes/service.ts";
import { formatAddress } from "../../src/net/address.ts";

function problemsOf(read: (field: ReturnType<typeof topField>, origin: number) => unknown, value: unknown): string[] {
  const field = topField(value);
  read(field, 0);
  return field.problems.map((one) => `${formatFieldPath(one.path)}: ${one.found}, not ${one.expected}`);
}

test("a pod's addresses come from its status, and from Calico's annotation before the kubelet reports them", () => {
  const metadata = { name: "a", annotations: { "cni.projectcalico.org/podIPs": "10.0.0.1/32,fd00::1/128" } };
  const reported = readPod(topField({ metadata, status: { podIP: "10.0.0.2", podIPs: [{ ip: "10.0.0.2" }] } }), 0);
  expect(reported.podIPs.map(formatAddress)).toEqual(["10.0.0.2"]);
  const early = readPod(topField({ metadata, status: { phase: "Pending" } }), 0);
  expect(early.podIPs.map(formatAddress)).toEqual(["10.0.0.1", "fd00::1"]);
});

test("sidecar containers have ports, other init containers do not", () => {
  const spec = {
    containers: [{ ports: [{ containerPort: 80 }] }],
    initContainers: [
      { restartPolicy: "Always", ports: [{ containerPort: 15001 }] },
      { ports: [{ containerPort: 9999 }] },
    ],
  };
  expect(readPod(topField({ spec }), 0).ports.map((one) => one.port)).toEqual([80, 15001]);
});

test("fields of a wrong type are complained of once, with their path, and count as absent", () => {
  const problems = problemsOf(readPod, {
    metadata: { name: "a", labels: { app: 5 } },
    spec: { hostNetwork: "yes", containers: { name: "x" } },
    status: "Running",
  });
  expect(problems).toEqual(
    [
      'status: "Running", not a mapping',
      "metadata.labels.app: the number 5, not a string",
      'spec.hostNetwork: "yes", not true or false',
      "spec.containers: a mapping, not a list",
    ].sort((x, y) => problems.indexOf(x) - problems.indexOf(y)),
  );
});

test("an address that is none is complained of", () => {
  expect(
    problemsOf(readKubernetesNode, { status: { addresses: [{ type: "InternalIP", address: "10.0.0" }] } }),
  ).toEqual(['status.addresses[0].address: "10.0.0", not an IP address']);
});

test("keys of Object.prototype are not fields", () => {
  const hostile: unknown = JSON.parse(
    '{"metadata":{"name":"a","labels":{"__proto__":"x","constructor":"y","hasOwnProperty":"z"}},"__proto__":{"spec":{"hostNetwork":true}}}',
  );
  const pod = readPod(topField(hostile), 0);
  expect(pod.hostNetwork).toBe(false);
  expect([...pod.metadata.labels.keys()].sort()).toEqual(["__proto__", "constructor", "hasOwnProperty"]);
  expect(Object.hasOwn(Object.prototype, "spec")).toBe(false);
});

test("a headless service has no address and that is no mistake", () => {
  const spec = { clusterIP: "None", clusterIPs: ["None"], ports: [{ port: 80, targetPort: "http" }] };
  expect(problemsOf(readService, { spec })).toEqual([]);
  const service = readService(topField({ spec }), 0);
  expect(service.clusterIPs).toEqual([]);
  expect(service.ports[0]?.targetPort).toBe("http");
});

test("an endpoint without conditions is ready", () => {
  const slice = readEndpointSlice(
    topField({
      metadata: { name: "s", labels: { "kubernetes.io/service-name": "web" } },
      endpoints: [
        { addresses: ["10.0.0.1"], targetRef: { kind: "Pod", name: "p" } },
        { addresses: [], conditions: { ready: false } },
      ],
      ports: [{ port: 80 }],
    }),
    0,
  );
  expect(slice.service).toBe("web");
  expect(slice.endpoints.map((one) => [one.ready, one.pod])).toEqual([
    [true, "p"],
    [false, null],
  ]);
});
