import type { PROBE_CODES } from "../../../src/model/codes/probe-codes.ts";
import { clusterFolder } from "../cluster-example.ts";
import { type CommandExample, type ExamplesOf, filter, probed } from "../example.ts";

function packetLine(line: string): CommandExample {
  return {
    files: { "packets.jsonl": `${line}\n` },
    beside: { "iptables-save.txt": filter() },
    run: ["probe", "iptables-save.txt", "--packets", "packets.jsonl"],
  };
}

const SERVICE = `apiVersion: v1
kind: Service
metadata: {namespace: shop, name: web}
spec: {clusterIP: 10.96.0.80, ports: [{name: http, port: 80}]}
`;

const DNS_AND_POD = {
  "kubeadm.yaml":
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: {podSubnet: 192.168.0.0/16, serviceSubnet: 10.96.0.0/12}\n",
  "pod.yaml":
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: default}\nspec: {nodeName: n1, containers: [{name: c}]}\n",
};

export const PROBE_EXAMPLES: ExamplesOf<typeof PROBE_CODES> = {
  "bad-arguments": probed({}, "--from", "node/n1"),
  "bad-json": packetLine("{host: node}"),
  "bad-packet-field": packetLine('{"host":"node","dst":"10.0.0.2","prot":"tcp"}'),
  "endpoint-without-address": probed(
    { "cluster/service.yaml": SERVICE.replace("10.96.0.80", "None") },
    "--from",
    "node/n1",
    "--to",
    "service/shop/web:80",
  ),
  "name-outside-cluster": clusterFolder(DNS_AND_POD, [
    "trace",
    "shop",
    "--from",
    "pod/default/web",
    "--to",
    "http://example.com",
  ]),
  "no-common-family": probed({}, "--from", "node/n1", "--to", "2001:db8::1"),
  "port-missing": probed({}, "--from", "node/n1", "--to", "node/n2", "--kind", "connect"),
  "protocol-without-program": probed({}, ..."--from node/n1 --to node/n2 --proto gre --port 5060".split(" ")),
  "resolver-unknown": probed({}, "--from", "node/n1", "--to", "http://web.shop"),
  "sender-not-modelled": probed({}, "--from", "203.0.113.9", "--to", "node/n2"),
  "unknown-endpoint": probed({}, "--from", "node/n1", "--to", "node/n3"),
  "unknown-host": packetLine('{"host":"node7","dst":"10.0.0.2"}'),
  "unknown-interface": {
    ...probed({}),
    files: { "packets.jsonl": '{"host":"n1","interface":"eth7","src":"10.0.0.1","dst":"10.0.0.2"}\n' },
    beside: probed({}).beside ?? {},
    run: ["probe", "cluster1", "--packets", "packets.jsonl"],
  },
  "unknown-packet": packetLine('{"host":"node","replyTo":"7"}'),
  "unknown-port": probed({ "cluster/service.yaml": SERVICE }, "--from", "node/n1", "--to", "service/shop/web:https"),
};
