import type { CodeTable } from "./code-page.ts";

/** Files that people write by hand: scenario.yaml, snapshot.yaml. */
export const SCENARIO_CODES = {
  "bad-field": {
    title: "A field of a scenario is wrong",
    means: "The value is of another kind than the field takes. The scenario is not played.",
    todo: "docs/reference/scenario.md lists the fields.",
  },
  "change-not-played": {
    title: "A change that is not played",
    means:
      "This version plays exec, apply, daemon, pod, link, node and loss; manifests and pods only in a cluster of manifests, whose machines stay. What is asked after a change that was not made is not judged.",
    todo: "Say it as commands on the machines, where that is possible.",
  },
  "change-of-nobody": {
    title: "A change on a host that does not exist",
    means: "No host of the network has this name or fits the pattern; nothing was changed.",
    todo: "podpath check lists the hosts of a network.",
  },
  "command-refused": {
    title: "A machine refuses a command of a scenario",
    means:
      "The command is not understood, or the kernel would refuse it. The host stays as it was, and what is asked afterwards is not judged.",
    todo: "Try the command on a real machine; docs/reference/scenario.md lists those that are played.",
  },
  "connection-cleaned": {
    title: "A connection was taken out of a node's table",
    means:
      "A probe goes on with the socket of an earlier one (the same `sport`). In between the pod went that its packets were translated to, and kube-proxy (UDP to a Service that has other endpoints) or Felix (pods of the same node) deleted the connection: the next packet is translated anew.",
    todo: "Nothing: that is how clusters forget.",
  },
  "connection-kept-stale": {
    title: "A connection still leads to a pod that is gone",
    means:
      "A probe goes on with the socket of an earlier one (the same `sport`), and the node translates its packets as before: to a pod that went. Nobody deletes the connection: kube-proxy looks after UDP only, and from v1.32 on only where the Service has other endpoints. The packets are lost until the connection has been silent for its timeout.",
    todo: "Delete the entry (conntrack -D), or let the client use another port.",
  },
  "fix-of-nothing": {
    title: "A fix expects something of a probe that is not there",
    means: "The fix names a probe that the scenario does not have: nobody asks it.",
    todo: "Name one of the scenario's probes.",
  },
  "forgotten-by-reboot": {
    title: "A machine has booted without what was typed before",
    means:
      "Rules, settings and routes that somebody types live in the kernel until the machine stops. It boots with what is saved: here what is declared of it, or what the dumps show.",
    todo: "Put what has to last into nodes.yaml; on a real machine into /etc/iptables, /etc/sysctl.d and the network's own configuration.",
  },
  "network-missing": {
    title: "A scenario without exactly one network",
    means: "A scenario plays in one network, a snapshot or a cluster; this one names none or both.",
    todo: "Write network: {snapshot: ./FOLDER}.",
  },
  "probe-incomplete": {
    title: "A probe of a scenario lacks an end",
    means: "A probe needs from: and to:. It was left out.",
    todo: "Add the endpoint.",
  },
  "probe-twice": {
    title: "Two probes of a scenario share a name",
    means: "Expectations of fixes refer to probes by name. Only the first one counts.",
    todo: "Give each probe its own name.",
  },
  "timeline-not-played": {
    title: "A scenario's network is asked about as it is before its timeline",
    means:
      "Only podpath run and podpath birdc play a timeline. Other commands ask about the network that the scenario starts with.",
    todo: "Nothing if that was meant; to ask about what the changes make of it, add a probe to the scenario and use podpath run.",
  },
  "unknown-key": {
    title: "A key that nobody reads",
    means: "The file has a key that podpath does not know. It has no effect.",
    todo: "Check the spelling; the message names what is similar.",
  },
} as const satisfies CodeTable;
