import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { originTable, sourceOf } from "../../../src/model/origin.ts";
import { formatAddress, parseAddress } from "../../../src/net/address.ts";
import { formatPrefix, parsePrefix } from "../../../src/net/prefix.ts";
import { recogniseDump } from "../../../src/readers/recognise.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { readTables } from "../../../src/readers/tables/read-tables.ts";
import { codes, fixture } from "../fixture.ts";

function read(...texts: readonly string[]) {
  const origins = originTable();
  const files = texts.map((text, i) => readTables(text, `f${i}`, origins));
  const findings = files.flatMap((file) => file.findings);
  const built = buildCluster(files.flatMap((file) => file.resources));
  return { ...built, findings: [...findings, ...built.findings], origins };
}

const kubectl = (name: string): string => fixture(`tables/fixtures/${name}.txt`);

function podsIn(text: string): readonly string[] {
  return [...read(text).cluster.pods].map(
    ([key, { nodeName, podIPs, phase }]) => `${key} ${nodeName} ${podIPs.map(formatAddress).join(",")} ${phase}`,
  );
}

const PODS = [
  "default/a node1 192.168.49.65 Running",
  "default/b node2 192.168.226.65 Running",
  "default/waiting null  Pending",
  "default/job-x2k node2 192.168.226.66 Succeeded",
  "kube-system/calico-node-x7k2p node2 172.16.0.10 Running",
  "kube-system/coredns-7c65d6cfc9-4x2bk node1 192.168.49.66 Pending",
];

