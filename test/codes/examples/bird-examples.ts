import type { BIRD_CODES } from "../../../src/model/codes/bird-codes.ts";
import { reconvergedFindings } from "../../bgp/reconverged-findings.ts";
import { findingsOf, node, peer } from "../../calico/bird/findings-of.ts";
import { clusterFolder } from "../cluster-example.ts";
import { type Example, type ExamplesOf, snapshot } from "../example.ts";

const CONFIGURATION = `router id 172.16.0.11;
protocol bgp Mesh_172_16_0_12 { local as 64512; neighbor 172.16.0.12 as 64512; }
protocol bgp Mesh_172_16_0_13 { local as 64512; neighbor 172.16.0.13 as 64512; }
`;
const SESSIONS = `BIRD v0.3.3+birdv1.6.8 ready.
name     proto    table    state  since       info
Mesh_172_16_0_12 BGP      master   up     10:03:16    Established
Node_172_16_0_9 BGP      master   up     10:03:16    Established
`;
const both = snapshot({ "nodes/n1/bird.cfg": CONFIGURATION, "nodes/n1/birdc-protocols.txt": SESSIONS });

/** One of two machines whose session with each other stands; the first of them calls. */
function machine(name: string, own: string, other: string): Readonly<Record<string, string>> {
  const passive = name === "n1" ? "" : " passive on;";
  const protocol = `Mesh_${other.replaceAll(".", "_")}`;
  return {
    [`nodes/${name}/ip-addr.txt`]: `2: eth0: <UP> mtu 1500\n    link/ether 02:00:00:00:00:${own.slice(-2)} brd ff:ff:ff:ff:ff:ff\n    inet ${own}/24 scope global eth0\n`,
    [`nodes/${name}/ip-route.txt`]: `172.16.0.0/24 dev eth0 proto kernel scope link src ${own}\n`,
    [`nodes/${name}/iptables-save.txt`]:
      "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n",
    [`nodes/${name}/bird.cfg`]: `router id ${own};\nprotocol device { }\nprotocol bgp ${protocol} { local as 64512; neighbor ${other} as 64512;${passive} }\n`,
    [`nodes/${name}/birdc-protocols.txt`]: `BIRD 1.6.8 ready.\nname     proto    table    state  since       info\n${protocol} BGP      master   up     10:03:16    Established   \n`,
  };
}

/** One of three machines that each prefer what the next one told to their own, which they tell only while they have nothing better. */
function ofThree(own: number): Readonly<Record<string, string>> {
  const session = (other: number): string => {
    const taken = other === (own % 3) + 1 ? "all" : "none";
    return `protocol bgp to_${other} { local as 64512; neighbor 172.16.0.${other} as 64512; ${own < other ? "passive on; " : ""}import ${taken}; export where source = RTS_STATIC; }\n`;
  };
  const others = [1, 2, 3].filter((other) => other !== own);
  return {
    [`nodes/n${own}/ip-addr.txt`]: `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    link/ether 02:00:00:00:00:0${own} brd ff:ff:ff:ff:ff:ff\n    inet 172.16.0.${own}/24 scope global eth0\n`,
    [`nodes/n${own}/ip-route.txt`]: `172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.${own}\n`,
    [`nodes/n${own}/iptables-save.txt`]:
      "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n",
    [`nodes/n${own}/bird.cfg`]: `router id 172.16.0.${own};\nprotocol device { }\nprotocol direct { }\nprotocol static { preference 90; route 192.168.7.0/24 blackhole; }\n${others.map(session).join("")}`,
  };
}

/** A node whose BGP runs anew. */
function played(configuration: string, more: Readonly<Record<string, string>> = {}): Example {
  const files = {
    "nodes/n1/ip-addr.txt": "2: eth0: <UP> mtu 1500\n    inet 172.16.0.11/24 scope global eth0\n",
    "nodes/n1/bird.cfg": configuration,
    ...more,
  };
  return { library: () => reconvergedFindings(files) };
}

/** What BGP's resources ask for that cannot be. */
function asked(...texts: readonly string[]): Example {
  return { library: () => findingsOf(texts) };
}

const N1 = node("n1", "ipv4Address: 172.16.0.11/24");

