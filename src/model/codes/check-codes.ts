import type { CodeTable } from "./code-page.ts";

/** What `podpath check` finds without a packet: evidence that contradicts the dumps beside it, and settings that cannot work. */
export const CHECK_CODES = {
  "address-errors-counted": {
    title: "The kernel counted packets with a destination that it refused",
    means:
      "IpInAddrErrors counts packets that were not for this machine and not to be forwarded (forwarding off), or had an impossible destination. The counter runs since boot.",
    todo: "Compare sysctl net.ipv4.ip_forward, and run nstat twice to see whether it still grows.",
  },
  "bgp-dropped-by-rule": {
    title: "A rule against BGP drops packets, and sessions are down",
    means:
      "A rule that names port 179 drops or rejects, its counter moved, and a session of the machine is not established.",
    todo: "Accept TCP port 179 from the peers before this rule.",
  },
  "bgp-not-accepted": {
    title: "INPUT drops by its policy, no rule names port 179, and BGP sessions are down",
    means:
      "The policy of INPUT dropped packets, and nothing in the rules lets BGP in by name. A rule without a port may still accept it.",
    todo: "Ask podpath trace --from and --to the nodes with --port 179; if it is dropped, accept TCP port 179 from the other nodes.",
  },
  "bird-route-without-session": {
    title: "Routes of BIRD are in the kernel, and no session is established",
    means:
      "The routes were learnt over a session that is gone: they are kept by a graceful restart, or the dumps are of different times. They may vanish any moment.",
    todo: "Collect ip route and birdc show protocols at one time; then find out why the sessions are down.",
  },
  "connection-to-dead-endpoint": {
    title: "A connection is translated to a pod address that nobody has",
    means:
      "conntrack still sends packets of the connection to a pod that is gone. They are lost until the client gives up or the entry is deleted.",
    todo: "Delete the entry: conntrack -D with its addresses. Long-lived UDP flows suffer most.",
  },
  "connections-dropped": {
    title: "Connection tracking dropped packets",
    means:
      "conntrack -S counts packets that were dropped because the table was full (drop, early_drop), or entries that could not be inserted (insert_failed: often two DNS queries at once).",
    todo: "Compare nf_conntrack_count with nf_conntrack_max; for insert_failed use NodeLocal DNSCache.",
  },
  "forwarding-off": {
    title: "A node with pods does not forward",
    means: "net.ipv4.ip_forward is 0: no packet from or to its pods is routed.",
    todo: "Set net.ipv4.ip_forward = 1, and find out what turned it off (a file in /etc/sysctl.d).",
  },
  "listen-queue-overflowed": {
    title: "Connections were dropped because nobody accepted them",
    means:
      "TcpExtListenDrops counts connections that found the queue of a listening socket full: the program is too slow. No rule dropped them.",
    todo: "Compare ss -lnt (Recv-Q against Send-Q) in the namespace of the program.",
  },
  "neighbour-failed": {
    title: "A machine that is needed does not answer ARP or neighbour discovery",
    means:
      "The neighbour table says FAILED or INCOMPLETE for a node or a gateway: packets to it are lost after a second or so.",
    todo: "Check the link and the switch between the two, and that the machine is up.",
  },
  "node-address-in-pool": {
    title: "A node's address lies in an IP pool",
    means: "Pods can be given addresses of the nodes' own network: traffic between them goes astray.",
    todo: "Use a pool that does not overlap the nodes' network.",
  },
  "reverse-path-filtered": {
    title: "Packets were dropped because they came in by an unexpected interface",
    means:
      "TcpExtIPReversePathFilter counts packets that rp_filter dropped: the way back to their source leads over another interface. It runs since boot.",
    todo: "Compare sysctl rp_filter with the routes; set it to 2 or 0 where routing is asymmetric.",
  },
  "session-without-routes": {
    title: "An established session from which no route came",
    means:
      "The peer announced routes, and the kernel has none of BIRD's: they are filtered, or the kernel refused them.",
    todo: "Compare birdc show route all with ip route, and BIRD's filters.",
  },
  "tunnel-mtu-too-large": {
    title: "A tunnel's MTU leaves no room for its header",
    means:
      "The device under the tunnel cannot carry a full packet of the tunnel: large packets are fragmented or lost, small ones pass.",
    todo: "Set the tunnel's MTU to that of the device below less 50 bytes (VXLAN), 20 (IPIP) or 60 (WireGuard).",
  },
  "two-backends": {
    title: "Rules in both backends of iptables",
    means: "Legacy and nft rules both apply, and each tool shows only its own: a packet must pass both.",
    todo: "Decide for one backend, and flush the other one.",
  },
} as const satisfies CodeTable;
