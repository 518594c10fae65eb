import { describe, expect, test } from "vitest";
import { judged, refusedFields } from "./judged.ts";

const pod = (spec: string, metadata = "name: p, namespace: d"): string =>
  `{apiVersion: v1, kind: Pod, metadata: {${metadata}}, spec: {${spec}}}\n`;
const containers = (list: string): string => pod(`containers: [${list}]`);
const ports = (list: string, more = ""): string => pod(`containers: [{name: c, ports: [${list}]}]${more}`);
const PORT = "spec.containers[0].ports[0]";
const NEAR =
  "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {matchExpressions: [{key: a, operator: In}]}}]}}";

describe("a Pod that the API server refuses has no effect, and is told with its field:", () => {
  test.each([
    ["no container", containers(""), "spec.containers"],
    ["one name for two containers", containers("{name: a}, {name: a}"), "spec.containers[1].name"],
    [
      "one name for a container and one before it",
      pod("initContainers: [{name: a}], containers: [{name: a}]"),
      "spec.initContainers[0].name",
    ],
    ["a container's name with a dot", containers("{name: a.b}"), "spec.containers[0].name"],
    ["container port 0", ports("{containerPort: 0}"), `${PORT}.containerPort`],
    ["a container port too high", ports("{containerPort: 70000}"), `${PORT}.containerPort`],
    ["no container port", ports("{name: a}"), `${PORT}.containerPort`],
    ["a host port too high", ports("{containerPort: 80, hostPort: 65536}"), `${PORT}.hostPort`],
    [
      "a host port of another number in the node's network",
      ports("{containerPort: 80, hostPort: 8080}", ", hostNetwork: true"),
      `${PORT}.hostPort`,
    ],
    [
      "one host port twice",
      ports("{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80}"),
      "spec.containers[0].ports[1].hostPort",
    ],
    [
      "one host port of two containers",
      containers(
        "{name: a, ports: [{containerPort: 80, hostPort: 80}]}, {name: b, ports: [{containerPort: 80, hostPort: 80}]}",
      ),
      "spec.containers[1].ports[0].hostPort",
    ],
    [
      "one port twice in the node's network",
      ports("{containerPort: 80}, {containerPort: 80}", ", hostNetwork: true"),
      "spec.containers[0].ports[1].containerPort",
    ],
    [
      "one name for two ports",
      ports("{name: a, containerPort: 80}, {name: a, containerPort: 81}"),
      "spec.containers[0].ports[1].name",
    ],
    ["a port's name of 16 letters", ports("{name: abcdefghijklmnop, containerPort: 80}"), `${PORT}.name`],
    ["a port's name without a letter", ports("{name: '80', containerPort: 80}"), `${PORT}.name`],
    ["a port's name with two dashes", ports("{name: a--b, containerPort: 80}"), `${PORT}.name`],
    ["a protocol in small letters", ports("{containerPort: 80, protocol: tcp}"), `${PORT}.protocol`],
    [
      "a probe of port 0",
      containers("{name: a, livenessProbe: {tcpSocket: {port: 0}}}"),
      "spec.containers[0].livenessProbe.tcpSocket.port",
    ],
    [
      "a probe of a port in quotes",
      containers("{name: a, readinessProbe: {httpGet: {port: '80'}}}"),
      "spec.containers[0].readinessProbe.httpGet.port",
    ],
    [
      "a probe of a port too high",
      containers("{name: a, startupProbe: {grpc: {port: 70000}}}"),
      "spec.containers[0].startupProbe.grpc.port",
    ],
    [
      "a probe in two ways",
      containers("{name: a, livenessProbe: {exec: {command: [a]}, tcpSocket: {port: 80}}}"),
      "spec.containers[0].livenessProbe",
    ],
    [
      "a probe in no way",
      containers("{name: a, livenessProbe: {periodSeconds: 5}}"),
      "spec.containers[0].livenessProbe",
    ],
    ["no name server of its own", pod("dnsPolicy: None"), "spec.dnsConfig"],
    [
      "no name server in its settings",
      pod("dnsPolicy: None, dnsConfig: {searches: [a.b]}"),
      "spec.dnsConfig.nameservers",
    ],
    [
      "four name servers",
      pod("dnsConfig: {nameservers: [1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4]}"),
      "spec.dnsConfig.nameservers",
    ],
    ["a name server by name", pod("dnsConfig: {nameservers: [dns.example]}"), "spec.dnsConfig.nameservers[0]"],
    ["a search domain in capitals", pod("dnsConfig: {searches: [Example.com]}"), "spec.dnsConfig.searches[0]"],
    [
      "33 search domains",
      pod(`dnsConfig: {searches: [${Array.from({ length: 33 }, () => "a").join(", ")}]}`),
      "spec.dnsConfig.searches",
    ],
    ["a host's alias without an address", pod("hostAliases: [{hostnames: [a]}]"), "spec.hostAliases[0].ip"],
    [
      "a host's alias that is no address",
      pod("hostAliases: [{ip: 999.1.1.1, hostnames: [a]}]"),
      "spec.hostAliases[0].ip",
    ],
    [
      "a host's alias with a bad name",
      pod("hostAliases: [{ip: 10.0.0.1, hostnames: ['a_b']}]"),
      "spec.hostAliases[0].hostnames[0]",
    ],
    ["a node's name with a blank", pod("nodeName: 'a b'"), "spec.nodeName"],
    ["a subdomain with a dot", pod("subdomain: a.b"), "spec.subdomain"],
    ["a label of nodes with a blank", pod('nodeSelector: {"a b": c}'), "spec.nodeSelector.a b"],
    [
      "a selector of neighbours",
      pod(NEAR),
      "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchExpressions[0].values",
    ],
    ["a toleration of nothing", pod("tolerations: [{effect: NoSchedule}]"), "spec.tolerations[0].operator"],
    [
      "a value of what only must exist",
      pod("tolerations: [{key: a, operator: Exists, value: b}]"),
      "spec.tolerations[0].value",
    ],
    [
      "a time without NoExecute",
      pod("tolerations: [{key: a, operator: Exists, tolerationSeconds: 5}]"),
      "spec.tolerations[0].effect",
    ],
    ["a label's key with a blank", pod("", 'name: p, labels: {"a b": c}'), "metadata.labels.a b"],
    ["a name in capitals", pod("", "name: P"), "metadata.name"],
  ])("%s", (_, text, field) => {
    expect(refusedFields(text)).toEqual([field]);
    expect(judged(text).cluster.pods.size).toBe(0);
  });
});

