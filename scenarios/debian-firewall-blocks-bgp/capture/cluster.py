"""The cluster that is captured: kubeadm 1.31.3, Calico v3.29.2, no encapsulation, three nodes, six pods."""

import hashlib
from dataclasses import dataclass, field

POD_CIDR = "192.168.0.0/16"
SERVICE_CIDR = "10.96.0.0/12"
AS_NUMBER = 64512
KUBERNETES_VERSION = "v1.31.3"
CALICO_VERSION = "v3.29.2"
LAN = "172.16.0.0/24"
GATEWAY = "172.16.0.1"
# Some captures have VXLAN, or a second subnet for worker-2.
VXLAN = False
SECOND_LAN = None
SECOND_GATEWAY = None
EXTERNAL_GATEWAY = "203.0.113.1"
EXTERNAL_HOST = "203.0.113.10"


@dataclass
class Pod:
    namespace: str
    name: str
    ip: str
    mac: str
    service_account: str
    labels: dict
    listens: list  # what the pod's process listens on, "tcp:80"
    process: str  # the name of that process
    node: str = ""

    @property
    def id(self):
        return f"{self.namespace}_{self.name}"

    @property
    def endpoint(self):
        return f"pod/{self.namespace}/{self.name}"

    @property
    def interface(self):
        """The host side of the pod's veth pair, named as Calico's CNI plugin names it."""
        return "cali" + hashlib.sha1(f"{self.namespace}.{self.name}".encode()).hexdigest()[:11]


@dataclass
class Node:
    name: str
    ip: str
    mac: str
    block: str  # the /26 of the pool that is affine to this node
    processes: dict  # process name -> what it listens on
    pods: list = field(default_factory=list)
    vtep_mac: str = ""

    @property
    def vtep(self):
        """The address of vxlan.calico: the first of the node's block."""
        return self.block.split("/")[0]

    @property
    def in_second_lan(self):
        return SECOND_LAN is not None and self.ip.rsplit(".", 1)[0] == SECOND_LAN.rsplit(".", 1)[0]

    @property
    def gateway(self):
        return SECOND_GATEWAY if self.in_second_lan else GATEWAY

    @property
    def endpoint(self):
        return f"node/{self.name}"


COREDNS_LABELS = {"k8s-app": "kube-dns", "pod-template-hash": "7c65d6cfc9"}
COREDNS_LISTENS = ["udp:53", "tcp:53", "tcp:9153"]


def _coredns(name, ip, mac):
    return Pod("kube-system", name, ip, mac, "coredns", COREDNS_LABELS, COREDNS_LISTENS, "coredns")


def _web(name, ip, mac):
    return Pod("default", name, ip, mac, "default", {"run": name}, ["tcp:80"], "nginx")


NODES = [
    Node("control-plane", "172.16.0.9", "52:54:00:10:00:09", "192.168.49.64/26",
         {"sshd": ["tcp:22"], "kubelet": ["tcp:10250"], "kube-apiserver": ["tcp:6443"]},
         [_coredns("coredns-7c65d6cfc9-4x2bk", "192.168.49.65", "0a:58:c0:a8:31:41"),
          _coredns("coredns-7c65d6cfc9-m8qz7", "192.168.49.66", "0a:58:c0:a8:31:42")]),
    Node("worker-1", "172.16.0.10", "52:54:00:10:00:10", "192.168.226.64/26",
         {"sshd": ["tcp:22"], "kubelet": ["tcp:10250"]},
         [_web("a", "192.168.226.65", "0a:58:c0:a8:e2:41"), _web("b", "192.168.226.66", "0a:58:c0:a8:e2:42")]),
    Node("worker-2", "172.16.0.11", "52:54:00:10:00:11", "192.168.133.192/26",
         {"sshd": ["tcp:22"], "kubelet": ["tcp:10250"]},
         [_web("c", "192.168.133.193", "0a:58:c0:a8:85:c1"), _web("d", "192.168.133.194", "0a:58:c0:a8:85:c2")]),
]
for _node in NODES:
    _node.vtep_mac = "66:5c:1f:8a:00:" + _node.mac[-2:]
    for _pod in _node.pods:
        _pod.node = _node.name
PODS = [pod for node in NODES for pod in node.pods]
COREDNS = [pod for pod in PODS if pod.labels.get("k8s-app") == "kube-dns"]


@dataclass
class ServicePort:
    name: str
    protocol: str
    port: int
    target_port: int


@dataclass
class Service:
    namespace: str
    name: str
    cluster_ip: str
    ports: list
    endpoint_ips: list


SERVICES = [
    Service("default", "kubernetes", "10.96.0.1", [ServicePort("https", "tcp", 443, 6443)], [NODES[0].ip]),
    Service("kube-system", "kube-dns", "10.96.0.10",
            [ServicePort("dns", "udp", 53, 53), ServicePort("dns-tcp", "tcp", 53, 53),
             ServicePort("metrics", "tcp", 9153, 9153)],
            [pod.ip for pod in COREDNS]),
]

# NetworkPolicy default/allow-apiserver. It says out loud that the pods of `default` may reach the API server and
# DNS, and passes everything else on to the namespace's profile, which allows it: it denies nothing.
POLICY_NAMESPACE = "default"
POLICY_NAME = "default.allow-apiserver"  # 3.29.2 stores and shows the tier in front
POLICY_TIER = "default"
POLICY_DNS_SELECTOR = {
    "namespaceSelector": "projectcalico.org/name == 'kube-system'",
    "selector": "k8s-app == 'kube-dns'",
    # Felix's canonical form of the two together, the name of the ipset follows from it
    "canonical": '(pcns.projectcalico.org/name == "kube-system" && k8s-app == "kube-dns")',
}


def policed(pod):
    return pod.namespace == POLICY_NAMESPACE