describe("kubectl get, in columns,", () => {
  test("of pods of all namespaces has addresses and nodes, whatever stands in RESTARTS", () => {
    expect(podsIn(kubectl("pods-wide-all"))).toEqual(PODS);
    const { findings, cluster, origins } = read(kubectl("pods-wide-all"));
    expect(findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual(["info partial-objects"]);
    const pod = cluster.pods.get("default/b");
    expect(sourceOf(origins, pod?.metadata.origin ?? 0)).toEqual({
      file: "f0",
      line: 3,
      resource: "Pod default/b",
      field: "",
    });
    expect(pod?.hostNetwork).toBeNull();
  });

  test("that lost its blanks is read by counting", () => {
    const collapsed = kubectl("pods-wide-all").replace(/ +/g, " ");
    expect(podsIn(collapsed)).toEqual(PODS);
    const nodes = read(kubectl("nodes-wide").replace(/ +/g, " ")).cluster.nodes;
    expect([...nodes.values()].map(({ internalIPs }) => internalIPs.map(formatAddress))).toEqual([
      ["172.16.0.9"],
      ["172.16.0.10"],
    ]);
  });

  test("with labels has them", () => {
    const text = kubectl("pods-labels").replace(/^(default +a .*?)<none>$/m, "$1app=web,tier=front");
    expect(read(text).cluster.pods.get("default/a")?.metadata.labels).toEqual(
      new Map([
        ["app", "web"],
        ["tier", "front"],
      ]),
    );
  });

  test("without NAMESPACE is taken for namespace default, and says so", () => {
    const { cluster, findings } = read(kubectl("pods-wide"));
    expect([...cluster.pods.keys()]).toEqual(["default/a", "default/b", "default/waiting", "default/job-x2k"]);
    expect(codes({ findings })).toEqual(["partial-objects", "namespace-assumed"]);
  });

  test("of nodes", () => {
    const { cluster, findings } = read(kubectl("nodes-wide"));
    expect(codes({ findings })).toEqual(["partial-objects"]);
    expect([...cluster.nodes].map(([name, node]) => `${name} ${node.internalIPs.map(formatAddress)}`)).toEqual([
      "node1 172.16.0.9",
      "node2 172.16.0.10",
    ]);
    expect(read(kubectl("nodes")).cluster.nodes.get("node1")?.internalIPs).toEqual([]);
  });

  test("of services has ports, node ports and selectors, and no target ports", () => {
    const { cluster, findings } = read(kubectl("svc-wide-all"));
    expect(codes({ findings })).toEqual(["partial-objects"]);
    const web = cluster.services.get("default/web");
    expect(web).toMatchObject({
      type: "NodePort",
      targetPortsTold: false,
      ports: [
        { port: 80, nodePort: 31861, protocol: 6 },
        { port: 443, nodePort: 0, protocol: 6 },
      ],
    });
    expect(web?.selector.get("tier")).toBe("front");
    expect(cluster.services.get("default/headless")?.clusterIPs).toEqual([]);
    expect(cluster.services.get("default/ext")?.type).toBe("ExternalName");
    expect(cluster.services.get("kube-system/kube-dns")?.ports.map(({ protocol }) => protocol)).toEqual([17, 6, 6]);
  });

  test("of endpoints says where a list was cut", () => {
    const { cluster, findings } = read(kubectl("ep-all"));
    expect(codes({ findings })).toEqual(["partial-objects", "cut-list"]);
    const addresses = [...cluster.endpoints].map(
      ([key, { subsets }]) =>
        `${key} ${subsets.flatMap(({ endpoints, ports }) =>
          endpoints.flatMap((one) => one.addresses.map((address) => `${formatAddress(address)}:${ports[0]?.port}`)),
        )}`,
    );
    expect(addresses).toEqual([
      "default/kubernetes 172.16.0.9:6443",
      "default/web 192.168.49.65:80,192.168.226.65:80,192.168.49.65:443",
      "default/headless ",
      "default/v6 fd00::5:80",
    ]);
    expect([...cluster.endpoints.values()].every(({ protocolsTold }) => !protocolsTold)).toBe(true);
  });

  test("of endpoint slices has addresses, and no ports, whose protocols it does not show", () => {
    const { cluster, findings } = read(kubectl("endpointslices"));
    expect(codes({ findings })).toEqual(["partial-objects", "cut-list", "namespace-assumed"]);
    expect(cluster.endpointSlices.get("default/web-5c2xk")?.endpoints).toHaveLength(3);
    expect(cluster.endpointSlices.get("default/web-5c2xk")?.ports).toEqual([]);
  });

  test("of several kinds at once takes each table for itself", () => {
    const { cluster } = read(kubectl("several"));
    expect([...cluster.pods.keys()]).toContain("default/b");
    expect([...cluster.services.keys()]).toContain("default/web");
    expect([...cluster.endpoints.keys()]).toContain("default/web");
  });

  test.each(["netpol-all", "ds"])("of what is not enough (%s) says so and reads nothing", (file) => {
    const { cluster, findings } = read(kubectl(file));
    expect(findings).toMatchObject([{ code: "table-not-enough", severity: "info", line: 1 }]);
    expect(cluster.others.size).toBe(0);
  });

  test("is recognised", () => {
    for (const file of ["pods-wide-all", "pods", "nodes-wide", "svc", "ep-all", "endpointslices", "netpol-all", "ds"]) {
      expect(recogniseDump(kubectl(file)), file).toBe("table");
    }
  });

  test("gives way to the whole object, in either order, and the narrower table to the wider one", () => {
    const origins = originTable();
    const whole = readResources(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: default}\nspec: {hostNetwork: true, nodeName: x}\n",
      "w",
      origins,
    ).resources;
    const rows = ["pods", "pods-wide"].flatMap((file) => readTables(kubectl(file), file, origins).resources);
    for (const resources of [
      [...whole, ...rows],
      [...rows, ...whole],
    ]) {
      const { cluster, findings } = buildCluster(resources);
      expect(findings).toEqual([]);
      expect(cluster.pods.get("default/a")).toMatchObject({ nodeName: "x", hostNetwork: true });
      expect(cluster.pods.get("default/b")?.nodeName).toBe("node2");
    }
  });

  test("with a row that does not fit reports the row and keeps the others", () => {
    const { cluster, findings } = read(`${kubectl("pods-wide-all")}what is this\ndefault x y\n`);
    expect(cluster.pods.size).toBe(6);
    expect(findings.filter(({ code }) => code === "unknown-line").map(({ line }) => line)).toEqual([8, 9]);
  });
});

