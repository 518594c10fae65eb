import type { CodeTable } from "./code-page.ts";

/** A cluster of manifests and nodes.yaml: what is wrong or missing in it. */
export const CLUSTER_CODES = {
  "conflicting-objects": {
    title: "Objects that cannot be there together",
    means:
      "Two objects want the same address, port or range, or two fields of one contradict each other. The API server would refuse one of them; here both count, and answers about either are doubtful.",
    todo: "Correct one of them.",
  },
  "dangling-reference": {
    title: "An object names another that is not there",
    means: "What it would do with the other object does not happen. The message says which one is missing.",
    todo: "Add the missing object, or correct the name.",
  },
  "health-check-answers": {
    title: "Where a load balancer finds a Service healthy",
    means:
      "With externalTrafficPolicy Local a load balancer asks kube-proxy on every node, at the Service's healthCheckNodePort, whether there is an endpoint. It answers 200 where a ready one is on the node, 503 elsewhere.",
    todo: "Nothing, unless a node that ought to have an endpoint has none.",
  },
  "kinds-not-read": {
    title: "Kinds of objects that are not read",
    means: "podpath knows nothing that they change about a packet's way. They are listed, and have no effect.",
    todo: "Nothing, unless one of them configures the network in a way of its own.",
  },
  "node-cache-corefile-assumed": {
    title: "What NodeLocal DNSCache is told is not among the objects",
    means:
      "Its Corefile comes from a ConfigMap that no file has. It is taken to be the one of the Kubernetes add-on: it answers at its `-localip` and asks its `-upstreamsvc` over TCP for the cluster's names.",
    todo: "Add the ConfigMap.",
  },
  "node-cache-not-running": {
    title: "NodeLocal DNSCache does not answer",
    means:
      "What it is told keeps it from coming up, or from finding the cluster's names; or pods are sent to it where it does not run. The message says why. Queries to its addresses go as its device and rules, or their absence, make them go.",
    todo: "Correct the DaemonSet, its ConfigMap, or clusterDNS of the kubelet.",
  },
  "node-not-declared": {
    title: "A node that nodes.yaml does not describe",
    means:
      "Only Node objects tell of it. It is taken to have one interface, eth0, with the addresses of its object, and a default route via the first address of their subnet.",
    todo: "Add it to nodes.yaml with its interfaces and its gateway.",
  },
  "not-rendered": {
    title: "Sources of manifests, not manifests",
    means:
      "Charts of Helm, templates and kustomizations become objects of the API only when their tool renders them. podpath does not render.",
    todo: "Give what helm template or kubectl kustomize prints.",
  },
  "overlapping-networks": {
    title: "Pods have their addresses where others have theirs",
    means: "A pool overlaps the network of the nodes or of the Services. Packets to one of them go to the other.",
    todo: "Choose networks that do not overlap.",
  },
  "placement-assumed": {
    title: "Pods whose nodes are a guess",
    means:
      "The objects ask for something that podpath's scheduler does not look at: preferences, further constraints, labels of other pods' namespaces. Their pods are placed by the rest: node selectors, required node affinity, taints, requests where allocatable is told, required affinity and anti-affinity to pods, one spread constraint, and the fewest pods.",
    todo: "Give the Pods as kubectl get pods -o yaml prints them, with spec.nodeName.",
  },
  "pool-assumed": {
    title: "Nothing says where pods have their addresses from",
    means:
      "There is no IPPool, and no Installation that asks for one. The pool that calico/node makes by itself is assumed: kubeadm's podSubnet, else 192.168.0.0/16, with IPIP and natOutgoing.",
    todo: "Add the IPPool, or the operator's Installation with calicoNetwork.ipPools.",
  },
  "pool-outside-pod-subnet": {
    title: "A pool outside the cluster's pod network",
    means:
      "kubeadm's podSubnet, which kube-proxy takes for the network of all pods, does not hold the pool. To kube-proxy its pods are strangers: what they send to Services is masqueraded.",
    todo: "Make podSubnet hold all pools, or correct the pool's CIDR.",
  },
  "service-outside-range": {
    title: "A Service outside of the API server's ranges",
    means:
      "Its cluster IP is in none of the Services' networks, or its node port outside of the range for node ports. The API server would refuse it; one that was stored while the ranges were others stays. Here it counts as it is written.",
    todo: "Leave the field out, so that one of the range is given, or say which ranges the API server has: networking.serviceSubnet, and service-node-port-range of apiServer.extraArgs, in kubeadm's ClusterConfiguration.",
  },
  "sysctl-overwritten": {
    title: "A sysctl of nodes.yaml that does not last",
    means:
      "The machine is declared with forwarding off, and Felix writes net.ipv4.ip_forward=1 when it starts. Answers are those of the machine with Felix running.",
    todo: "For an incident of forwarding that was turned off later, let a scenario run sysctl -w on the node; for a Felix that leaves it alone, set FelixConfiguration's spec.ipForwarding to Disabled.",
  },
  "topology-hints-unknown": {
    title: "A Service whose endpoints are given to zones nobody knows how",
    means:
      "It has topology-mode Auto, and its EndpointSlices are not among the objects. Their controller gives endpoints to zones in proportion to the processors of the nodes; here every node uses all endpoints.",
    todo: "Add the EndpointSlices: kubectl get endpointslices -A -o yaml.",
  },
  "unknown-field": {
    title: "A field that the API does not know",
    means:
      "No release that is known has a field of that name there. kubectl apply and calicoctl refuse the object; applied otherwise, the field is dropped. Here it is dropped.",
    todo: "Correct the spelling or the indentation; the message names the field that is most like it.",
  },
  "unschedulable-pod": {
    title: "A pod that no node may run",
    means:
      "Its nodeSelector, its affinity, the nodes' taints or what is left of their allocatable leave no node. It stays Pending and has no address.",
    todo: "Compare the labels, taints and allocatable of the nodes with what the pod asks for.",
  },
  "versions-assumed": {
    title: "Nothing says which versions run",
    means: "Calico and kube-proxy write different rules in different versions. Those named in the message are assumed.",
    todo: "Add versions: {calico: …, kubernetes: …} to nodes.yaml.",
  },
} satisfies CodeTable;
