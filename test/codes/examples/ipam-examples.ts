import { nodeWiring } from "../../../src/calico/node-wiring.ts";
import { wiringContext } from "../../../src/calico/wiring/wiring-context.ts";
import { wiringFindings } from "../../../src/calico/wiring/wiring-findings.ts";
import type { IPAM_CODES } from "../../../src/model/codes/ipam-codes.ts";
import type { Finding } from "../../../src/model/finding.ts";
import { parseInterfaceAddress } from "../../../src/net/prefix.ts";
import { declaredNode } from "../../calico/felix/declared-node-fixture.ts";
import { clusterOf, nodesNamed, planOf, pod, pool } from "../../calico/ipam/declared-cluster.ts";
import { type ExamplesOf, snapshot } from "../example.ts";

const FULL = pool("p", "10.0.0.0/31", "blockSize: 31, ipipMode: Always");

/** Findings about the wiring of the first of two nodes whose addresses nobody gave to a device. */
function findingsOfNodes(text: string): readonly Finding[] {
  const nodes = ["172.16.0.1/24", "172.16.0.2/24"].map((address, i) =>
    declaredNode(`node${i + 1}`, { bgpIPv4: parseInterfaceAddress(address) }),
  );
  const context = wiringContext(clusterOf(text), nodes, planOf(text, nodes), VERSIONS);
  return nodes.flatMap((node) => nodeWiring(node, context).findings);
}

const VERSIONS = { calico: "v3.29.2", kubernetes: "v1.31.3" };

const OTHER_PLUGIN = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: kube-system, name: calico-config}\ndata:\n  cni_network_config: '{"plugins": [{"type": "calico", "ipam": {"type": "whereabouts"}}]}'\n`;

const NO_MESH =
  "---\napiVersion: crd.projectcalico.org/v1\nkind: BGPConfiguration\nmetadata: {name: default}\nspec: {nodeToNodeMeshEnabled: false}\n";

export const IPAM_EXAMPLES: ExamplesOf<typeof IPAM_CODES> = {
  "pod-gets-no-address": {
    library: () =>
      planOf(FULL + ["a", "b"].map((name) => pod(`n/${name}`, "node1")).join(""), nodesNamed("node1")).findings,
  },
  "tunnel-gets-no-address": { library: () => planOf(FULL, nodesNamed("node1", "node2", "node3")).findings },
  "block-of-other-size": {
    library: () =>
      planOf(
        `${pool("p", "10.0.0.0/24", "blockSize: 28")}---\napiVersion: crd.projectcalico.org/v1\nkind: IPAMBlock\nmetadata: {name: 10-0-0-0-30}\nspec: {cidr: 10.0.0.0/30, affinity: "host:node1", allocations: [null, null, null, null], unallocated: [0, 1, 2, 3], attributes: []}\n`,
        nodesNamed("node1"),
      ).findings,
  },
  "no-ipam-blocks": {
    ...snapshot({ "cluster/ippools.yaml": pool("default-ipv4-ippool", "192.168.0.0/16") }),
    run: ["ipam", "show", "cluster1"],
  },
  "wireguard-key-missing": {
    library: () =>
      wiringFindings(
        clusterOf(
          "apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: default}\nspec: {wireguardEnabled: true}\n" +
            "---\napiVersion: v1\nkind: Node\nmetadata: {name: node1, annotations: {projectcalico.org/WireguardPublicKey: jlkVyQYooZYzI2wFfNhSZez5eWh44yfq1wKVjLvSXgY=}}\n",
        ),
        nodesNamed("node1", "node2"),
        VERSIONS,
      ),
  },
  "block-contested": {
    // of two blocks one node begins at the one, and of three nodes two begin at the same
    library: () =>
      planOf(
        pool("p", "10.0.0.0/24", "blockSize: 25") +
          ["node1", "node2", "node3"].map((node) => pod(`n/${node}`, node)).join("") +
          "---\napiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: node1}\n",
        nodesNamed("node1", "node2", "node3"),
      ).findings,
  },
  "ipam-not-modelled": { library: () => planOf(OTHER_PLUGIN + pod("n/a", "node1"), nodesNamed("node1")).findings },
  "vxlan-without-parent": { library: () => findingsOfNodes(pool("p", "10.0.0.0/16", "vxlanMode: Always")) },
  "bgp-filter-undecided": {
    library: () =>
      wiringFindings(
        clusterOf(
          `${pool("p", "10.0.0.0/16")}${NO_MESH}---\napiVersion: projectcalico.org/v3\nkind: BGPFilter\nmetadata: {name: f}\nspec: {importV4: [{action: Reject, interface: eth1}]}\n---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: p}\nspec: {nodeSelector: all(), peerSelector: has(rr), filters: [f]}\n`,
        ),
        [],
        VERSIONS,
      ),
  },
  "bgp-no-path": {
    library: () => findingsOfNodes(pool("p", "10.0.0.0/16") + NO_MESH + pod("n/a", "node1") + pod("n/b", "node2")),
  },
};
