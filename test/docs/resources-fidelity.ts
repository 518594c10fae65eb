/** How far a feature of declared resources is held against somebody else's word. */
export type ResourceStanding =
  | {
      /** Who judges it. */
      readonly judge: string;
      /** Tests below `test/`, without `.test.ts`. */
      readonly tests: readonly string[];
    }
  | { readonly reading: string }
  | { readonly answer: string };

const kernel = "a real kernel that loads the rendered rules, saves them the same and lets the same packets through";
const evaluator = "an evaluator that reads the resources and knows nothing of chains, and a real kernel";
const vectors = "upstream's files and the vectors of rules and names";
const POLICY = ["calico/policy/rendered-policy", "kernel/facts/felix-rules", "kernel/felix-rules"];

/** What manifests become: rows of docs/fidelity.md. */
export const RESOURCES_FIDELITY: Readonly<Record<string, ResourceStanding>> = {
  "policies: NetworkPolicy of Kubernetes and of Calico, GlobalNetworkPolicy, tiers, Pass, Log": {
    judge: evaluator,
    tests: POLICY,
  },
  "policies: AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy": { judge: evaluator, tests: POLICY },
  "policies: NetworkSets, service accounts, named ports, ICMP, services, both families": {
    judge: evaluator,
    tests: POLICY,
  },
  "policies: host endpoints, applyOnForward, preDNAT, doNotTrack, failsafes": { judge: evaluator, tests: POLICY },
  "policies: staged kinds decide nothing": { judge: evaluator, tests: POLICY },
  "policies: endpoints of Services, both families, session affinity": {
    judge: "the same evaluator for each endpoint",
    tests: ["calico/policy/service-policy"],
  },
  "policies: conversion of NetworkPolicy": {
    judge: "calicoctl's golden files",
    tests: ["calico/conversion/kubernetes-network-policy"],
  },
  "policies: the third list of alternatives of a rule is not asked": {
    reading: "felix/rules/policy_test.go expects it; rendered as upstream does, and told",
  },
  "Felix: static chains, hashes, marks, names of chains and sets": {
    judge: vectors,
    tests: ["calico/felix/static-tables", "calico/felix/names", "calico/felix/rule-digest"],
  },
  "Felix: a whole node's rules and sets": {
    judge: `${kernel}; the captured clusters`,
    tests: ["kernel/felix-rules", "calico/felix/captured", "calico/felix/example-dumps"],
  },
  "Felix: limits of packets, bursts and connections, rules for flow logs": {
    judge: `${kernel}; that Felix writes them so is from reading`,
    tests: ["calico/felix/flow-logs-and-limits", "kernel/felix-rules"],
  },
  "Felix: DSCP, templates of automatic host endpoints, contained networks": {
    reading: "felix/dataplane/linux and kube-controllers, read",
  },
  "Felix: devices, routes, neighbours, sysctls of a node": {
    judge: "a real kernel with the rendered configuration; the captured clusters",
    tests: ["kernel/node-wiring", "calico/wiring/captured", "calico/wiring/node-wiring"],
  },
  "Felix: WireGuard's device, table and rule": {
    reading:
      "felix/wireguard and felix/dataplane/linux/wireguard_mgr.go, read; the kernel at hand has no such module, and answers say so",
  },
  "Felix: eBPF, nftables, kube-ipvs": { answer: "every packet through, in or out of the node has an uncertain fate" },
  "Felix: marks of connections within an Istio mesh": {
    reading:
      "felix/rules/static.go and felix/calc/istio_calculator.go, read; what ztunnel redirects inside of pods is not modelled, and told",
  },
  "IPAM: blocks, affinity, borrowing, reservations, tunnels": {
    judge: "properties, Go's random sequence, and blocks of captured clusters",
    tests: ["calico/ipam/properties", "calico/ipam/go-random", "calico/ipam/assign-addresses"],
  },
  "confd: bird.cfg of both layouts": {
    judge: "upstream's golden files",
    tests: ["calico/bird/rendered", "calico/bird/upstream-expectations"],
  },
  "BGP: routes that are taken for granted, with reflectors and BGPFilters": {
    judge: "the emulated BIRDs, which are held against real ones",
    tests: ["analysis/assumed-routes"],
  },
  "kube-proxy: rules of mode iptables": {
    judge: "upstream's expected rules, the captured clusters and a real kernel",
    tests: ["kubernetes/kube-proxy/service-rules", "kubernetes/kube-proxy/captured", "kernel/kube-proxy-rules"],
  },
  "kube-proxy: which endpoint a packet comes to": {
    judge: "an evaluator that reads Services and EndpointSlices, and a real kernel",
    tests: ["kubernetes/kube-proxy/rendered-services", "kernel/facts/kube-proxy"],
  },
  "kube-proxy: hints of trafficDistribution, for zones and nodes": {
    reading: "staging/src/k8s.io/endpointslice/trafficdist and pkg/proxy/topology.go, read",
  },
  "kube-proxy: hints of topology-mode Auto": {
    answer: "EndpointSlices that are given count with their hints; those that podpath makes have none, and it is told",
  },
  "kube-proxy: cleaning of connections when endpoints go": {
    answer: "connections that are tracked when manifests change stay tracked",
  },
  "kube-proxy: modes ipvs and nftables": { answer: "every packet to a Service has an uncertain fate" },
  "the scheduler": {
    reading:
      "kube-scheduler's filters of labels, taints, room and affinity to pods, read; its scores are not there, and guesses are told",
  },
  "schemas of Calico's kinds and policies": {
    judge: "upstream's CRDs, and ajv on random objects",
    tests: ["calico/schema/upstream-schemas"],
  },
  "schemas of Kubernetes' kinds": {
    judge: "the types that were made of its OpenAPI document",
    tests: ["kubernetes/schema/kubernetes-shapes"],
  },
  "schemas of Installation, WorkloadEndpoint, Profile, Calico's Node, kubeadm and kube-proxy": {
    reading: "upstream's Go types, read; no CRD is at hand",
  },
};

/** The standing in words. */
export function resourceText(standing: ResourceStanding): string {
  if ("reading" in standing) return `by reading: ${standing.reading}`;
  if ("answer" in standing) return `not modelled: ${standing.answer}`;
  return `held against ${standing.judge} (${standing.tests.map((name) => `test/${name}`).join(", ")})`;
}
