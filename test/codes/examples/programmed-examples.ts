import type { PROGRAMMED_CODES } from "../../../src/model/codes/programmed-codes.ts";
import { type CommandExample, type ExamplesOf, filter, NODE, snapshot, textOf } from "../example.ts";

const OBJECTS =
  "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 172.16.0.11}]}}\n";

/** A Service with one endpoint: kube-proxy writes rules for it. */
const SERVICE = `${OBJECTS}---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: web}
spec: {clusterIP: 10.96.0.80, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {namespace: shop, name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [192.168.1.2], nodeName: n1}]
`;

/** A pod with an address of Calico's: Felix writes rules, sets and a route for it. */
const POD = `${OBJECTS}---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: default}
spec: {cidr: 192.168.0.0/16, natOutgoing: true}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: web}
spec: {nodeName: n1, containers: [{name: web, image: web}]}
status: {phase: Running, podIPs: [{ip: 192.168.1.2}]}
`;

const FORWARD = [
  '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
  "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
  '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
  '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
];

function withService(...rules: readonly string[]): CommandExample {
  return snapshot({
    "cluster/objects.yaml": SERVICE,
    "nodes/n1/iptables-save.txt": filter(":KUBE-FORWARD - [0:0]", ...rules),
  });
}

const ROUTES = (NODE["cluster1/nodes/n1/ip-route.txt"] ?? "").split("\n").filter((line) => !line.includes("cali"));

const BLOCK = `${POD}---
{apiVersion: v1, kind: Node, metadata: {name: n2}}
---
apiVersion: projectcalico.org/v3
kind: BlockAffinity
metadata: {name: n2-192-168-2-0-26}
spec: {node: n2, cidr: 192.168.2.0/26, state: confirmed}
`;

export const PROGRAMMED_EXAMPLES: ExamplesOf<typeof PROGRAMMED_CODES> = {
  "block-route-missing": snapshot({ "cluster/objects.yaml": BLOCK }),
  "calico-version-assumed": snapshot({
    "cluster/objects.yaml": POD,
    "nodes/n1/ipset-save.txt": "create cali40x hash:net family inet hashsize 1024 maxelem 1048576\n",
  }),
  "foreign-rules": withService("-A FORWARD -s 192.0.2.0/24 -j DROP", ...FORWARD),
  "nothing-to-explain": { files: NODE, run: ["explain-rule", "cluster1", "KUBE-SERVICES"] },
  "program-not-there": snapshot({ "cluster/objects.yaml": SERVICE }),
  "rules-left-over": withService(...FORWARD, "-A KUBE-FORWARD -s 192.0.2.0/24 -j ACCEPT"),
  "rules-not-programmed": withService(...FORWARD.slice(0, 2)),
  "rules-out-of-order": withService(...[...FORWARD].reverse()),
  "set-members-differ": snapshot({
    "cluster/objects.yaml": POD,
    "nodes/n1/ipset-save.txt": textOf([
      "create cali40masq-ipam-pools hash:net family inet hashsize 1024 maxelem 1048576",
      "add cali40masq-ipam-pools 10.0.0.0/8",
    ]),
  }),
  "workload-route-left-over": snapshot({ "cluster/objects.yaml": POD.replace("192.168.1.2", "192.168.1.9") }),
  "workload-route-missing": snapshot({
    "cluster/objects.yaml": POD,
    "nodes/n1/ip-route.txt": textOf(ROUTES.slice(0, -1)),
  }),
};
