import { describe, expect, test } from "vitest";
import { formatAddress } from "../../src/net/address.ts";
import { readClusterFolder } from "../../src/readers/cluster/read-cluster.ts";
import { askProbe, type Probe, prepareProbe } from "../../src/trace/probe.ts";

const FILES: Readonly<Record<string, string>> = {
  "nodes.yaml":
    'apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes: {n1: {addresses: [172.16.0.11/24], labels: {node-role.kubernetes.io/control-plane: ""}}, n2: {addresses: [172.16.0.12/24]}}\n',
  "kubeadm.yaml":
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: {podSubnet: 192.168.0.0/16, serviceSubnet: 10.96.0.0/12, dnsDomain: k8s.example}\n---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nclusterDomain: k8s.example\n",
  "pool.yaml":
    "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\nspec: {cidr: 192.168.0.0/16, natOutgoing: true}\n",
  "shop.yaml": `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop, labels: {app: client}}
spec: {nodeName: n2, containers: [{name: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n2, containers: [{name: c, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: own, namespace: shop}
spec: {nodeName: n2, dnsPolicy: None, dnsConfig: {nameservers: [9.9.9.9]}, containers: [{name: c}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.80, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: all, namespace: shop}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: alias, namespace: shop}
spec: {type: ExternalName, externalName: web.shop.svc.k8s.example}
---
apiVersion: v1
kind: Service
metadata: {name: away, namespace: shop}
spec: {type: ExternalName, externalName: www.example.org}
`,
};

const cluster = (more: Readonly<Record<string, string>> = {}) =>
  readClusterFolder({ name: "test", files: new Map(Object.entries({ ...FILES, ...more })) });

const ASKED: Omit<Probe, "to"> = {
  from: "pod/shop/client",
  kind: null,
  protocol: null,
  port: null,
  sport: null,
  size: null,
  df: false,
};

function asked(to: string, more: Readonly<Record<string, string>> = {}, how: Partial<Probe> = {}) {
  const { network } = cluster(more);
  const prepared = prepareProbe(network, { ...ASKED, to, ...how });
  if ("findings" in prepared) return prepared.findings.map(({ code, advice }) => `${code}: ${advice ?? ""}`);
  return askProbe(network, prepared.probe).branches.map(({ run }) => ({
    result: run.report?.result,
    text: run.report?.text,
    names: run.report?.lookups?.map(({ name }) => name),
  }));
}

describe("the names that a pod's resolver asks for", () => {
  const { network } = cluster();
  const names = (name: string): readonly string[] =>
    network.names("pod/shop/client", name)?.queries.map((query) => query.name) ?? [];

  test("are those of the search list, up to the one that exists", () => {
    expect(names("web")).toEqual(["web.shop.svc.k8s.example"]);
    expect(names("web.shop")).toEqual(["web.shop.shop.svc.k8s.example", "web.shop.svc.k8s.example"]);
  });

  test("are only the name itself where it ends with a dot or has five dots", () => {
    expect(names("web.shop.svc.k8s.example.")).toEqual(["web.shop.svc.k8s.example"]);
    expect(names("192-168-0-1.shop.pod.k8s.example.more.x")).toHaveLength(1);
  });

  test("lead to a cluster address, to endpoints, or on to another name", () => {
    const addresses = (name: string) =>
      network.names("pod/shop/client", name)?.queries.at(-1)?.addresses?.map(formatAddress) ?? null;
    expect(addresses("web")).toEqual(["10.96.0.80"]);
    expect(addresses("alias")).toEqual(["10.96.0.80"]);
    expect(addresses("all")).toEqual(network.endpoints.get("pod/shop/web")?.addresses.map(formatAddress));
    expect(addresses("away")).toBeNull();
    expect(addresses("nothing")).toEqual([]);
  });

  test("go to the Service kube-dns, or to whom dnsConfig names", () => {
    const server = (host: string) =>
      [network.names(host, "web")?.server].flatMap((one) => (one === undefined ? [] : formatAddress(one)));
    expect(server("pod/shop/client")).toEqual(["10.96.0.10"]);
    expect(server("pod/shop/own")).toEqual(["9.9.9.9"]);
    expect(network.names("n1", "web")).toBeNull();
  });
});

describe("a probe by name", () => {
  test("is taken in a folder in which nothing is wrong", () => {
    expect(cluster().findings.filter(({ severity }) => severity !== "info")).toEqual([]);
  });

  test("asks the name server first, and connects to what it answers", () => {
    expect(asked("http://web")).toContainEqual({
      result: "answered",
      text: "connected to 10.96.0.80 port 80, data both ways",
      names: ["web.shop.svc.k8s.example"],
    });
  });

  test("fails where a policy lets no question out, while the address is reached", () => {
    const policy = {
      "deny.yaml":
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web-only, namespace: shop}\nspec:\n  podSelector: {matchLabels: {app: client}}\n  policyTypes: [Egress]\n  egress: [{to: [{podSelector: {matchLabels: {app: web}}}]}]\n",
    };
    const byName = asked("http://web", policy);
    expect(new Set(byName.map((branch) => (typeof branch === "string" ? branch : branch.result)))).toEqual(
      new Set(["timeout"]),
    );
    expect(asked("service/shop/web:80", policy)).toMatchObject([{ result: "answered" }]);
  });

  test("says where a name ends", () => {
    const results = (branches: ReturnType<typeof asked>) => [
      ...new Set(branches.map((branch) => (typeof branch === "string" ? branch : `${branch.result}: ${branch.text}`))),
    ];
    expect(results(asked("http://nothing"))).toEqual([
      "unreachable: bad address 'nothing': 10.96.0.10 knows no such name",
    ]);
    expect(results(asked("dns/web", {}, { kind: "lookup" }))).toEqual([
      "answered: web.shop.svc.k8s.example is 10.96.0.80",
    ]);
    expect(asked("http://web.shp")).toEqual(["name-outside-cluster: Did you mean web.shop? Or give an address."]);
    expect(asked("http://web", {}, { from: "node/n1" })[0]).toMatch(/^resolver-unknown/);
  });
});