export const BIRD_EXAMPLES: ExamplesOf<typeof BIRD_CODES> = {
  "bgp-peer-without-session": both,
  "bgp-session-unconfigured": both,
  "bird-interface-otherwise": snapshot({
    "nodes/n1/ip-addr.txt": "2: eth0: <UP> mtu 1500\n    inet 172.16.0.11/24 scope global eth0\n",
    "nodes/n1/birdc-protocols.txt":
      "BIRD 1.6.8 ready.\neth0 up (index=2)\n\tMultiAccess Broadcast Multicast AdminUp LinkUp MTU=1500\n\t172.16.0.12/24 (Primary, scope site)\n",
  }),
  "bgp-session-otherwise": snapshot({
    ...machine("n1", "172.16.0.11", "172.16.0.12"),
    ...machine("n2", "172.16.0.12", "172.16.0.11"),
    "nodes/n2/iptables-save.txt":
      "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 179 -j DROP\nCOMMIT\n",
  }),
  "bird-config-differs": snapshot({
    "nodes/n1/bird.cfg":
      "router id 172.16.0.11;\ntemplate bgp t { local as 64512; }\nprotocol bgp Mesh_172_16_0_9 from t {\n  neighbor 172.16.0.9 as 64512;\n}\n",
    "cluster/nodes.yaml": `${node("n1", "ipv4Address: 172.16.0.11/24")}---\n${node("n2", "ipv4Address: 172.16.0.12/24")}`,
  }),
  "bird-refused": snapshot({
    "nodes/n1/bird.cfg":
      "router id 172.16.0.11;\nprotocol bgp Mesh_172_16_0_12 {\n  local as 64512;\n  neighbor 172.16.0.12 as 0;\n}\n",
  }),
  "bird-syntax": snapshot({
    "nodes/n1/bird.cfg": "router id 172.16.0.11;\nprotocol kernel {\n  scan time often;\n  export all;\n}\n",
  }),
  "bird-refuses-configuration": played("protocol device { }\n", {
    "nodes/n1/ip-addr.txt": "2: eth0: <UP> mtu 1500\n    inet6 fd00::11/64 scope global\n",
  }),
  "bird-not-followed": played("router id 172.16.0.11;\nprotocol ospf { }\n"),
  "bird-filter-fails": played(
    "router id 172.16.0.11;\nprotocol device { }\nprotocol static {\n  route 10.1.0.0/16 blackhole;\n  import filter {\n    gw = 172.31.0.9;\n    accept;\n  };\n}\n",
  ),
  "bgp-stays-down": clusterFolder(
    {
      "nodes.yaml":
        "apiVersion: podpath/v1\nkind: ClusterNodes\ndefaults: {gateway: 172.16.0.1, firewall: hard.rules}\nnodes: {n1: {addresses: [172.16.0.11/24]}, n2: {addresses: [172.16.0.12/24]}}\n",
      "hard.rules": "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n",
      "pods.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: on-n1, namespace: shop}\nspec: {nodeName: n1}\n",
    },
    ["check", "shop"],
  ),
  "bgp-rests-on-a-guess": played(
    "router id 172.16.0.11;\nprotocol bgp tor { local as 64512; neighbor 172.16.0.12 as 64512; }\n",
    {
      "nodes/n1/iptables-save.txt":
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m quantum --spin up -j DROP\nCOMMIT\n",
      "nodes/n1/ip-route.txt": "172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.11\n",
    },
  ),
  "bgp-does-not-settle": {
    library: () =>
      reconvergedFindings({
        "snapshot.yaml":
          "apiVersion: podpath/v1\nkind: Snapshot\nmetadata: {name: three}\nfabric: {segments: [{name: lan, members: [n1:eth0, n2:eth0, n3:eth0]}]}\n",
        ...ofThree(1),
        ...ofThree(2),
        ...ofThree(3),
      }),
  },
  "bird-unknown-statement": snapshot({
    "nodes/n1/bird.cfg": "router id 172.16.0.11;\nprotocol device {\n  scan time 2;\n  colour blue;\n}\n",
  }),
  "include-missing": snapshot({
    "nodes/n1/bird.cfg": 'include "bird_aggr.cfg";\nrouter id 172.16.0.11;\nprotocol device { }\n',
  }),
  "bgp-filter-missing": asked(N1, peer("tor", "peerIP: 172.16.0.1", "asNumber: 65000", "filters: [no-default]")),
  "bgp-identifier-missing": asked(node("n1", "ipv6Address: fd00::11/64")),
  "bgp-identifier-twice": asked(N1, node("n2", "ipv4Address: 172.16.0.11/24")),
  "bgp-password-missing": asked(
    N1,
    peer("tor", "peerIP: 172.16.0.1", "asNumber: 65000", "password: { secretKeyRef: { name: bgp, key: tor } }"),
  ),
  "bgp-peer-nowhere": asked(N1, peer("tor", "asNumber: 65000")),
  "bgp-peer-twice": asked(
    N1,
    peer("all-nodes", "peerIP: 172.16.0.1", "asNumber: 65000"),
    peer("n1-only", "node: n1", "peerIP: 172.16.0.1", "asNumber: 65001"),
  ),
  "bgp-peer-without-as": asked(N1, peer("tor", "peerIP: 172.16.0.1")),
  "calico-field-newer": asked(N1, peer("tor", "peerIP: 172.16.0.1", "asNumber: 65000", "localASNumber: 65010")),
  "route-reflector-alone": asked(node("n1", "ipv4Address: 172.16.0.11/24", "routeReflectorClusterID: 244.0.0.1")),
};
