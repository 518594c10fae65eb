"""The machines of the cluster as network namespaces: build, run programs in them, remove."""

import ctypes
import os
import signal
import subprocess
import sys

import cluster
import felix
import kube_proxy

PREFIX = "pp-bgp-"
HERE = os.path.dirname(os.path.abspath(__file__))
_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def run(command, stdin=None):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr or done.stdout}")
    return done.stdout


class Namespace:
    def __init__(self, name):
        self.name = PREFIX + name
        self.processes = []

    @property
    def path(self):
        return "/run/netns/" + self.name

    def create(self):
        if os.path.exists(self.path):
            raise SystemExit(f"network namespace {self.name} exists already: another capture is running, "
                             "or one was killed (then: capture.sh clean)")
        run(["ip", "netns", "add", self.name])
        self.created = True
        self.sysctl({"net.ipv6.conf.all.disable_ipv6": 1, "net.ipv6.conf.default.disable_ipv6": 1})
        self.ip("link set lo up")

    def command(self, command):
        return ["nsenter", f"--net={self.path}", "--", *command]

    def run(self, *command, stdin=None):
        return run(self.command(list(command)), stdin)

    def ip(self, *lines):
        run(["ip", "-n", self.name, "-batch", "-"], "\n".join(lines) + "\n")

    def sysctl(self, values):
        # written with `/` so that interface names may hold dots
        script = "".join(f"echo {value} > /proc/sys/{key.replace('.', '/')}\n" for key, value in values.items())
        self.run("sh", "-e", stdin=script)

    def start(self, command, log=os.devnull):
        with open(log, "w") as output:
            process = subprocess.Popen(self.command(command), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       start_new_session=True)
        self.processes.append(process)
        return process

    def serve(self, name, listens):
        return self.start([sys.executable, os.path.join(HERE, "server.py"), name, *listens])

    def enter(self):
        """Moves the calling thread (and what it starts) into this namespace."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            if _libc.setns(descriptor, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns " + self.path)
        finally:
            os.close(descriptor)

    def remove(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
        self.processes = []
        if getattr(self, "created", False) and os.path.exists(self.path):
            subprocess.run(["ip", "netns", "delete", self.name])
            self.created = False


class Machines:
    def __init__(self):
        self.lan = Namespace("lan")
        self.gw = Namespace("gw")
        self.internet = Namespace("internet")
        self.nodes = {node.name: Namespace(node.name) for node in cluster.NODES}
        self.pods = {pod.id: Namespace(f"{pod.namespace}-{pod.name}") for pod in cluster.PODS}

    def all(self):
        return [*self.pods.values(), *self.nodes.values(), self.internet, self.gw, self.lan]

    def source(self, host):
        """The namespace of a Node, a Pod, or "gw"/"internet"."""
        if isinstance(host, cluster.Node):
            return self.nodes[host.name]
        return self.pods[host.id] if isinstance(host, cluster.Pod) else getattr(self, host)

    def build(self, hardened_rules=None):
        for namespace in self.all():
            namespace.create()
        self._build_fabric()
        for node in cluster.NODES:
            self._build_node(node, hardened_rules)
            for pod in node.pods:
                self._build_pod(node, pod)
            for process, listens in node.processes.items():
                self.nodes[node.name].serve(process, listens)
            for pod in node.pods:
                self.pods[pod.id].serve(pod.process, pod.listens)
        self.internet.serve("nginx", ["tcp:80"])

    def _build_fabric(self):
        self.lan.ip("link add name br0 type bridge stp_state 0 forward_delay 0", "link set br0 up")
        self.gw.sysctl({"net.ipv4.ip_forward": 1})
        self._cable("gw", "eth0", self.gw, "52:54:00:10:00:01", f"{cluster.GATEWAY}/24")
        self.gw.ip(f"link add eth1 address 52:54:00:20:00:01 type veth "
                   f"peer name eth0 netns {self.internet.name} address 52:54:00:20:00:10",
                   f"address add {cluster.EXTERNAL_GATEWAY}/24 dev eth1", "link set eth1 up")
        self.internet.ip(f"address add {cluster.EXTERNAL_HOST}/24 dev eth0", "link set eth0 up",
                         f"route add {cluster.LAN} via {cluster.EXTERNAL_GATEWAY}")

    def _cable(self, port, interface, namespace, mac, address):
        """Plugs a machine into the switch."""
        namespace.ip(f"link add {interface} address {mac} type veth peer name {port} netns {self.lan.name}",
                     f"address add {address} brd + dev {interface}", f"link set {interface} up")
        self.lan.ip(f"link set {port} master br0 up")

    def _build_node(self, node, hardened_rules):
        namespace = self.nodes[node.name]
        namespace.sysctl({"net.ipv4.ip_forward": 1, "net.ipv4.conf.all.rp_filter": 1,
                          "net.ipv4.conf.default.rp_filter": 1})
        self._cable(node.name, "eth0", namespace, node.mac, f"{node.ip}/24")
        namespace.ip(f"route add default via {cluster.GATEWAY} dev eth0")
        # The order of a booting node: the host's own firewall, kube-proxy, Felix.
        if hardened_rules:
            namespace.run("iptables-nft-restore", "--noflush", stdin=hardened_rules)
        namespace.run("iptables-nft-restore", "--noflush", stdin=kube_proxy.iptables_restore())
        namespace.run("ip6tables-nft-restore", "--noflush", stdin=kube_proxy.iptables_restore(6))
        namespace.run("ipset", "restore", stdin=felix.ipset_restore(node))
        namespace.run("iptables-nft-restore", "--noflush", stdin=felix.iptables_restore(node))

    def _build_pod(self, node, pod):
        host, namespace, veth = self.nodes[node.name], self.pods[pod.id], pod.interface
        namespace.ip(f"link add eth0 address {pod.mac} type veth "
                     f"peer name {veth} netns {host.name} address ee:ee:ee:ee:ee:ee")
        host.sysctl({f"net.ipv4.conf.{veth}.rp_filter": 1, f"net.ipv4.conf.{veth}.route_localnet": 1,
                     f"net.ipv4.conf.{veth}.proxy_arp": 1, f"net.ipv4.neigh.{veth}.proxy_delay": 0,
                     f"net.ipv4.conf.{veth}.forwarding": 1})
        host.ip(f"link set {veth} up")
        namespace.ip(f"address add {pod.ip}/32 dev eth0", "link set eth0 up",
                     "route add 169.254.1.1 dev eth0 scope link", "route add default via 169.254.1.1 dev eth0")
        host.ip(f"route add {pod.ip} dev {veth} scope link")

    def remove(self):
        for namespace in self.all():
            namespace.remove()

    def clean(self):
        """Removes what a killed capture left behind: namespaces of our names, and nothing else."""
        for namespace in self.all():
            if os.path.exists(namespace.path):
                pids = subprocess.run(["ip", "netns", "pids", namespace.name], capture_output=True, text=True)
                for pid in pids.stdout.split():
                    os.kill(int(pid), signal.SIGKILL)
                subprocess.run(["ip", "netns", "delete", namespace.name])
