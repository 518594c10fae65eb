import type { CodeTable } from "./code-page.ts";

/** Dumps of iproute2 and sysctl: interfaces, routes, policy rules, settings. */
export const IP_CODES = {
  "ambiguous-route": {
    title: "A route of which the table does not show the type",
    means: "The tool prints one sign for several types of route. The message says which one is taken.",
    todo: "Collect ip -d route show table all.",
  },
  "dump-disagreement": {
    title: "Two dumps of one machine contradict each other",
    means: "They tell different things of one interface. The message says which one counts.",
    todo: "Collect both again at one time.",
  },
  "duplicate-interface": {
    title: "An interface occurs twice",
    means: "Two entries of one dump have one name. The first one counts.",
    todo: "Give one dump of one namespace.",
  },
  "duplicate-key": {
    title: "A sysctl occurs twice with different values",
    means: "The later line counts.",
    todo: "Give one dump of one machine.",
  },
  "no-addresses": {
    title: "Interfaces without addresses",
    means: "Only ip link was dumped, so no address of this machine is known: routes and local delivery are incomplete.",
    todo: "Add ip-addr.txt: ip -d -s addr.",
  },
  "no-interfaces": {
    title: "No interface could be read",
    means: "The dump of addresses or links holds no interface, although every machine has one.",
    todo: "Collect ip -d -s addr again.",
  },
  "no-metric": {
    title: "A table of routes without metrics",
    means:
      "The columns do not show metrics. They are taken to be 0: of two routes to one destination the first counts.",
    todo: "Collect ip -d route show table all.",
  },
  "no-link-facts": {
    title: "A short form of ip addr, without flags and MTU",
    means: "ip -o addr does not tell whether an interface is up. It is taken to be up, with an MTU of 1500 bytes.",
    todo: "Collect ip -d -s addr.",
  },
  "rules-for-table-missing": {
    title: "Routes in a table that no rule leads to",
    means:
      "There are routes in further tables, and no dump of ip rule. The default rules are assumed, which never look there.",
    todo: "Collect ip rule into ip-rule.txt.",
  },
  "sysctl-value": {
    title: "A sysctl whose value is no number",
    means: "Where such a value is written (EINVAL) the kernel keeps the one that it has. The line does not count.",
    todo: "Collect sysctl -a, which prints what the kernel has.",
  },
  "unknown-table-name": {
    title: "A routing table with a name of the machine's own",
    means:
      "The name is defined in the machine's rt_tables. It stands as a number of its own here; the same name is the same table.",
    todo: "Nothing.",
  },
  "unknown-option": {
    title: "A word that is no option of the tool",
    means: "The word was passed over; the rest of the line counts.",
    todo: "Check the line.",
  },
  "unmodelled-route": {
    title: "A route of a kind that podpath does not model",
    means: "The route was left out. Packets that it would have matched take another route in the model.",
    todo: "Do not rely on answers about its destination.",
  },
  "unmodelled-rule": {
    title: "A policy rule with a part that podpath does not model",
    means: "Whether it selects a packet, or what it then does, becomes a question: the answer branches.",
    todo: "Read the rule and choose the branch.",
  },
  "unmodelled-sysctl": {
    title: "A sysctl that podpath does not model has another value than usual",
    means:
      "It changes what becomes of some packets: bridge-nf-filter-vlan-tagged shows tagged frames of bridges to iptables, rpl_seg_enabled lets routing headers of RPL in. Answers go by its default, and say nothing of it.",
    todo: "Do not rely on answers about packets that it is for.",
  },
  "unreadable-key": {
    title: "A sysctl that could not be read on the machine",
    means: "sysctl -a was not allowed to read the key. Its value is assumed.",
    todo: "Run it as root.",
  },
} as const satisfies CodeTable;
