import { expect, test } from "vitest";
import { folder, podpath } from "../cli/command.ts";

function pod(name: string, node: string): string {
  return `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop, labels: {app: ${name.split("-")[0]}}}
spec: {nodeName: ${node}, containers: [{name: c, ports: [{containerPort: 514, protocol: UDP}]}]}
`;
}

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: log, namespace: shop}
spec: {type: NodePort, clusterIP: 10.96.0.50, selector: {app: log}, ports: [{port: 514, protocol: UDP, nodePort: 30514}]}
`;

interface Story {
  readonly pods: readonly string[];
  /** Lines of the timeline. */
  readonly changes: readonly string[];
  readonly kubernetes?: string;
  readonly asked?: string;
  readonly at?: readonly number[];
}

/** kube-proxy's masquerading draws a port, and 4789 of 64512 is one that Felix takes for VXLAN. */
function likely({ probability }: { readonly probability: number }): boolean {
  return probability > 0.0001;
}

/** What probes of one socket gave, and what was told. */
async function play({ pods, changes, kubernetes = "v1.31.3", asked, at = [1, 10] }: Story) {
  const probe = asked ?? "from: pod/shop/client, to: service/shop/log:514, proto: udp, sport: 40000";
  const path = folder({
    "scenario.yaml": `apiVersion: podpath/v1
kind: Scenario
metadata: {name: s}
network: {cluster: ./shop}
timeline:
${changes.map((change) => `- ${change}`).join("\n")}
probes:
${at.map((time) => `- {name: p${time}, at: ${time}s, ${probe}}`).join("\n")}
`,
    "shop/nodes.yaml": `apiVersion: podpath/v1
kind: ClusterNodes
versions: {calico: v3.29.2, kubernetes: ${kubernetes}}
defaults: {gateway: 172.16.0.1}
nodes: {n1: {addresses: [172.16.0.11/24]}, n2: {addresses: [172.16.0.12/24]}}
`,
    "shop/pool.yaml":
      "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: p}\nspec: {cidr: 192.168.0.0/16, natOutgoing: true, vxlanMode: Always}\n",
    "shop/log.yaml": SERVICE,
    "shop/pods.yaml": [pod("client", "n1"), ...pods].join(""),
  });
  const { out, err } = await podpath(["run", path, "--json"]);
  expect(err).not.toContain("error:");
  const { probes } = JSON.parse(out) as {
    probes: {
      answer: { certainty: string; branches: { result: string | null; probability: number }[] };
      findings: { code: string; message: string }[];
    }[];
  };
  return {
    results: probes.map(({ answer }) =>
      [...new Set(answer.branches.filter(likely).map(({ result }) => result))].join(),
    ),
    told: probes.flatMap(({ findings }) =>
      findings.map(({ code, message }) => `${code}: ${message.split(": ").at(-1)}`),
    ),
  };
}

const DELETE = "{at: 5s, change: {pod: {name: shop/log-a, action: delete}}}";

test("a socket keeps to its endpoint while that lives, however many there are", async () => {
  const { results, told } = await play({
    pods: [pod("log-a", "n2"), pod("log-b", "n2")],
    changes: ["{at: 5s, change: {pod: {name: shop/log-c, action: create, node: n2, labels: {app: log}}}}"],
  });
  expect(results).toEqual(["answered", "answered"]);
  expect(told).toEqual([]);
});

test("kube-proxy deletes what led to an endpoint that went, and the next datagram goes to another", async () => {
  for (const kubernetes of ["v1.29.0", "v1.31.3", "v1.32.0"]) {
    const { results, told } = await play({
      pods: [pod("log-a", "n2"), pod("log-b", "n2")],
      changes: [DELETE],
      kubernetes,
    });
    expect(results).toEqual(["answered", "answered"]);
    expect(told).toEqual([expect.stringMatching(/^connection-cleaned: 192\.168\.\S+ serves the Service no more\.$/)]);
  }
});

test("without another endpoint the flow is refused up to v1.31, and lost from v1.32 on, where nobody deletes it", async () => {
  const alone = { pods: [pod("log-a", "n2")], changes: [DELETE] };
  expect(await play({ ...alone, kubernetes: "v1.31.3" })).toEqual({
    results: ["answered", "refused"],
    told: [expect.stringMatching(/^connection-cleaned: \S+ has gone\.$/)],
  });
  expect(await play({ ...alone, kubernetes: "v1.32.0" })).toEqual({
    results: ["answered", "timeout"],
    told: [expect.stringMatching(/^connection-kept-stale: it still leads to/)],
  });
});

test("a flow that was silent for its timeout is gone by itself", async () => {
  const { results, told } = await play({
    pods: [pod("log-a", "n2")],
    changes: [DELETE],
    kubernetes: "v1.32.0",
    at: [1, 200],
  });
  expect(results).toEqual(["answered", "refused"]);
  expect(told).toEqual([]);
});

test("Felix deletes flows to pods of its own node, of whichever Service", async () => {
  const { told } = await play({ pods: [pod("log-a", "n1")], changes: [DELETE], kubernetes: "v1.32.0" });
  expect(told).toEqual([
    expect.stringMatching(/^connection-cleaned: \S+ is no address of a pod of the node any more\.$/),
  ]);
});

test("node ports are cleaned as cluster addresses are", async () => {
  const { results, told } = await play({
    pods: [pod("log-a", "n2"), pod("log-b", "n2")],
    changes: [DELETE],
    asked: "from: pod/shop/client, to: 172.16.0.11, port: 30514, proto: udp, sport: 40000",
  });
  expect(results).toEqual(["answered", "answered"]);
  expect(told.filter((line) => line.startsWith("connection-cleaned"))).toHaveLength(1);
});

test("a machine without power forgets its connections", async () => {
  const { results, told } = await play({
    pods: [pod("log-a", "n2")],
    changes: [DELETE, "{at: 6s, change: {node: {host: n1, action: reboot}}}"],
    kubernetes: "v1.32.0",
  });
  expect(results).toEqual(["answered", "refused"]);
  expect(told).toEqual([]);
});

test("other sockets begin anew", async () => {
  const { results, told } = await play({
    pods: [pod("log-a", "n2")],
    changes: [DELETE],
    kubernetes: "v1.32.0",
    asked: "from: pod/shop/client, to: service/shop/log:514, proto: udp",
  });
  expect(results).toEqual(["answered", "refused"]);
  expect(told).toEqual([]);
});
