import { join } from "node:path";
import { expect, test } from "vitest";
import { readFolder } from "../../../src/cli/read-files.ts";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";
import { printRule } from "../../../src/readers/iptables/print.ts";
import { askProbe, type Probe, prepareProbe } from "../../../src/trace/probe.ts";
import { ROOT } from "../../docs/root.ts";

// without policies
const FILES = new Map(readFolder(join(ROOT, "examples/three-nodes/cluster")));
FILES.delete("policy.yaml");
const POD = "pod/default/left-trsl76tcns-6tqm6";

const UPSTREAM = `apiVersion: v1
kind: Service
metadata: {name: kube-dns-upstream, namespace: kube-system}
spec:
  clusterIP: 10.96.77.1
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
  selector: {k8s-app: kube-dns}
`;

const COREFILE = `apiVersion: v1
kind: ConfigMap
metadata: {name: node-local-dns, namespace: kube-system}
data:
  Corefile: |
    cluster.local:53 {
        loop
        bind 169.254.20.10 10.96.0.10
        forward . __PILLAR__CLUSTER__DNS__ {
            force_tcp
        }
        prometheus :9253
        health 169.254.20.10:8080
    }
    .:53 {
        bind 169.254.20.10 10.96.0.10
        forward . __PILLAR__UPSTREAM__SERVERS__
    }
`;

const LOCAL = '"-localip", "169.254.20.10,10.96.0.10"';
const ARGS = `${LOCAL}, "-conf", "/etc/Corefile", "-upstreamsvc", "kube-dns-upstream"`;

function daemonSet(args: string, spec = "", security = "capabilities: {add: [NET_ADMIN]}"): string {
  return `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-local-dns, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: node-local-dns}}
  template:
    metadata: {labels: {k8s-app: node-local-dns}}
    spec:
      hostNetwork: true
      tolerations: [{operator: Exists}]
      ${spec}
      containers:
        - name: node-cache
          args: [${args}]
          securityContext: {${security}}
          ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}, {containerPort: 9253}]
          volumeMounts: [{name: config-volume, mountPath: /etc/coredns}]
      volumes:
        - {name: config-volume, configMap: {name: node-local-dns, items: [{key: Corefile, path: Corefile.base}]}}
`;
}

function cluster(...manifests: readonly string[]) {
  return readClusterFolder({ name: "dns", files: new Map([...FILES, ["dns.yaml", manifests.join("---\n")]]) });
}

function asked(read: ReturnType<typeof cluster>, probe: Partial<Probe> & Pick<Probe, "to">) {
  const prepared = prepareProbe(read.network, {
    from: POD,
    kind: "lookup",
    protocol: null,
    port: null,
    sport: null,
    size: null,
    df: false,
    ...probe,
  });
  if ("findings" in prepared) throw new Error(JSON.stringify(prepared.findings));
  return askProbe(read.network, prepared.probe);
}

const NAME = { to: "dns/kubernetes.default" };

/** Host, protocol and destination of all packets that programs sent. */
function questions({ branches }: ReturnType<typeof asked>): readonly string[] {
  const [first] = branches;
  return (first?.run.journeys ?? []).flatMap(({ cause, kind, host }) => (cause < 0 ? [`${host} ${kind}`] : []));
}

function rulesOn(read: ReturnType<typeof cluster>, node: string, table: "raw" | "filter", family: 4 | 6 = 4) {
  const chains = read.network.hosts
    .get(node)
    ?.rulesets.find((one) => one.family === family)
    ?.tables.get(table)?.chains;
  return ["PREROUTING", "INPUT", "OUTPUT"].flatMap((name) =>
    (chains?.get(name)?.rules ?? [])
      .map((rule) => `-A ${name} ${printRule(rule, family)}`)
      .filter((text) => text.includes("NodeLocal DNS Cache")),
  );
}

test("a pod's query for a name of the cluster goes to the cache of its node, which asks CoreDNS over TCP", () => {
  for (const args of [ARGS, ARGS.replace('"-localip", ', '"--localip=').replace('"169', "169")]) {
    const read = cluster(UPSTREAM, COREFILE, daemonSet(args));
    expect(read.findings.filter(({ code }) => code.startsWith("node-cache"))).toEqual([]);
    const answer = asked(read, NAME);
    expect(answer.certainty).toBe("certain");
    expect(answer.branches[0]?.run.report?.text).toBe("kubernetes.default.svc.cluster.local is 10.96.0.1");
    const node = read.cluster.pods.get(POD.slice(4))?.nodeName ?? "";
    // one name of the search list has no such Service; each is asked of both
    expect(new Set(questions(answer))).toEqual(new Set([`${POD} request`, `${node} request`]));
    const upstream = answer.branches[0]?.run.journeys.find(({ host, cause }) => host === node && cause < 0);
    expect(upstream?.end?.ending.outcome).toBe("delivered");
    expect(upstream?.packet.protocol).toBe(6);
    expect(read.cluster.pods.get(upstream?.end?.host.slice(4) ?? "")?.metadata.labels.get("k8s-app")).toBe("kube-dns");
  }
});

