import type { CodeTable } from "./code-page.ts";

/** Kubernetes and Calico objects, and what they and the dumps of machines say of each other. */
export const SNAPSHOT_CODES = {
  "address-disagreement": {
    title: "A pod has different addresses by its Pod and by its WorkloadEndpoint",
    means: "The Pod counts. One of the two objects is older than the other.",
    todo: "Collect both again; if they still differ, restart the pod.",
  },
  "duplicate-address": {
    title: "Two machines have one address",
    means: "Which one answers on the network depends on timing. The message says what podpath does.",
    todo: "Remove the address from one of them; or, if they are on separate networks, say so in fabric.segments of snapshot.yaml.",
  },
  "nameless-resource": {
    title: "An object without a name",
    means: "The object was left out.",
    todo: "Collect it with kubectl get -o yaml.",
  },
  "nested-lists": {
    title: "Lists of objects nested too deep",
    means: "The inner lists were not read.",
    todo: "Collect the objects with kubectl get -o yaml.",
  },
  "node-address-missing": {
    title: "A node's address is on none of its interfaces",
    means:
      "The object of the node names an address that its dump does not have: a floating address, or a dump of another time or machine.",
    todo: "Compare kubectl get node -o wide with ip addr on the node.",
  },
  "node-disagreement": {
    title: "A pod is on different nodes by its Pod and by its WorkloadEndpoint",
    means: "The Pod counts. One of the two objects is older than the other.",
    todo: "Collect both again.",
  },
  "not-a-resource": {
    title: "A document that is no API object",
    means: "It lacks apiVersion or kind. It was left out.",
    todo: "Give the output of kubectl or calicoctl with -o yaml or -o json.",
  },
  "pod-address-missing": {
    title: "A pod's address is not in its namespace",
    means: "The Pod has an address that the dump of its network namespace does not have.",
    todo: "Collect both again; if they still differ, the container was started anew under the same name.",
  },
  "pod-elsewhere": {
    title: "A pod's namespace was dumped on another node than it runs on",
    means: "The dump counts. The pod moved between the two.",
    todo: "Collect both again at one time.",
  },
  "pod-without-address": {
    title: "A pod has no address",
    means: "It has ended, is on no node, or the network plugin gave it none. Probes cannot use it.",
    todo: "If it should run: kubectl describe pod tells why not.",
  },
  "resource-twice": {
    title: "An object occurs twice and differs",
    means: "The first one counts.",
    todo: "Remove the older one.",
  },
  "unlinked-interface": {
    title: "Nothing is known on the other side of an interface",
    means: "Packets that leave by it leave the model.",
    todo: "Dump the machine behind it, or say in fabric.segments of snapshot.yaml what it is joined to.",
  },
  "veth-disagreement": {
    title: "It is in doubt which interface of the node leads to a pod",
    means:
      "The WorkloadEndpoint, the routes and the interface numbers do not name one interface. The message says which counts.",
    todo: "Collect the dumps of node and pod at one time.",
  },
  "veth-missing": {
    title: "A pod's interface on the node is not there",
    means: "The interface that should lead to the pod is not in the node's dump, so no packet reaches the pod.",
    todo: "Check that the pod still runs there; delete it, so that the network plugin wires it anew.",
  },
  "veth-shared": {
    title: "One interface would lead to two pods",
    means: "It leads to the first of them.",
    todo: "One of the two has ended: collect the objects again.",
  },
  "wireguard-device-missing": {
    title: "wg show tells of a device that the machine does not have",
    means: "Its peers decide about no packet.",
    todo: "Collect ip -d -s addr and wg show at one time.",
  },
  "wrong-field": {
    title: "A field that is not what its API promises",
    means: "The value is of another kind. The field was left out; the rest of the object counts.",
    todo: "Correct the field, or collect the object again.",
  },
  "yaml-syntax": {
    title: "Text that cannot be read as YAML or JSON",
    means: "The document was left out; other documents of the file were read where possible.",
    todo: "Correct the line, or collect the file again.",
  },
  "not-read": {
    title: "Files that nothing is read from",
    means:
      "Logs, descriptions of pods, certificates and eBPF maps of a diagnostics bundle say nothing that podpath uses.",
    todo: "Nothing.",
  },
  "host-unknown": {
    title: "A dump of which nothing says the machine",
    means:
      "The content was recognised, and neither a prompt, a name, a folder nor an address in it tells whose it is. It was left out.",
    todo: "Say it: --host '<file>=<machine>'.",
  },
  "one-machine-assumed": {
    title: "Dumps that are taken for one machine's",
    means:
      "Nothing says which machine the dumps are from, and no two of them are of one kind. They are read as those of one machine.",
    todo: "If they are from several: --host '<file>=<machine>'.",
  },
  "interfaces-from-routes": {
    title: "Interfaces that only routes tell of",
    means:
      "`ip -4 addr`, as calicoctl node diags collects it, leaves out interfaces without IPv4 addresses, such as those of pods. Where a route names one it is taken to exist, to be up and to have an MTU of 1500.",
    todo: "Collect ip -d -s addr on the machine.",
  },
  "nodes-without-dumps": {
    title: "Nodes of the cluster that were not dumped",
    means:
      "The objects name nodes of which there are no dumps. calicoctl cluster diags collects from five nodes unless it is told otherwise. A packet that reaches one of the others leaves what is known.",
    todo: "Collect from the nodes that the question crosses.",
  },
} as const satisfies CodeTable;
