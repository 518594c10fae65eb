import type { CodeTable } from "./code-page.ts";

/** Dumps of ipset, and rules that refer to sets. */
export const SET_CODES = {
  "duplicate-set": {
    title: "A set occurs twice",
    means: "The message says which one counts.",
    todo: "Give one dump of one machine.",
  },
  "missing-set": {
    title: "A rule refers to a set that does not exist",
    means: "The dump of sets is there, and the set is not in it. iptables would refuse the rule.",
    todo: "Collect ipset save and iptables-save at one time.",
  },
  "set-dimensions": {
    title: "A rule tells fewer parts than the set has",
    means: "The set has more dimensions than the rule names, so no packet is in it.",
    todo: "Write src or dst once for each dimension.",
  },
  "set-family": {
    title: "A rule refers to a set of the other address family",
    means: "No packet of the rule can be in the set.",
    todo: "Use a set of the rule's family.",
  },
  "unknown-member": {
    title: "Something that is no member",
    means:
      "A member of a set cannot be read, so the set counts as incomplete; or a segment in snapshot.yaml names an interface that does not exist.",
    todo: "Correct the line.",
  },
  "unknown-set": {
    title: "A member of a set that was not created",
    means: "The line adds to a set that the file does not create. The member was left out.",
    todo: "Collect ipset save again.",
  },
  "unmodelled-command": {
    title: "A command that is not carried out",
    means: "A file of ipset restore may hold other commands than create and add. This one was passed over.",
    todo: "Collect ipset save on the machine.",
  },
  "unmodelled-set": {
    title: "A set of an unknown type",
    means: "Whether a packet is in it is a question: the answer branches.",
    todo: "Look the packet up with ipset test.",
  },
} as const satisfies CodeTable;
