import type { CodeTable } from "./code-page.ts";

/** What `podpath check` finds about addresses: of pools, blocks, pods and nodes. */
export const ADDRESS_CHECK_CODES = {
  "address-leaked": {
    title: "IPAM holds an address that no running pod has",
    means:
      "The pod for which the address was given is gone, and the address was not given back. A pool of leaked addresses runs out. Pods are looked for where others of the namespace are known; the dumps may be of different times.",
    todo: "Run calicoctl ipam check; if it says the same, calicoctl ipam release.",
  },
  "affinity-without-block": {
    title: "A node has an affinity to a block that does not exist",
    means:
      "The node announces the block and drops what it does not know of it, and the addresses may belong to another node.",
    todo: "Delete the BlockAffinity, and restart calico-node where routes differ.",
  },
  "block-of-one-address": {
    title: "A pool's blocks are single addresses",
    means: "The node's blackhole for the block and the route to the pod have the same destination: CNI ADD fails.",
    todo: "Use a blockSize of 26 to 31 (122 to 127 for IPv6). It cannot be changed in a pool that is in use: make another pool.",
  },
  "borrowed-without-route": {
    title: "A borrowed address falls into the blackhole of its block's owner",
    means:
      "A pod has an address from another node's block. The block's owner has no route to the address itself, so that packets from there end in the blackhole that it has for its block, without an answer.",
    todo: "See why the /32 (or /128) is not announced to the owner; or set strictAffinity and give nodes more blocks.",
  },
  "node-address-not-on-node": {
    title: "Calico announces a node under an address that the node does not have",
    means:
      "Other nodes dial the address for BGP and send packets for its pods there. The node got another address, or calico-node took that of another device (first-found takes bridges too).",
    todo: "Set IP_AUTODETECTION_METHOD (interface=, can-reach=, cidr=) or kubernetes-internal-ip, and restart calico-node.",
  },
  "node-address-twice": {
    title: "Two nodes have the same address",
    means:
      "A cloned machine, or two nodes with one name in /var/lib/calico/nodename: traffic for one goes to the other, and BGP says Bad BGP identifier (bgp-identifier-twice is told where the identifier alone is the same). Network cards behind a NAT of their own (10.0.2.15 of VirtualBox) are no harm.",
    todo: "Give each node a name and addresses of its own.",
  },
  "pod-address-not-allocated": {
    title: "A pod has an address that IPAM does not know to be given",
    means: "IPAM may give the address to another pod: then there are two with it. The dumps may be of different times.",
    todo: "Run calicoctl ipam check; delete the pod, so that it gets an address of its own.",
  },
  "pod-address-twice": {
    title: "Two pods have the same address",
    means: "One of them gets the packets of both: the one to whose device the route on the node leads.",
    todo: "Delete one of the pods, then run calicoctl ipam check.",
  },
  "pool-full": {
    title: "A pool has no free address",
    means: "Pods stay in ContainerCreating: no more free addresses in pools.",
    todo: "Give leaked addresses back (calicoctl ipam check), or add a pool.",
  },
  "pool-outside-cluster-cidr": {
    title: "A pool lies outside of kube-proxy's clusterCIDR",
    means:
      "kube-proxy masquerades what pods of the pool send to Services: on other nodes the packets come from the node's or the tunnel's address, and policies that name pods refuse them.",
    todo: "Set clusterCIDR so that it covers all pools.",
  },
  "pools-overlap": {
    title: "A pool has addresses in common with another, or with the Services",
    means:
      "An address may be given twice. Traffic between pools is never masqueraded, and addresses of Services count as pods'.",
    todo: "Make another pool, move the pods, delete the one that overlaps.",
  },
  "tunnel-address-of-pod": {
    title: "A pod has the address of its node's tunnel",
    means: "The node takes packets to the pod for its own: the route of type local wins.",
    todo: "Delete the pod, and restart calico-node on the node, which then takes another address.",
  },
  "two-affinities": {
    title: "A block belongs to two nodes",
    means:
      "Other nodes learn two ways to the block and take one of them by a hash; on one of the two nodes the packets fall into the block's blackhole.",
    todo: "Delete the affinity of the node that holds no address of the block.",
  },
} as const satisfies CodeTable;
