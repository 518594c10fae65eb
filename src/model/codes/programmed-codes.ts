import type { CodeTable } from "./code-page.ts";

/** What the cluster's programs ought to have programmed on its nodes, held against what is there. */
export const PROGRAMMED_CODES = {
  "block-route-missing": {
    title: "A node has no route for a block of pods' addresses",
    means:
      "Blocks of addresses belong to nodes, as BlockAffinities say. Each node has a route to those of the others, from BIRD or, with VXLAN, from Felix, and a blackhole for its own. Without, packets to the pods there take the default route, or are dropped.",
    todo: "Look at the BGP sessions (birdc show protocols), and at what keeps TCP port 179 from coming up; with VXLAN, at the log of Felix.",
  },
  "calico-version-assumed": {
    title: "Which release of Felix wrote the rules was found out from the rules",
    means:
      "Felix writes its rules in another way in each release. No object that was collected names the release, so the one counts whose rules have most of the hashes that the dumps have.",
    todo: "Collect calicoctl get clusterinformation -o yaml, or the ClusterInformation of crd.projectcalico.org.",
  },
  "foreign-rules": {
    title: "Rules of others stand among those of Calico and kube-proxy",
    means:
      "A chain of the kernel in which Calico or kube-proxy have rules has others too: of a firewall, of Docker, or made by hand. Those before Calico's decide first; those behind decide about what is left. That is no mistake by itself.",
    todo: "Look at the rules that are named, with their lines. podpath trace says whether a packet meets them.",
  },
  "nothing-to-explain": {
    title: "No chain, set, rule or resource of that name",
    means:
      "podpath explain-rule found nothing of that name on the nodes that it was asked about, and no resource that made one of their rules.",
    todo: "Give the name as the dump has it: a chain, table/chain:number, a set, a rule behind --, or a resource as Kind namespace/name.",
  },
  "program-not-there": {
    title: "None of a program's rules are on a node",
    means:
      "The objects of the cluster ask Felix or kube-proxy for rules on the node, and its dump has none of the program.",
    todo: "Look whether the program runs there. Collect the rules of both backends: iptables-legacy-save and iptables-nft-save.",
  },
  "rules-left-over": {
    title: "Rules of Felix or kube-proxy that no object asks for",
    means:
      "A chain that only one program writes has rules, or is there at all, without any object that asks for it: the program has not taken it away, somebody else wrote there, or the object was not collected.",
    todo: "Compare the time of the dumps with that of the objects; then look at the program's log on the node.",
  },
  "rules-not-programmed": {
    title: "Rules that Felix or kube-proxy ought to have written are missing",
    means:
      "An object of the cluster asks for rules, which podpath makes as the program does, and the node's dump has them not. Rules of Felix are recognised by their hashes, so that a dump that lost a part of them is no difference.",
    todo: "Compare the time of the dumps with that of the objects; then look at the program's log on the node.",
  },
  "rules-out-of-order": {
    title: "Rules stand in another order than their program writes them",
    means: "A chain has all rules that its program writes, and in another order: somebody else changed it.",
    todo: "Find out who changes the chain; restarting the program writes it anew.",
  },
  "set-members-differ": {
    title: "A set of Felix differs from what the objects ask for",
    means:
      "An ipset that policies or pools ask for is missing, lacks addresses, or has some that nobody asks for: Felix is behind, or dumps and objects are of different times.",
    todo: "Compare the time of the dumps with that of the objects; then look at Felix's log on the node.",
  },
  "workload-route-left-over": {
    title: "A route to an address that no pod of the node has",
    means:
      "Felix and the CNI plugin write a route to each pod of the node. This one leads to no pod that was collected.",
    todo: "Collect the pods of all namespaces; if the pod is gone, look at Felix's log on the node.",
  },
  "workload-route-missing": {
    title: "A node has no route to one of its pods",
    means: "A pod that runs on the node has an address to which the node has no route: packets to it go astray.",
    todo: "Look at the log of the CNI plugin and of Felix on the node.",
  },
} as const satisfies CodeTable;
