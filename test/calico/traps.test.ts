import { describe, expect, test } from "vitest";
import { formatAddress } from "../../src/net/address.ts";
import { readClusterFolder } from "../../src/readers/cluster/read-cluster.ts";
import { askProbe, type Probe, prepareProbe } from "../../src/trace/probe.ts";
import { folder, podpath } from "../cli/command.ts";

const NODES = `apiVersion: podpath/v1
kind: ClusterNodes
versions: {calico: v3.29.2, kubernetes: v1.31.3}
defaults: {gateway: 172.16.0.1, listen: [tcp/22 sshd, tcp/10250 kubelet, tcp/8080 agent]}
nodes:
  n1: {addresses: [172.16.0.11/24], labels: {role: worker}}
  n2: {addresses: [172.16.0.12/24, 172.16.0.112/24], labels: {role: worker}}
fabric:
  segments: [{name: lan, members: [n1:eth0, n2:eth0, "host/gw:eth0"]}]
  hosts: [{name: gw, interfaces: [{name: eth0, addresses: [172.16.0.1/24]}], ipForward: true, listen: [tcp/80 web]}]
`;

function pool(fields: string): string {
  return `apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: p}\nspec: {cidr: 192.168.0.0/16, natOutgoing: true${fields}}\n`;
}