describe("calicoctl get, in columns,", () => {
  const CALICO = fixture("tables/fixtures/calicoctl-wide.txt");

  test("of pools, nodes and workload endpoints gives the objects that YAML gives", () => {
    const { cluster } = read(CALICO);
    expect(
      [...cluster.ipPools].map(([name, pool]) => [name, formatPrefix(pool.cidr), pool.ipipMode, pool.vxlanMode]),
    ).toEqual([
      ["default-ipv4-ippool", "192.168.0.0/16", "Always", "Never"],
      ["v6", "fd00:10::/48", "Never", "CrossSubnet"],
    ]);
    expect(cluster.ipPools.get("v6")).toMatchObject({
      natOutgoing: false,
      disabled: true,
      nodeSelector: "rack == 'a' && !old",
    });
    const node1 = cluster.calicoNodes.get("node1");
    expect(node1?.ipv4 && formatAddress(node1.ipv4.address)).toBe("172.16.0.9");
    expect(node1?.ipv6).toBeNull();
    const web =
      cluster.workloadEndpoints.get("shop/node2-k8s-web----0-eth0") ?? [...cluster.workloadEndpoints.values()][1];
    expect(web).toMatchObject({ node: "node2", pod: "web-0", interfaceName: "cali2858f4a3179", endpoint: "eth0" });
    expect(web?.ipNetworks.map(formatPrefix)).toEqual(["192.168.226.65/32", "fd00:10::1/128"]);
  });

  test("of peers, configuration, host endpoints and network sets keeps what the row tells", () => {
    const { cluster, findings } = read(CALICO);
    const { bgpPeers, bgpConfigurations, policy } = cluster;
    expect(bgpPeers.get("rr")).toMatchObject({
      peerIP: { address: parseAddress("10.0.0.9") },
      asNumber: 64512,
      node: null,
    });
    expect(bgpPeers.get("tor")).toMatchObject({
      peerIP: { address: parseAddress("10.0.0.254") },
      nodeSelector: { text: "rack == 'a'" },
      asNumber: 64999,
    });
    expect(bgpPeers.get("one")).toMatchObject({ peerIP: { address: parseAddress("10.0.0.253") }, node: "node1" });
    expect(bgpConfigurations.get("default")).toMatchObject({ logSeverityScreen: "Info", nodeToNodeMeshEnabled: false });
    expect(policy.hostEndpoints.get("h1")).toMatchObject({
      node: "node1",
      interfaceName: "eth0",
      expectedIPs: [parseAddress("172.16.0.9"), parseAddress("172.16.0.8")],
      profiles: [],
    });
    expect(policy.globalNetworkSets.get("blocked")).toMatchObject({
      nets: [parsePrefix("10.1.0.0/16"), parsePrefix("10.2.0.0/16")],
    });
    expect(findings.filter(({ code }) => code === "table-not-enough").map(({ line }) => line)).toEqual([27, 30]);
  });

  test("of pools without -o wide does not pretend to know their modes", () => {
    const { cluster } = read("NAME   CIDR             SELECTOR   \np      192.168.0.0/16   all()      \n");
    expect(cluster.ipPools.get("p")).toMatchObject({
      ipipMode: null,
      vxlanMode: null,
      natOutgoing: null,
      disabled: null,
    });
  });

  test("of pools of old versions reads the columns that are there", () => {
    const { cluster } = read(
      "NAME   CIDR             NAT    IPIPMODE   DISABLED   \np      192.168.0.0/16   true   Always     false      \n",
    );
    expect(cluster.ipPools.get("p")).toMatchObject({ ipipMode: "Always", vxlanMode: null, natOutgoing: true });
  });
});

