import type { CodeTable } from "./code-page.ts";

/** Questions that cannot be asked: arguments of a probe, fields of a packet. */
export const PROBE_CODES = {
  "bad-arguments": {
    title: "Options that do not go together",
    means: "The command line does not say what to do. Nothing was asked.",
    todo: "Run the command with --help.",
  },
  "bad-json": {
    title: "A packet that is no JSON object",
    means: "The line is not JSON, or not an object. The packet was not sent; the others were.",
    todo: "Write one object a line, as docs/reference/packets-and-results.md shows.",
  },
  "bad-packet-field": {
    title: "A field of a packet is wrong",
    means: "A packet has no field of that name, or not with that value. The packet was not sent; the others were.",
    todo: "docs/reference/packets-and-results.md lists the fields.",
  },
  "endpoint-without-address": {
    title: "An endpoint has no address",
    means: "A probe needs an IP address at both ends. No dump and no object tells one for this name.",
    todo: "Give an address instead of the name, or add the dump that has it.",
  },
  "name-outside-cluster": {
    title: "A name that the cluster's DNS does not know itself",
    means:
      "CoreDNS answers for the cluster's own names and asks servers elsewhere about others. What they say is in no file.",
    todo: "Give the address that the name has.",
  },
  "no-common-family": {
    title: "The ends of a probe have no address family in common",
    means: "One end has only IPv4 addresses, the other one only IPv6 addresses.",
    todo: "Give an address that the other end can reach.",
  },
  "port-missing": {
    title: "A probe without a port",
    means: "A connect or a request needs to know where to.",
    todo: "Add --port, or write service/NAMESPACE/NAME:PORT.",
  },
  "protocol-without-program": {
    title: "No program of a probe sends this protocol",
    means:
      "A connect sends TCP or SCTP, a request and a lookup UDP, a ping ICMP. Of other protocols single packets can be asked about.",
    todo: "Ask with --packet, or choose another kind or protocol.",
  },
  "resolver-unknown": {
    title: "Whom the sender asks for names is not known",
    means:
      "Pods ask the cluster's DNS, as their dnsPolicy says. The resolver of a machine, and of a pod that shares it, stands in a file of the machine that podpath does not read.",
    todo: "Ask from a pod, add the Service kube-system/kube-dns, or give an address.",
  },
  "sender-not-modelled": {
    title: "The sender is not in the model",
    means: "Only a machine or pod that was dumped, or a pod of a dumped node, can send.",
    todo: "Choose another sender, or add the dumps of its node.",
  },
  "unknown-endpoint": {
    title: "There is no such pod, node, Service or machine",
    means: "The name stands in no dump and in no object.",
    todo: "Check the spelling; the message names what is similar.",
  },
  "unknown-host": {
    title: "A packet names a host that does not exist",
    means: "The packet was not sent; the others were.",
    todo: "Host names are NODE, pod/NAMESPACE/NAME and host/NAME.",
  },
  "unknown-interface": {
    title: "A packet names an interface that does not exist",
    means: "The host has no interface of that name. The packet was not sent; the others were.",
    todo: "Choose one of those that the message lists.",
  },
  "unknown-packet": {
    title: "A reply to a packet that is not known",
    means: "replyTo names no packet whose state was kept. The packet was not sent; the others were.",
    todo: "Name the id of a packet after the last one with fresh state.",
  },
  "unknown-port": {
    title: "The Service has no such port",
    means: "The name or number after the colon is none of its ports.",
    todo: "Choose one of those that the message lists.",
  },
} as const satisfies CodeTable;
