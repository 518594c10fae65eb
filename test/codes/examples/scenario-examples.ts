import type { SCENARIO_CODES } from "../../../src/model/codes/scenario-codes.ts";
import { type CommandExample, type ExamplesOf, NODE, snapshot } from "../example.ts";

const HEAD = "apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: s}\n";

function scenario(text: string): CommandExample {
  return { files: { "scenario.yaml": `${HEAD}${text}` }, beside: NODE, run: ["run", "scenario.yaml"] };
}

/** A client goes on with its socket after the only endpoint of its Service has gone. */
function endpointGoes(kubernetes: string): CommandExample {
  const asked = 'from: pod/shop/client, to: "service/shop/log:514", proto: udp, sport: 40000';
  return {
    files: {
      "scenario.yaml": `${HEAD}network: {cluster: ./shop}\ntimeline:\n- {at: 5s, change: {pod: {name: shop/log, action: delete}}}\nprobes:\n- {name: first, at: 1s, ${asked}}\n- {name: next, at: 10s, ${asked}}\n`,
      "shop/shop.yaml":
        "apiVersion: v1\nkind: Service\nmetadata: {name: log, namespace: shop}\nspec: {clusterIP: 10.96.0.50, selector: {app: log}, ports: [{port: 514, protocol: UDP}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: log, namespace: shop, labels: {app: log}}\nspec: {nodeName: n2, containers: [{name: c, ports: [{containerPort: 514, protocol: UDP}]}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: client, namespace: shop}\nspec: {nodeName: n1, containers: [{name: c}]}\n",
    },
    beside: {
      "shop/nodes.yaml": `apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: ${kubernetes}}\ndefaults: {gateway: 172.16.0.1}\nnodes: {n1: {addresses: [172.16.0.11/24]}, n2: {addresses: [172.16.0.12/24]}}\n`,
      "shop/pool.yaml":
        "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: default-ipv4-ippool}\nspec: {cidr: 192.168.0.0/16, natOutgoing: true, vxlanMode: Always}\n",
    },
    run: ["run", "scenario.yaml"],
  };
}

const PROBE = "{name: a, from: node/n1, to: 10.0.0.1, kind: ping}";

export const SCENARIO_EXAMPLES: ExamplesOf<typeof SCENARIO_CODES> = {
  "bad-field": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [{name: a, from: node/n1, to: 10.0.0.1, kind: wink}]\n`,
  ),
  "change-not-played": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [${PROBE}]\ntimeline: [{at: 1s, change: {crash: {name: shop/web}}}]\n`,
  ),
  "change-of-nobody": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [${PROBE}]\ntimeline: [{at: 1s, change: {exec: {host: m*, command: iptables -F}}}]\n`,
  ),
  "command-refused": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [${PROBE}]\ntimeline: [{at: 1s, change: {exec: {host: n1, command: iptables -D INPUT 9}}}]\n`,
  ),
  "connection-cleaned": endpointGoes("v1.31.3"),
  "connection-kept-stale": endpointGoes("v1.32.0"),
  "fix-of-nothing": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [${PROBE}]\nfixes: [{name: f, changes: [], expect: {b: {result: answered}}}]\n`,
  ),
  "forgotten-by-reboot": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [${PROBE}]\ntimeline:\n- {at: 1s, change: {exec: {host: n1, command: iptables -A INPUT -p tcp -j DROP}}}\n- {at: 2s, change: {node: {host: n1, action: reboot}}}\n`,
  ),
  "network-missing": scenario("probes: []\n"),
  "probe-incomplete": scenario("network: {snapshot: ./cluster1}\nprobes: [{name: a, from: node/n1}]\n"),
  "probe-twice": scenario(`network: {snapshot: ./cluster1}\nprobes:\n  - ${PROBE}\n  - ${PROBE}\n`),
  "timeline-not-played": {
    ...scenario(
      `network: {snapshot: ./cluster1}\ntimeline: [{at: 1s, change: {exec: {host: n1, command: iptables -P INPUT DROP}}}]\nprobes: [${PROBE}]\n`,
    ),
    run: ["trace", "scenario.yaml", "--from", "node/n1", "--to", "10.0.0.1"],
  },
  "unknown-key": snapshot({ "snapshot.yaml": "apiVersion: podpath/v1\nkind: Snapshot\nfabrik: {}\n" }),
};
