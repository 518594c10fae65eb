import type { CodeTable } from "./code-page.ts";

/** Dumps of iptables and nftables, and rules that the kernel would not have taken. */
export const IPTABLES_CODES = {
  "calico-rule-repaired": {
    title: "A rule of Calico that had lost a piece",
    means:
      "Felix writes a hash into the comment of each of its rules. The text of this one did not give its hash; with the piece that the message names it does, so that this is how the rule was.",
    todo: "Nothing. To see all of it in the dump: run iptables-save of the same version as in the calico-node container.",
  },
  "calico-rule-unproven": {
    title: "A rule of Calico whose text does not give its hash",
    means:
      "Either a piece of the rule is missing from the dump, or Felix spelled it in a way that podpath does not know. The rule is read as it stands. Behind it the hashes of its chain prove nothing.",
    todo: "Collect the rules inside the calico-node container: kubectl exec -n calico-system <pod> -c calico-node -- iptables-save -c.",
  },
  "bad-chain": {
    title: "An nftables base chain that is not understood",
    means: "Its type, hook or priority cannot be read, so nobody can say when it runs. It is left out.",
    todo: "Collect nft -j list ruleset again.",
  },
  "bad-counters": {
    title: "Counters that are no numbers",
    means: "The rule counts; its counters do not.",
    todo: "Collect iptables-save -c again.",
  },
  "bad-options": {
    title: "The options of a match or target are not understood",
    means:
      "Whether the rule matches, or what it does, becomes a question: the answer branches where a packet meets it.",
    todo: "Compare the line with the machine's own iptables-save.",
  },
  "bad-policy": {
    title: "A chain with a policy that there is not",
    means: "A built-in chain has the policy ACCEPT or DROP. The message says what is assumed.",
    todo: "Collect iptables-save -c again.",
  },
  "bad-rule": {
    title: "A line that is no whole rule",
    means:
      "The line says twice, or not at all, what a rule says once. What it does becomes a question where a packet meets it.",
    todo: "Collect iptables-save -c again.",
  },
  "bare-rule": {
    title: "A rule without a match and without a target",
    means: "iptables-nft-save prints this for a rule that nft made and that it cannot show. What it does is unknown.",
    todo: "Compare nft list ruleset.",
  },
  "cut-rule": {
    title: "A rule that is cut off",
    means: "The rest of the rule is missing, so what it does becomes a question where a packet meets it.",
    todo: "Collect the file again.",
  },
  "incompatible-table": {
    title: "A table that iptables-nft could not print",
    means: "The table holds rules of nftables itself. What they do is unknown.",
    todo: "Collect nft -j list ruleset.",
  },
  "missing-commit": {
    title: "A table without COMMIT",
    means: "The dump stops in the middle of a table: rules at its end may be missing, and the answer asks about them.",
    todo: "Collect the file again.",
  },
  "native-nft-table": {
    title: "A table of nftables itself that is not modelled, or in part",
    means:
      "Some of its rules say what podpath does not model, or it is none of family ip, ip6 or inet. Where a packet comes to them, the answer branches. The other rules count as they stand.",
    todo: "Read the rule, and choose the branch.",
  },
  "nft-ruleset": {
    title: "The output of nft where that of iptables-save should be",
    means: "The file was left out.",
    todo: "Name it nft-ruleset.txt, and collect iptables-save -c.",
  },
  "no-interfaces-listed": {
    title: "A listing of rules without their interfaces",
    means:
      "iptables -L without -v leaves out -i and -o. Where a packet meets such a rule and all else fits, whether it matches is a question.",
    todo: "Collect iptables-save -c, or at least iptables -L -n -v -x.",
  },
  "other-backend-missing": {
    title: "There are rules in the other iptables backend",
    means: "iptables warned that legacy tables exist, and no dump of them is there. They are unknown: answers branch.",
    todo: "Collect iptables-legacy-save into iptables-legacy-save.txt.",
  },
  "other-family": {
    title: "Rules of the other address family",
    means: "The addresses in the table are of the other family than the file's name says. It is read as what it is.",
    todo: "Rename the file.",
  },
  "partial-rules": {
    title: "Rules as iptables -S prints them",
    means:
      "There is one table, without its name; it is taken to be filter unless its chains say otherwise. The other tables are unknown.",
    todo: "Run iptables-save -c instead.",
  },
  "refused-chain-name": {
    title: "A chain name that iptables refuses",
    means: "No machine has such a chain. It is read as if one could.",
    todo: "Check where the dump is from.",
  },
  "refused-depth": {
    title: "Chains that call each other too deep",
    means: "nftables refuses more than 15 levels of jumps. The rule is taken not to be in the kernel.",
    todo: "Check whether the restore succeeded on the machine.",
  },
  "refused-family": {
    title: "An extension that the address family does not have",
    means: "iptables refuses the rule. It is taken not to be in the kernel.",
    todo: "Check whether the restore succeeded on the machine.",
  },
  "refused-hook": {
    title: "An extension in a hook where it is not allowed",
    means: "The kernel refuses the rule with EINVAL. It is taken not to be in the kernel.",
    todo: "Check whether the restore succeeded on the machine.",
  },
  "refused-interface": {
    title: "An interface where the hook has none",
    means: "iptables refuses -o before routing and -i after it. The rule is taken not to be in the kernel.",
    todo: "Check whether the restore succeeded on the machine.",
  },
  "refused-loop": {
    title: "Chains that call each other in a circle",
    means: "The kernel refuses the table with ELOOP. The rule that closes the circle is taken not to be there.",
    todo: "Check whether the restore succeeded on the machine.",
  },
  "refused-options": {
    title: "Options that the kernel refuses",
    means: "The kernel refuses the rule with EINVAL. It is taken not to be in the kernel.",
    todo: "Check whether the restore succeeded on the machine.",
  },
  "refused-protocol": {
    title: "An extension without its protocol",
    means: "The kernel takes it only after -p with its protocol. The rule is taken not to be in the kernel.",
    todo: "Check whether the restore succeeded on the machine.",
  },
  "refused-table": {
    title: "An extension in a table where it is not allowed",
    means: "The kernel refuses the rule with EINVAL. It is taken not to be in the kernel.",
    todo: "Check whether the restore succeeded on the machine.",
  },
  "refused-verdict": {
    title: "A verdict that the chain cannot have",
    means: "The kernel refuses the rule. It is taken not to be in the kernel.",
    todo: "Check whether the restore succeeded on the machine.",
  },
  "repeated-chain": {
    title: "A chain is declared twice",
    means: "The first line counts.",
    todo: "Give one dump of one machine.",
  },
  "repeated-table": {
    title: "A table occurs twice in one dump",
    means: "The later one replaces the earlier one, as iptables-restore would have it.",
    todo: "Give one dump of one machine.",
  },
  "rounded-counters": {
    title: "Counters with a suffix",
    means: "iptables -L without -x rounds counters to thousands or millions (113M). They are read as round numbers.",
    todo: "Nothing, unless you compare counters: then collect iptables-save -c.",
  },
  "undeclared-chain": {
    title: "A chain that is not declared",
    means:
      "A rule stands in, or leads to, a chain without its line at the head of the table. The message says what counts.",
    todo: "Collect iptables-save -c again: lines are missing.",
  },
  "unknown-table": {
    title: "A table that iptables does not have",
    means: "Its lines are not read.",
    todo: "Check where the dump is from.",
  },
  "unmodelled-match": {
    title: "A match that podpath does not model",
    means: "Whether the rule matches is a question: the answer branches where a packet meets it.",
    todo: "Read the rule and choose the branch.",
  },
  "unmodelled-target": {
    title: "A target that podpath does not model",
    means: "What the rule does is a question: the answer branches where a packet meets it.",
    todo: "Read the rule and choose the branch.",
  },
  "untold-options": {
    title: "A listed rule of which something cannot be read",
    means:
      "iptables -L or nft says something of the rule in words that podpath does not know, or leaves it out. The rest of the rule counts; whether it matches is a question where a packet meets it.",
    todo: "Collect iptables-save -c.",
  },
  "wrapped-line": {
    title: "A rule that was broken into several lines",
    means: "A terminal or a mail broke the line. The pieces were joined; nothing is lost.",
    todo: "Nothing.",
  },
} as const satisfies CodeTable;
