import type { CodeTable } from "./code-page.ts";

/** BIRD's configuration. */
export const BIRD_CODES = {
  "bird-config-differs": {
    title: "A bird.cfg with other sessions than the resources ask for",
    means:
      "confd writes BIRD's configuration again whenever a resource changes. Where the two differ, confd is stuck, or bird.cfg and the resources were collected at different times.",
    todo: "Look at the log of calico-node on the node for errors of confd and BIRD.",
  },
  "bird-refused": {
    title: "A configuration that BIRD refuses",
    means:
      "BIRD stops at the first thing that it does not take, and reads none of the configuration: one that runs goes on with the configuration before, one that starts does not come up. podpath reads on behind it. It is told where a bird.cfg of BIRD 1.6 is read, in the words of bird -p.",
    todo: "Put the line right, and run bird -p -c on the file: BIRD tells one thing at a time.",
  },
  "bird-syntax": {
    title: "Something that does not fit into BIRD's configuration",
    means: "The statement around it was left out; what stands before and after it was read.",
    todo: "Run bird -p -c on the file: if BIRD takes it, the file was damaged on its way here.",
  },
  "bird-unknown-statement": {
    title: "A statement of BIRD's configuration that podpath does not know",
    means: "It was left out. Where it decides about routes or sessions, podpath knows less than BIRD.",
    todo: "Nothing, if it decides about none.",
  },
  "bgp-peer-without-session": {
    title: "A BGP peer that is configured, and has no session",
    means:
      "bird.cfg has a protocol for the peer, and what BIRD listed has none: the dumps are of different times, or BIRD did not read its configuration again.",
    todo: "Run birdcl configure, and look at the log of calico-node for what BIRD says about its configuration.",
  },
  "bird-interface-otherwise": {
    title: "BIRD's interfaces are not those of ip addr",
    means:
      "birdc show interfaces and ip addr of one machine say different things of an interface: another address, another MTU, or one of them does not know it. BIRD takes its own list for next hops and source addresses; packets follow the kernel's.",
    todo: "Collect both again, in one moment. If they still differ, look at BIRD's log: it scans interfaces every few seconds (scan time).",
  },
  "bgp-session-unconfigured": {
    title: "A BGP session that is in no configuration",
    means:
      "BIRD listed a session for which bird.cfg has no protocol: the dumps are of different times, or one of the files of bird.cfg is missing.",
    todo: "Collect both again.",
  },
  "bgp-session-otherwise": {
    title: "A session is something else in the dump than when BGP starts anew",
    means:
      "podpath starts BIRD from the dumped bird.cfg on every machine and lets it run: packets to port 179 cross the same rules and routes. What comes of the session is not what BIRD said when the dumps were taken. A session that stands in the dump only was made before something changed, and will not come back once it ends; one that stands in the emulation only is kept down by something that no dump shows, or was just coming up.",
    todo: "Look at the rule that the message names; where it names none, collect again and see whether the session has changed, and look at BIRD's log on both sides.",
  },
  "bird-refuses-configuration": {
    title: "A configuration with which BIRD does not start",
    means:
      "In its own words. A BIRD that runs already goes on with the configuration before; one that starts ends at once. It is told when BGP runs anew, of what bird -p does not show: that the machine has no address that would do for a router ID; and of files in the language of BIRD 2, or in which something stands that only BIRD can judge. What bird -p shows is bird-refused, and is not told again.",
    todo: "Write what is missing into the file; start BIRD with it, and look at its log.",
  },
  "bird-not-followed": {
    title: "A part of BIRD's configuration that podpath does not play",
    means: "BGP ran without it (run --reconverge): where it brings or changes routes, the real BIRD has others.",
    todo: "Take the routes of the dumps instead: leave --reconverge out.",
  },
  "bgp-stays-down": {
    title: "A BGP session that does not come up",
    means:
      "BGP ran in a cluster of manifests, and this session is not established two minutes later. The message says what becomes of the packets that would open it; an error where a node lacks routes for it.",
    todo: "Repair what the message names; podpath birdc NETWORK NODE show protocols shows all sessions of a node.",
  },
  "bgp-rests-on-a-guess": {
    title: "BGP was played on a guess",
    means:
      "A packet of a session came to where no dump says what happens. The first way was taken, and all that follows rests on it.",
    todo: "Collect what the message names.",
  },
  "bird-filter-fails": {
    title: "A filter of BIRD that ends in an error",
    means:
      "While BGP ran, a filter came to a statement that makes no sense for a route, such as a gateway that is on none of the node's links, or to its end without accept or reject. BIRD writes “filters, line N” into its log and does not let the route pass: that is why it is missing. Where the filter asks for what podpath does not know, nothing that rests on it is certain.",
    todo: "Repair the statement, or ask before it whether the route is one that it is for (defined, net ~).",
  },
  "bgp-does-not-settle": {
    title: "Routes that never come to rest",
    means:
      "BIRDs tell each other of a destination without an end: what one chooses makes another choose otherwise, and that the first again (RFC 3345 has such cases). Real ones do so as fast as they can, thousands of times a second, or until chance ends it.",
    todo: "Look at the filters that prefer one neighbour's routes to another's, and at MEDs of different neighbours where reflectors compare them.",
  },
  "include-missing": {
    title: "An included file that is not there",
    means: "bird.cfg of Calico includes bird_aggr.cfg and bird_ipam.cfg; what stands in them is missing.",
    todo: "Copy the other files of /etc/calico/confd/config/ into the node's folder.",
  },
  "bgp-filter-missing": {
    title: "A BGPFilter that is not there",
    means: "The BGPPeer's session goes without it: routes that it should keep out come in, or go out.",
    todo: "Look at the name, or give podpath the BGPFilter as well.",
  },
  "bgp-identifier-missing": {
    title: "A node without a BGP identifier",
    means: "BIRD refuses a configuration without a router id. A node without an IPv4 address must be told one.",
    todo: "Set CALICO_ROUTER_ID of calico-node to hash.",
  },
  "bgp-identifier-twice": {
    title: "Two speakers with one BGP identifier",
    means:
      "Each takes the other for itself, and refuses the session with Bad BGP identifier. It is told of what the resources say; where the dumps show that two machines have the address itself, that is node-address-twice, and this is not told.",
    todo: "Give every node an IPv4 address of its own, or set CALICO_ROUTER_ID of calico-node to hash.",
  },
  "bgp-password-missing": {
    title: "A password of a BGP session that is not there",
    means:
      "confd writes the session without a password. It comes up only with a peer that has none either, or whose Secret is missing as well.",
    todo: "Make the Secret in the namespace that calico-node runs in, with the key that is named, and give it to podpath as well.",
  },
  "bgp-peer-nowhere": {
    title: "A BGPPeer of which no session is made",
    means: "It has no address, or nobody is there whom it speaks of. Calico says nothing about it.",
    todo: "Look at peerIP, peerSelector, node and nodeSelector, and at the labels of the nodes.",
  },
  "bgp-peer-twice": {
    title: "Two BGPPeers that ask for the same session",
    means: "One of them has no effect, whatever it says of passwords, filters and AS numbers.",
    todo: "Remove one, or let them be for different nodes, addresses or ports.",
  },
  "bgp-peer-without-as": {
    title: "A BGPPeer without an AS number",
    means:
      "BIRD refuses the whole configuration of the node and goes on with the one before; no change reaches it any more.",
    todo: "Write the peer's AS number into asNumber.",
  },
  "calico-field-newer": {
    title: "A field that the release of Calico does not know",
    means: "Its API server drops it. A rule of a filter with such a condition then applies to more routes.",
    todo: "Look at the release in nodes.yaml; leave the field out, or update Calico.",
  },
  "route-reflector-alone": {
    title: "A route reflector without sessions",
    means: "A node with routeReflectorClusterID takes no part in the node-to-node mesh, and no BGPPeer leads to it.",
    todo: "Make a BGPPeer that chooses the route reflectors with peerSelector.",
  },
} satisfies CodeTable;
