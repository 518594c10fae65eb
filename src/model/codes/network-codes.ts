import type { CodeTable } from "./code-page.ts";

/** Parts of a Network that refer to something that does not exist, or are out of range. */
export const NETWORK_CODES = {
  "host-bits": {
    title: "A route to a prefix with host bits",
    means: "The kernel refuses such a route. It stands in the model as written.",
    todo: "Correct the prefix.",
  },
  "host-name": {
    title: "A host is filed under another name",
    means: "A Network made by a program names one host in two ways.",
    todo: "Use the host's own name as the key.",
  },
  "mac-address": {
    title: "A MAC address in an unknown form",
    means: "It is not six hexadecimal bytes. Neighbours cannot be found by it.",
    todo: "Correct the address.",
  },
  "missing-chain": {
    title: "A rule jumps to a chain that does not exist",
    means: "iptables would refuse the rule. A packet that matches it goes on to the next rule.",
    todo: "Collect iptables-save -c again.",
  },
  "missing-interface": {
    title: "A route or link refers to an interface that does not exist",
    means: "The dump of routes is of another time than that of interfaces. Packets that take the route cannot leave.",
    todo: "Collect both again at one time.",
  },
  "missing-master": {
    title: "An interface belongs to a bridge or bond that does not exist",
    means: "What comes in by it goes nowhere.",
    todo: "Collect ip -d -s link again, without leaving interfaces out.",
  },
  mtu: {
    title: "An MTU that no device takes",
    means: "The kernel takes at least 68 bytes for IPv4.",
    todo: "Correct the number.",
  },
  "next-hop-weight": {
    title: "A next hop with a weight below 1",
    means: "It never gets a packet.",
    todo: "Correct the number.",
  },
  "prefix-length": {
    title: "A prefix length out of range",
    means: "IPv4 has 0 to 32, IPv6 0 to 128.",
    todo: "Correct the number.",
  },
  "route-family": {
    title: "A route of one family to an address of the other",
    means: "A Network made by a program contradicts itself.",
    todo: "Correct the route.",
  },
  "two-links": {
    title: "An interface is on two links",
    means: "An interface has one other side. Both links are in the model.",
    todo: "Correct fabric.segments in snapshot.yaml.",
  },
} as const satisfies CodeTable;
