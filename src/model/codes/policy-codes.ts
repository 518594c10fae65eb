import type { CodeTable } from "./code-page.ts";

/** Declared policies, endpoints and settings of Calico's. */
export const POLICY_CODES = {
  "address-not-looked-for": {
    title: "calico/node looks for no IPv6 address, and there is an IPv6 pool",
    means:
      "Without the operator calico/node looks for an IPv6 address of its node where the variable IP6 says autodetect, and for none otherwise. Without one, other nodes learn no way to the IPv6 addresses of its pods.",
    todo: "Set IP6 to autodetect (and FELIX_IPV6SUPPORT to true) in the DaemonSet calico-node, or give the nodes' addresses in their resources.",
  },
  "environment-not-honoured": {
    title: "A variable of calico-node that podpath does not follow",
    means:
      "The DaemonSet calico-node gives the variable to its container, where it would decide about packets, or looks as if it did. Here it has no effect: the message says why. Variables that are followed are FELIX_… for the fields of FelixConfiguration, CALICO_IPV4POOL_… and CALICO_IPV6POOL_…, NO_DEFAULT_POOLS, IP, IP6 and their …_AUTODETECTION_METHOD, CALICO_NETWORKING_BACKEND, CALICO_ROUTER_ID and CALICO_ADVERTISE_CLUSTER_IPS; others decide about no packet.",
    todo: "Correct its name, add the ConfigMap that it is taken from, or say the same in a resource.",
  },
  "felix-cannot-program": {
    title: "iptables refuses what Felix writes",
    means:
      "A rule or setting that Calico's API accepts makes Felix write something that iptables does not take. iptables-restore takes all of its input or nothing, so Felix programs no change at all any more: the node keeps the rules that it had. podpath shows the rules that were asked for.",
    todo: "Change the rule or the setting.",
  },
  "felix-mode-not-modelled": {
    title: "Felix runs in a mode whose rules are not modelled",
    means:
      "Only the iptables dataplane is rendered. In eBPF or nftables mode what Felix programs is elsewhere, and answers about packets that it would decide on are uncertain.",
    todo: "Trace with a configuration that uses iptables, or take dumps from the cluster.",
  },
  "felix-setting-refused": {
    title: "A setting of Felix that it does not take",
    means: "The value is none that Felix knows, so its default counts, as Felix would do.",
    todo: "Correct the value in the FelixConfiguration.",
  },
  "policy-reference-missing": {
    title: "A policy resource names something that is not there",
    means: "A tier, node or profile is asked for by name, and no file declares it. What depends on it has no effect.",
    todo: "Add the missing object, or correct the name.",
  },
  "policy-rule-left-out": {
    title: "A rule that Calico leaves out of a policy",
    means:
      "Calico cannot convert this rule of a Kubernetes policy. It drops an allowing rule; of a policy for administrators, a rule that denies or passes denies everything instead. The policy's other rules hold.",
    todo: "Write the rule in a way that Calico supports.",
  },
  "policy-rule-not-enforced": {
    title: "A rule that Calico enforces in part only",
    means:
      "The rule has three or more lists of alternatives (ports that need several matches, several networks of either side). Felix keeps the result of the second list in a bit of the packet's mark that it does not clear, so the lists behind it are not asked once the second has matched. podpath renders what Felix renders.",
    todo: "Split the rule into several with fewer networks or ports each.",
  },
  "policy-without-effect": {
    title: "A policy that decides about no packet",
    means:
      "Staged policies are only observed, and some kinds are known to other releases of Calico than the declared one. No rule is made of it.",
    todo: "Use the kind without Staged, or one that the release knows, if the policy is to hold.",
  },
  "refused-resource": {
    title: "A resource that Calico or the API server would refuse",
    means:
      "A field is wrong in a way that makes the whole object invalid: kubectl or calicoctl would say no, and nothing would be stored. Such an object has no effect, so it was left out as a whole; an earlier object of the same name stays. Wrong types and unknown values in objects of Kubernetes that are right otherwise are told as wrong-field, and the rest of the object counts.",
    todo: "Correct the field: the message says what would be right there.",
  },
} satisfies CodeTable;