test("queries to the cache are tracked nowhere, and other ports of the Service go by kube-proxy", () => {
  const read = cluster(UPSTREAM, COREFILE, daemonSet(ARGS));
  for (const to of ["169.254.20.10", "10.96.0.10"]) {
    const { branches, certainty } = asked(read, { to, kind: "request", protocol: 17, port: 53 });
    const node = read.cluster.pods.get(POD.slice(4))?.nodeName;
    expect(certainty).toBe("certain");
    expect(branches[0]?.run.journeys[0]?.end?.host).toBe(node);
    expect([...(branches[0]?.run.steps.values() ?? [])].flat().some(({ kind }) => kind === "nat")).toBe(false);
  }
  const metrics = asked(read, { to: "10.96.0.10", kind: "connect", protocol: 6, port: 9153 });
  expect(metrics.branches[0]?.run.journeys[0]?.end?.host).toMatch(/^pod\/kube-system\/coredns-/);
});

// the order is that of `iptables -S` on a node with node-cache, with two addresses
test("the rules stand as node-cache puts them: each before those that were there", () => {
  const read = cluster(UPSTREAM, COREFILE, daemonSet(ARGS));
  const [node = ""] = read.cluster.nodes.keys();
  const untracked = '-m comment --comment "NodeLocal DNS Cache: skip conntrack" -j CT --notrack';
  const allowed = '-m comment --comment "NodeLocal DNS Cache: allow DNS traffic" -j ACCEPT';
  const addresses = ["10.96.0.10/32", "169.254.20.10/32"];
  expect(rulesOn(read, node, "raw").map((rule) => rule.replace("-j NOTRACK", "-j CT --notrack"))).toEqual([
    ...addresses.flatMap((to) =>
      ["udp", "tcp"].map((p) => `-A PREROUTING -d ${to} -p ${p} -m ${p} --dport 53 ${untracked}`),
    ),
    ...addresses.flatMap((own) => [
      `-A OUTPUT -s ${own} -p tcp -m tcp --sport 8080 ${untracked}`,
      `-A OUTPUT -d ${own} -p tcp -m tcp --dport 8080 ${untracked}`,
      ...["udp", "tcp"].map((p) => `-A OUTPUT -d ${own} -p ${p} -m ${p} --dport 53 ${untracked}`),
      ...["udp", "tcp"].map((p) => `-A OUTPUT -s ${own} -p ${p} -m ${p} --sport 53 ${untracked}`),
    ]),
  ]);
  expect(rulesOn(read, node, "filter")).toEqual([
    ...addresses.flatMap((to) => ["udp", "tcp"].map((p) => `-A INPUT -d ${to} -p ${p} -m ${p} --dport 53 ${allowed}`)),
    ...addresses.flatMap((own) =>
      ["udp", "tcp"].map((p) => `-A OUTPUT -s ${own} -p ${p} -m ${p} --sport 53 ${allowed}`),
    ),
  ]);
  const device = read.network.hosts.get(node)?.interfaces.get("nodelocaldns");
  expect(device).toMatchObject({ kind: "dummy", up: false });
  expect(device?.addresses).toHaveLength(2);
});

test("where CoreDNS does not answer the cache, the answer hangs on what the cache remembers", () => {
  const deny = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: kube-system}
spec: {podSelector: {matchLabels: {k8s-app: kube-dns}}, policyTypes: [Ingress]}
`;
  const answer = asked(cluster(UPSTREAM, COREFILE, daemonSet(ARGS), deny), NAME);
  expect(answer.certainty).toBe("uncertain");
  expect(new Set(answer.unknowns.map(({ code }) => code))).toEqual(new Set(["node-local-dns"]));
  const results = answer.branches.map(({ run }) => run.report?.result);
  expect(new Set(results)).toEqual(new Set(["answered", "unreachable"]));
});

test("a policy for the pod's egress judges its queries to the cache by the address of the node's device", () => {
  const policy = (peer: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: dns-only, namespace: default}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{to: [${peer}]}]
`;
  // kubernetes/kubernetes, cluster/addons/dns/nodelocaldns/README.md: a selector of CoreDNS's namespace is not enough
  const bySelector = asked(cluster(UPSTREAM, COREFILE, daemonSet(ARGS), policy("{namespaceSelector: {}}")), NAME);
  expect(bySelector.branches.map(({ run }) => run.report?.result)).toEqual(["timeout"]);
  const byAddress = asked(
    cluster(UPSTREAM, COREFILE, daemonSet(ARGS), policy("{ipBlock: {cidr: 10.96.0.10/32}}")),
    NAME,
  );
  expect(new Set(byAddress.branches.map(({ run }) => run.report?.result))).toEqual(new Set(["answered"]));
});