function pod(name: string, node: string, more = ""): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: default, labels: {app: ${name}}}\nspec: {nodeName: ${node}, ${more}containers: [{name: c, ports: [{name: web, containerPort: 80}]}]}\n`;
}

const PODS = [pod("a", "n1"), pod("b", "n2")];

function cluster(manifests: readonly string[], encapsulation = "") {
  const files = new Map([
    ["nodes.yaml", NODES],
    ["all.yaml", [pool(encapsulation), ...manifests].join("---\n")],
  ]);
  return readClusterFolder({ name: "traps", files });
}

type Cluster = ReturnType<typeof cluster>;

function ask({ network }: Cluster, from: string, to: string, more: Partial<Probe> = {}) {
  const asked: Probe = {
    from,
    to,
    kind: null,
    protocol: null,
    port: null,
    sport: null,
    size: null,
    df: false,
    ...more,
  };
  const prepared = prepareProbe(network, asked);
  if ("findings" in prepared) throw new Error(JSON.stringify(prepared.findings));
  return askProbe(network, prepared.probe);
}

function result(made: Cluster, from: string, to: string, more: Partial<Probe> = {}): string {
  const likely = ask(made, from, to, more).branches.filter(({ probability }) => probability > 0.001);
  return [...new Set(likely.map(({ run }) => run.report?.result ?? ""))].join();
}

/** The addresses of the set of a node whose name contains a text. */
function members({ network }: Cluster, node: string, part: string): readonly string[] {
  const sets = [...(network.hosts.get(node)?.ipSets.values() ?? [])].filter(({ name }) => name.includes(part));
  return sets.flatMap(({ members: all }) => all.map((one) => JSON.stringify(one)));
}

function policy(name: string, spec: string, kind = "GlobalNetworkPolicy"): string {
  const namespace = kind === "NetworkPolicy" ? ", namespace: default" : "";
  return `apiVersion: projectcalico.org/v3\nkind: ${kind}\nmetadata: {name: ${name}${namespace}}\nspec: ${spec}\n`;
}

const DENY_B = policy("deny-b", '{selector: app == "b", types: [Ingress]}');

describe("traps of Calico", () => {
  test("a node reaches its own pods past their policies, and another node's pods only by them", () => {
    const made = cluster([...PODS, DENY_B]);
    expect(result(made, "node/n2", "pod/default/b")).toBe("answered");
    expect(result(made, "node/n1", "pod/default/b")).toBe("timeout");
    expect(result(made, "pod/default/a", "pod/default/b")).toBe("timeout");
  });

  test("pods are masqueraded to nodes too: a node's firewall sees the other node", () => {
    const made = cluster(PODS);
    const { branches } = ask(made, "pod/default/a", "node/n2");
    const rewritten = [...(branches[0]?.run.steps.values() ?? [])].flat().filter((step) => step.kind === "nat");
    expect(rewritten).toContainEqual(expect.objectContaining({ host: "n1", manip: "SNAT", to: "172.16.0.11" }));
  });

  test("the set of all hosts has the nodes' BGP addresses and no others", () => {
    const found = members(cluster(PODS, ", ipipMode: Always"), "n1", "all-hosts-net").join();
    const { network } = cluster(PODS, ", ipipMode: Always");
    expect(network.hosts.get("n2")?.interfaces.get("eth0")?.addresses.length).toBeGreaterThan(1);
    // 172.16.0.12 and 172.16.0.112
    expect(found).toContain(String(0xac10000c));
    expect(found).not.toContain(String(0xac100070));
  });

  test("with VXLAN, UDP to port 4789 is dropped from everybody who is no node", () => {
    const to4789 = { port: 4789, protocol: 17 };
    expect(result(cluster(PODS, ", vxlanMode: Always"), "host/gw", "node/n1", to4789)).toBe("timeout");
    expect(result(cluster(PODS), "host/gw", "node/n1", to4789)).toBe("refused");
  });

  test("failsafes keep ssh open on a host endpoint that allows nothing, and the kubelet not", () => {
    const endpoint =
      'apiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: {name: n1-eth0, labels: {host: n1}}\nspec: {node: n1, interfaceName: "*", expectedIPs: [172.16.0.11]}\n';
    const bare = cluster([...PODS, endpoint]);
    expect(result(bare, "host/gw", "node/n1", { port: 22 })).toBe("answered");
    // without a policy or profile a host endpoint allows nothing, unlike a pod
    expect(result(bare, "host/gw", "node/n1", { port: 10250 })).toBe("timeout");
    const open = policy("open", '{selector: host == "n1", ingress: [{action: Allow}]}');
    expect(result(cluster([...PODS, endpoint, open]), "host/gw", "node/n1", { port: 10250 })).toBe("answered");
  });

  test("a pod without policies is open by its namespace's profile, in both directions", () => {
    const made = cluster(PODS);
    expect(result(made, "pod/default/a", "pod/default/b", { port: 80 })).toBe("answered");
    expect(result(made, "pod/default/b", "host/gw", { port: 80 })).toBe("answered");
  });

  test("selectors mean no pod in the network of its node", () => {
    const allow = policy(
      "from-a",
      '{selector: app == "b", ingress: [{action: Allow, source: {selector: app == "a"}}]}',
    );
    const own = cluster([...PODS, allow]);
    expect(result(own, "pod/default/a", "pod/default/b", { port: 80 })).toBe("answered");
    const onHost = cluster([pod("a", "n1", "hostNetwork: true, "), pod("b", "n2"), allow]);
    expect(result(onHost, "pod/default/a", "pod/default/b", { port: 80 })).toBe("timeout");
  });

  test("a port by name means pods that have a port of that name, in a policy of Kubernetes", () => {
    const named = (name: string): string =>
      `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: named, namespace: default}\nspec: {podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{ports: [{port: ${name}}]}]}\n`;
    expect(result(cluster([...PODS, named("web")]), "pod/default/a", "pod/default/b", { port: 80 })).toBe("answered");
    expect(result(cluster([...PODS, named("other")]), "pod/default/a", "pod/default/b", { port: 80 })).toBe("timeout");
    // the router has no names for its ports
    expect(result(cluster([...PODS, named("web")]), "pod/default/a", "host/gw", { port: 80 })).toBe("timeout");
  });

  test("notSelector without a selector means those outside of the cluster too, in a global policy", () => {
    const allow = policy(
      "not-a",
      '{selector: app == "b", egress: [{action: Allow, destination: {notSelector: app == "a"}}], types: [Egress]}',
    );
    const made = cluster([...PODS, allow]);
    expect(result(made, "pod/default/b", "host/gw", { port: 80 })).toBe("answered");
    expect(result(made, "pod/default/b", "pod/default/a", { port: 80 })).toBe("timeout");
  });

  test("pods that have finished are in no set, though their objects are there", () => {
    const allow = policy(
      "from-a",
      '{selector: app == "b", ingress: [{action: Allow, source: {selector: app == "a"}}]}',
    );
    const ofA = (made: Cluster): number => members(made, "n2", "cali40s:").length;
    expect(ofA(cluster([...PODS, allow]))).toBe(1);
    const finished = `${pod("a", "n1")}status: {phase: Succeeded, podIP: 192.168.7.7}\n`;
    expect(ofA(cluster([finished, pod("b", "n2"), allow]))).toBe(0);
  });

  test("of two nodes in a mesh that one listens whose address is the smaller text", async () => {
    const nodes = NODES.replaceAll("172.16.0.11/24", "172.16.0.9/24").replace(
      "172.16.0.12/24, 172.16.0.112/24",
      "172.16.0.10/24",
    );
    const path = folder({ "nodes.yaml": nodes, "all.yaml": [pool(""), ...PODS].join("---\n") });
    const of = async (node: string): Promise<string> => (await podpath(["bird", path, node, "--file", "bird.cfg"])).out;
    expect(await of("n2")).toMatch(/protocol bgp Mesh_172_16_0_9 [^}]*(?:}[^}]*)?passive on/);
    expect(await of("n1")).not.toContain("passive on");
  });

  test("a Service's own address is advertised from nodes with an endpoint, where its external traffic is Local; the others' only by the range", async () => {
    const service = (name: string, address: string, more = ""): string =>
      `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: default}\nspec: {clusterIP: ${address}, selector: {app: a}, ports: [{port: 80}]${more}}\n`;
    const path = folder({
      "nodes.yaml": NODES,
      "all.yaml": [
        pool(""),
        ...PODS,
        "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata: {name: default}\nspec: {serviceClusterIPs: [{cidr: 10.96.0.0/12}]}\n",
        service("local", "10.96.0.40", ", type: LoadBalancer, externalTrafficPolicy: Local"),
        service("all", "10.96.0.41"),
      ].join("---\n"),
    });
    const routesOf = async (node: string): Promise<readonly string[]> => {
      const { out } = await podpath(["bird", path, node, "--file", "bird_aggr.cfg"]);
      return [...out.matchAll(/route (10\.96\S+) blackhole/g)].map(([, prefix]) => prefix ?? "");
    };
    expect(await routesOf("n1")).toEqual(["10.96.0.0/12", "10.96.0.40/32"]);
    expect(await routesOf("n2")).toEqual(["10.96.0.0/12"]);
  });

  test("the newest device whose name is not another program's gives the node its address", () => {
    const nodes = NODES.replace(
      "n1: {addresses: [172.16.0.11/24]",
      "n1: {interfaces: [{name: eth0, addresses: [172.16.0.11/24]}, {name: eth1, addresses: [10.7.0.1/24]}, {name: docker0, kind: bridge, addresses: [172.17.0.1/16]}]",
    );
    const files = new Map([
      ["nodes.yaml", nodes],
      ["all.yaml", [pool(""), ...PODS].join("---\n")],
    ]);
    const { settled } = readClusterFolder({ name: "traps", files });
    const found = settled.nodes.find(({ name }) => name === "n1")?.bgpIPv4?.address;
    expect(found === undefined ? null : formatAddress(found)).toBe("10.7.0.1");
  });
});
