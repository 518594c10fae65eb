import type { CodeTable } from "./code-page.ts";

/** What `podpath check` finds about nodes, their routes and what runs on them. */
export const NODE_CHECK_CODES = {
  "bgp-session-down": {
    title: "A BGP session is not established",
    means:
      "No routes come over it. The finding says what BIRD's words for the state mostly mean; a dropped SYN and differing TCP MD5 passwords look the same.",
    todo: "Ask podpath trace --from and --to the two nodes with --port 179, and look at the same session on the other side.",
  },
  "conntrack-full": {
    title: "The connection tracking table is full",
    means: "The kernel drops packets of new connections (nf_conntrack: table full, dropping packet), now and then.",
    todo: "Raise net.netfilter.nf_conntrack_max, and see which connections fill it.",
  },
  "kube-proxy-missing": {
    title: "A node has no rules of kube-proxy",
    means:
      "Addresses of Services are not translated there: packets to them take the default route. kube-proxy is down, or never reached the API server.",
    todo: "kubectl -n kube-system logs of the node's kube-proxy.",
  },
  "log-confirmed": {
    title: "A line of a log and a dump say the same",
    means:
      "A log of the node or of its pods (calico-node, kube-proxy, CoreDNS, CNI) says that something failed, and a dump of the same node shows it: the session is down, the rules are not there, the connection was not answered.",
    todo: "Both lines are named. The log says why, the dump that it is so still.",
  },
  "log-contradicted": {
    title: "A line of a log and a dump say different things",
    means:
      "A log says that something failed or came up, and a dump of the same node shows the opposite. They are of different times: what the log tells is over, or it began after the dump.",
    todo: "Compare the line's time with that of the dump, and collect both again.",
  },
  "log-tells": {
    title: "A log has a line that says what is wrong",
    means:
      "A line of the kernel's, kubelet's, calico-node's or BIRD's log has a known meaning for the network. Logs are of another time than the dumps: what they tell may be over.",
    todo: "Look at the line's time, and whether the dumps still show it.",
  },
  "loopback-down": {
    title: "The loopback device is down",
    means: "Nothing that the machine sends to one of its own addresses arrives.",
    todo: "Bring it up: ip link set lo up.",
  },
  "loose-reverse-path": {
    title: "net.ipv4.conf.all.rp_filter is 2",
    means:
      "Felix refuses to start with a loose reverse path filter, since pods could then forge addresses, unless FelixConfiguration has ignoreLooseRPF. The node keeps the rules and routes it had.",
    todo: "Set it to 0 or 1, or set ignoreLooseRPF; then look at the log of calico-node.",
  },
  "mesh-off-without-peers": {
    title: "The node-to-node mesh is off, and there is no BGPPeer",
    means: "Nodes learn no routes of each other by BGP: packets to pods of other nodes take the default route.",
    todo: "Add BGPPeers to route reflectors, or set nodeToNodeMeshEnabled. If there are peers, collect them: calicoctl get bgppeer -o yaml.",
  },
  "packet-logged": {
    title: "A rule wrote packets into the kernel's log",
    means:
      "The packets met a rule with -j LOG, which decides nothing by itself: what became of them is in the rules behind it. The rule is named where one alone has the prefix.",
    todo: "Ask podpath trace with the same addresses and port.",
  },
  "pod-without-route": {
    title: "A node has no route to one of its pods",
    means:
      "Packets to the pod go the way of its block: into the node's blackhole. NetworkManager or networkd may have taken the device, or Felix does not run.",
    todo: "Exempt cali*, tunl* and vxlan* from NetworkManager and networkd; look at the log of calico-node.",
  },
  "proxy-arp-without-route": {
    title: "A node cannot answer its pods' ARP",
    means:
      "Pods ask for 169.254.1.1, which proxy ARP answers only where the node has a route to it, mostly the default route. Without it, no pod of the node reaches anything once its neighbour entry expires.",
    todo: "Add a default route, even one that leads nowhere.",
  },
  "service-without-endpoints": {
    title: "A Service has no endpoint that is ready",
    means:
      "Connections to it are refused (or dropped, with policy Local). No pod has the labels of its selector, or none is ready.",
    todo: "Compare its selector with the pods' labels, and look at their readiness.",
  },
  "tcp-md5-failed": {
    title: "The kernel dropped segments because of their TCP MD5 signatures",
    means:
      "One side of a BGP session has a password that the other has not, or another one. The session stays in Connect, as with a firewall that drops. The counters run since boot.",
    todo: "Compare the passwords of both sides (BGPPeer's spec.password, and the router).",
  },
  "tunnel-device-missing": {
    title: "A node lacks the device of its pool's tunnel",
    means: "It has no way to pods of other nodes, and takes no packets from them.",
    todo: "Look at the log of calico-node; see whether the kernel module is there and whether calico_backend fits the pool.",
  },
  "tunnel-one-way": {
    title: "A node sends packets through a tunnel and gets none",
    means:
      "The rule that lets encapsulated packets out counts, and the rule beside it that lets them in never did. Something on the way drops them: a security group, a cloud's network, a firewall in front of Felix's rules.",
    todo: "tcpdump for udp port 4789 (VXLAN) or ip proto 4 (IPIP) on both ends; allow it in security groups.",
  },
  "tunnel-refused": {
    title: "Felix dropped encapsulated packets of unknown senders",
    means:
      "The address that they come from is not among the nodes' (cali40all-hosts-net, cali40all-vxlan-net): a node with several addresses, or one that left the cluster. The counter runs since the rules were loaded.",
    todo: "Compare the members of the set with the nodes' addresses; externalNodesList names others.",
  },
  "unreachable-route": {
    title: "BIRD has no way to the next hop of a route",
    means:
      "A peer announced the block, and its next hop is on no link of this node: pods here get Destination Host Unreachable.",
    todo: "See which address the peer announces itself with (birdc show route all); use encapsulation across subnets.",
  },
} as const satisfies CodeTable;