test("nodes without the cache's pod have neither its device nor its rules, and queries go by kube-proxy", () => {
  const read = cluster(UPSTREAM, COREFILE, daemonSet(ARGS, "nodeSelector: {kubernetes.io/hostname: nowhere}"));
  for (const node of read.cluster.nodes.keys()) {
    expect(rulesOn(read, node, "raw")).toEqual([]);
    expect(read.network.hosts.get(node)?.interfaces.has("nodelocaldns")).toBe(false);
  }
  expect(asked(read, NAME).branches[0]?.run.journeys[0]?.end?.host).toMatch(/^pod\/kube-system\/coredns-/);
});

test.each([
  ["a Service that is not there", [COREFILE, daemonSet(ARGS)], /no Service kube-system\/kube-dns-upstream/],
  [
    "its own address",
    [COREFILE, daemonSet(LOCAL)],
    /sends the cluster's names to 10\.96\.0\.10, where it answers itself/,
  ],
  ["no right to make devices", [UPSTREAM, COREFILE, daemonSet(ARGS, "", "")], /may not make its device/],
  ["addresses of two families", [UPSTREAM, COREFILE, daemonSet(ARGS.replace("10.96.0.10", "fd00::10"))], /one family/],
  [
    "a Corefile for another domain",
    [UPSTREAM, COREFILE.replace("cluster.local:53", "__PILLAR__DNS__DOMAIN__:53"), daemonSet(ARGS)],
    /no server for cluster\.local/,
  ],
] as const)("with %s it does not answer, and it is told where that stands", (_, manifests, message) => {
  const read = cluster(...manifests);
  const told = read.findings.filter(({ code }) => code === "node-cache-not-running");
  expect(told).toEqual([expect.objectContaining({ file: "dns.yaml", message: expect.stringMatching(message) })]);
  expect(told[0]?.line).toBeGreaterThan(0);
});

test("a cache that cannot start leaves queries for the Service to kube-proxy, and its own address unanswered", () => {
  const read = cluster(COREFILE, daemonSet(ARGS));
  const [node = ""] = read.cluster.nodes.keys();
  expect(rulesOn(read, node, "raw")).toEqual([]);
  // its device is made before CoreDNS starts
  expect(read.network.hosts.get(node)?.interfaces.has("nodelocaldns")).toBe(true);
  const own = asked(read, { to: "169.254.20.10", kind: "request", protocol: 17, port: 53 });
  expect(own.branches.map(({ run }) => run.report?.result)).toEqual(["refused"]);
});

test("addresses of NodeLocal DNSCache that were not filled in are told where they stand", () => {
  const { findings } = cluster(UPSTREAM, daemonSet('"-localip", "__PILLAR__LOCAL__DNS__,__PILLAR__DNS__SERVER__"'));
  const told = findings.filter(({ expected }) => expected?.includes("__PILLAR__"));
  expect(told).toEqual([expect.objectContaining({ file: "dns.yaml", line: expect.any(Number) })]);
});

test("pods that the kubelet sends to the cache resolve nothing on nodes without it, and it is told", () => {
  const kubelet =
    "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nclusterDNS: [169.254.20.10]\n";
  const everywhere = cluster(UPSTREAM, COREFILE, daemonSet(ARGS), kubelet);
  expect(asked(everywhere, NAME).branches[0]?.run.report?.lookups?.[0]?.server).toBe("169.254.20.10");
  expect(everywhere.findings.filter(({ code }) => code === "node-cache-not-running")).toEqual([]);
  const some = cluster(UPSTREAM, COREFILE, daemonSet(ARGS).replace("tolerations: [{operator: Exists}]", ""), kubelet);
  expect(some.findings.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/where no NodeLocal DNSCache answers on \S+: pods there resolve no name/),
  );
});

test("a cache of IPv6 has its rules in IPv6's tables, and answers on a device that is down", () => {
  const read = cluster(
    UPSTREAM.replace("clusterIP: 10.96.77.1", "clusterIP: fd00:10:96::77\n  ipFamilies: [IPv6]"),
    daemonSet('"-localip", "fd00:90::10", "-upstreamsvc", "kube-dns-upstream"'),
  );
  const [node = ""] = read.cluster.nodes.keys();
  expect(rulesOn(read, node, "raw", 6)).toHaveLength(8);
  expect(rulesOn(read, node, "raw")).toEqual([]);
  const local = read.network.hosts
    .get(node)
    ?.routes.filter(({ nextHops }) => nextHops.some((hop) => hop.interface === "nodelocaldns"));
  expect(local?.map(({ type }) => type)).toEqual(["local"]);
});