describe("a Pod that the API server takes is read without a word:", () => {
  test.each([
    ["a container that is not mentioned, as its image would not be", pod("nodeName: n1")],
    [
      "two containers, and two before them",
      pod("initContainers: [{name: a}, {name: b}], containers: [{name: c}, {name: d}]"),
    ],
    [
      "one name of a port in two containers",
      containers(
        "{name: a, ports: [{name: http, containerPort: 80}]}, {name: b, ports: [{name: http, containerPort: 81}]}",
      ),
    ],
    ["one port twice", ports("{containerPort: 80}, {containerPort: 80}")],
    ["a port's name of 15 letters", ports("{name: abcdefghijklmno, containerPort: 65535}")],
    [
      "one host port for two protocols",
      ports("{containerPort: 53, hostPort: 53}, {containerPort: 53, hostPort: 53, protocol: UDP}"),
    ],
    [
      "one host port at two addresses",
      ports("{containerPort: 80, hostPort: 80, hostIP: 10.0.0.1}, {containerPort: 80, hostPort: 80, hostIP: 10.0.0.2}"),
    ],
    [
      "host ports in the node's network",
      ports("{containerPort: 80, hostPort: 80}, {containerPort: 81}", ", hostNetwork: true"),
    ],
    [
      "one host port of containers one after the other",
      pod(
        "initContainers: [{name: a, ports: [{containerPort: 80, hostPort: 80}]}], containers: [{name: b, ports: [{containerPort: 80, hostPort: 80}]}]",
      ),
    ],
    [
      "name servers of its own",
      pod(
        "dnsPolicy: None, dnsConfig: {nameservers: [1.1.1.1, 'fd00::53'], searches: [a.b., c], options: [{name: ndots, value: '2'}]}",
      ),
    ],
    ["aliases of hosts", pod("hostAliases: [{ip: 127.0.0.1, hostnames: [foo.local, bar]}, {ip: '::1'}]")],
    [
      "tolerations of every kind",
      pod(
        "tolerations: [{operator: Exists}, {key: a, value: b, effect: NoSchedule}, {key: a.b/c, operator: Exists, effect: NoExecute, tolerationSeconds: 5}]",
      ),
    ],
    ["names of other objects that are empty", pod("nodeName: '', serviceAccountName: '', hostname: '', subdomain: ''")],
    [
      "labels with domains and without values",
      pod(
        "nodeName: n1",
        "name: p.q-1, labels: {a.b/c_d.e: '', A-1: B_2}, annotations: {Example.com/A: 'anything at all'}",
      ),
    ],
  ])("%s", (_, text) => {
    const { cluster, findings } = judged(text);
    expect(findings).toEqual([]);
    expect(cluster.pods.size).toBe(1);
  });
});
