import type { CodeTable } from "./code-page.ts";

/** What comes out when Calico's IPAM gives addresses to the nodes and pods of a declared cluster. */
export const IPAM_CODES = {
  "pod-gets-no-address": {
    title: "A pod that gets no address",
    means:
      "Calico's IPAM, or its CNI plugin, refuses; the message gives its reason in its words. The pod stays in ContainerCreating.",
    todo: "Make room in a pool that the pod may use, or correct the annotation that asks for what there is not.",
  },
  "tunnel-gets-no-address": {
    title: "A node whose tunnel device gets no address",
    means:
      "No pool of the tunnel's kind that selects the node has an address left for it. Packets of the node itself have no source in the tunnel.",
    todo: "Make room in the pool, or allow its use for tunnels (spec.allowedUses).",
  },
  "vxlan-without-parent": {
    title: "A node whose own address is on none of its devices",
    means:
      "Felix makes the VXLAN device on the device that has the node's address. It tries again and again, and there is no tunnel.",
    todo: "Correct the address of the node, or how it is detected.",
  },
  "block-of-other-size": {
    title: "A block that is not of its pool's size",
    means:
      "Calico finds blocks by their CIDR: where a pool was made anew with another block size, it makes new blocks over the old ones, and gives addresses twice.",
    todo: "Release the old block (calicoctl ipam release), or give the pool its old block size.",
  },
  "no-ipam-blocks": {
    title: "No IPAMBlock was collected",
    means: "Which addresses Calico has given stands in its IPAMBlocks. There is none in this snapshot.",
    todo: "Collect them: kubectl get ipamblocks.crd.projectcalico.org -o yaml.",
  },
  "wireguard-key-missing": {
    title: "A node that has published no key of WireGuard's",
    means:
      "Felix encrypts what goes to nodes whose public key it knows. To the others packets go in clear, by the routes that there are without WireGuard, and nothing fails.",
    todo: "Give the key to the node's resource, or none to any: then all nodes are taken to have theirs.",
  },
  "block-contested": {
    title: "Two nodes begin to look for a block at the same place",
    means:
      "Which block a node looks at first follows from its name. Where another node has it already, it takes the next one: in a cluster whoever starts first is first, here whose name is. It is told where objects of a cluster that ran are among the manifests (addresses of pods, blocks, Calico's Nodes), with which these may disagree.",
    todo: "Where it matters, add the IPAMBlocks and BlockAffinities of the cluster to its manifests.",
  },
  "ipam-not-modelled": {
    title: "An IPAM plugin that podpath does not know",
    means:
      "The CNI plugin is told to take addresses from neither calico-ipam nor host-local. Pods without addresses in their status get none.",
    todo: "Give the Pods with their status.podIPs.",
  },
  "bgp-filter-undecided": {
    title: "A BGPFilter that only running BGP can answer",
    means:
      "Where BGP is assumed to have settled, BGPFilters are asked about each range by its prefix, by the kind of the session and by whether it was learnt. Rules that test interfaces, communities, AS paths or priorities count as not applying.",
    todo: "Let BGP run (--bgp run): BIRD's filters are then evaluated as they are.",
  },
  "bgp-no-path": {
    title: "A node that learns no routes to another one over BGP",
    means:
      "No sessions of the mesh, of BGPPeers and of route reflectors lead from one to the other, or only through peers outside the cluster, of which nothing is known.",
    todo: "Look at BGPConfiguration, BGPPeers and the labels that they select.",
  },
} satisfies CodeTable;