test("no table makes the reader throw, and rows are neither lost nor invented", () => {
  const word = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,11}$/);
  fc.assert(
    fc.property(fc.uniqueArray(word, { maxLength: 20 }), fc.nat(6), (names, gap) => {
      const width = Math.max(4, ...names.map((name) => name.length)) + 2 + gap;
      const heading = `${"NAME".padEnd(width)}${"READY".padEnd(8)}${"STATUS".padEnd(10)}${"RESTARTS".padEnd(16)}AGE`;
      const rows = names.map((name) => `${name.padEnd(width)}1/1     Running   6 (109s ago)    4d`);
      const { cluster, findings } = read([heading, ...rows].join("\n"));
      expect([...cluster.pods.keys()].sort()).toEqual(names.map((name) => `default/${name}`).sort());
      expect(codes({ findings })).not.toContain("unknown-line");
    }),
  );
});

/** As pkg/printers/internalversion/printers.go of Kubernetes 1.7 to 1.33 prints them. */
describe("kubectl of several ages", () => {
  test("nodes are read without the column ROLES, and with the warning that a newer one prints first", () => {
    const old =
      "NAME      STATUS                     AGE       VERSION\nnode1     Ready,SchedulingDisabled   5d        v1.7.3\n";
    expect([...read(old).cluster.nodes.keys()]).toEqual(["node1"]);
    const warned = `Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice
NAME            ENDPOINTS                                               AGE
web             10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more...         1d
nginx-nonroot                                                           1m
`;
    const { cluster, findings } = read(warned);
    expect([...cluster.endpoints.keys()]).toEqual(["default/web", "default/nginx-nonroot"]);
    expect(codes({ findings })).toEqual(["partial-objects", "cut-list", "namespace-assumed"]);
  });

  test("a pod that is being deleted, or initialised, is not taken for one that runs", () => {
    const pods = `NAME   READY   STATUS                  RESTARTS        AGE   IP            NODE     NOMINATED NODE   READINESS GATES
gone   1/1     Terminating             0               1d    192.168.1.2   node1    <none>           <none>
new    0/2     Init:0/1                0               5s    <none>        node1    <none>           <none>
held   0/1     SchedulingGated         0               5s    <none>        <none>   <none>           <none>
bad    0/1     Init:CrashLoopBackOff   6 (109s ago)    9m    192.168.1.3   node1    <none>           <none>
`;
    const told = [...read(pods).cluster.pods.values()].map(({ terminating, phase }) => `${terminating} ${phase}`);
    expect(told).toEqual(["true ", "false Pending", "false Pending", "false Pending"]);
  });

  test("addresses of a Service from outside are read, and where they are cut it is told", () => {
    const services = `NAME       TYPE           CLUSTER-IP     EXTERNAL-IP                 PORT(S)        AGE   SELECTOR
lb         LoadBalancer   10.96.0.10     203.0.113.7,198.51.100.2    80:31861/TCP   1d    app=web
waiting    LoadBalancer   10.96.0.11     <pending>                   80:31862/TCP   1d    app=web
cloud      LoadBalancer   10.96.0.12     a1b2.elb.example.com        80:31863/TCP   1d    app=web
external   ClusterIP      10.96.0.13     203.0.113.9                 80/TCP         1d    app=web
name       ExternalName   <none>         db.example.com              <none>         1d    <none>
`;
    const { cluster, findings } = read(services);
    const of = (name: string) => cluster.services.get(`default/${name}`);
    expect(of("lb")?.loadBalancerVIPs.map(formatAddress)).toEqual(["203.0.113.7", "198.51.100.2"]);
    expect(of("waiting")?.loadBalancerVIPs).toEqual([]);
    expect(of("cloud")?.loadBalancerVIPs).toEqual([]);
    expect(of("external")?.externalIPs.map(formatAddress)).toEqual(["203.0.113.9"]);
    expect(codes({ findings })).toEqual(["partial-objects", "namespace-assumed"]);
    const narrow = `NAME   TYPE           CLUSTER-IP     EXTERNAL-IP        PORT(S)        AGE
lb     LoadBalancer   10.96.0.10     203.0.113.7,1...   80:31861/TCP   1d
`;
    expect(read(narrow).cluster.services.get("default/lb")?.loadBalancerVIPs.map(formatAddress)).toEqual([
      "203.0.113.7",
    ]);
    expect(codes(read(narrow))).toContain("cut-list");
  });
});
