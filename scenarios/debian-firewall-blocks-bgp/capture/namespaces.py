"""The machines of the cluster as namespaces: build, run programs in them, remove."""

import ctypes
import os
import signal
import subprocess
import sys
import time
import uuid

import cluster
import felix
import kube_proxy

# Every capture has names of its own, so that several run at once; so has every test of them, whatever a killed one left behind.
FAMILY = "pp-bgp-"
PREFIX = FAMILY + os.environ.get("PODPATH_CAPTURE_PREFIX", "")
HERE = os.path.dirname(os.path.abspath(__file__))
_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def run(command, stdin=None):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr or done.stdout}")
    return done.stdout


class Namespace:
    """A network namespace."""

    def __init__(self, name, capture):
        self.name = f"{PREFIX}{capture}-{name}"
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
        self.init = None
        if getattr(self, "created", False) and os.path.exists(self.path):
            subprocess.run(["ip", "netns", "delete", self.name])
            self.created = False


class Machine(Namespace):
    """A network namespace with processes, mounts and a host name of its own, as a node has them."""

    init = None

    def boot(self, name):
        """Starts process 1 of the machine: /run and /var/log are its own, /proc shows its processes only."""
        script = ("hostname " + name + "; mount -t tmpfs none /run; mount -t tmpfs none /var/log;"
                  " mkdir -p /run/netns /run/calico /var/log/pods; touch /run/ready; exec sleep infinity")
        process = self.start(["unshare", "--mount", "--propagation", "private", "--uts", "--pid", "--fork",
                              "--kill-child", "--mount-proc", "--", "sh", "-c", script])
        for _ in range(200):
            children = open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()
            if children and os.path.exists(f"/proc/{children[0]}/root/run/ready"):
                self.init = children[0]
                return
            time.sleep(0.05)
        raise SystemExit(f"{self.name} did not start")

    def inside(self, command, network=None):
        """The command as a process of this machine, in its own network namespace or another's."""
        spaces = [f"--{word}=/proc/{self.init}/ns/{kind}"
                  for word, kind in (("mount", "mnt"), ("uts", "uts"), ("pid", "pid"))]
        return ["nsenter", *spaces, f"--net={(network or self).path}", "--", *command]

    def command(self, command):
        return super().command(command) if self.init is None else self.inside(command)

    def host_pod(self, pod, namespace):
        """Makes a pod known as a container runtime and the kubelet do, and starts its process."""
        uid = uuid.uuid5(uuid.NAMESPACE_DNS, pod.id)
        name = f"/run/netns/cni-{uid}"
        logs = f"/var/log/pods/{pod.namespace}_{pod.name}_{uid}"
        run(self.inside(["sh", "-c", f"mkdir {logs}; touch {name}; mount --bind /proc/self/ns/net {name}"], namespace))
        server = [sys.executable, os.path.join(HERE, "server.py"), pod.process, *pod.listens]
        self.processes.append(subprocess.Popen(
            self.inside(["unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', pod.name, *server], namespace),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))


class Machines:
    def __init__(self, capture):
        self.lan = Namespace("lan", capture)
        self.gw = Namespace("gw", capture)
        self.internet = Namespace("internet", capture)
        self.nodes = {node.name: Machine(node.name, capture) for node in cluster.NODES}
        self.pods = {pod.id: Namespace(f"{pod.namespace}-{pod.name}", capture) for pod in cluster.PODS}

    def all(self):
        return [*self.pods.values(), *self.nodes.values(), self.internet, self.gw, self.lan]

    def source(self, host):
        """The namespace of a Node, a Pod, or "gw"/"internet"."""
        if isinstance(host, cluster.Node):
            return self.nodes[host.name]
        return self.pods[host.id] if isinstance(host, cluster.Pod) else getattr(self, host)

    def build(self, host_rules):
        """Builds everything; `host_rules` are those of a node's own firewall, loaded at boot: node -> iptables-restore."""
        for namespace in self.all():
            namespace.create()
        self._build_fabric()
        for node in cluster.NODES:
            self.nodes[node.name].boot(node.name)
            self._build_node(node, host_rules.get(node.name))
            for pod in node.pods:
                self._build_pod(node, pod)
            for process, listens in node.processes.items():
                self.nodes[node.name].serve(process, listens)
            for pod in node.pods:
                self.nodes[node.name].host_pod(pod, self.pods[pod.id])
        if cluster.VXLAN:
            for node in cluster.NODES:
                self._build_tunnel(node)
        self.internet.serve("nginx", ["tcp:80"])

    def _build_fabric(self):
        for bridge in ["br0", "br1"] if cluster.SECOND_LAN else ["br0"]:
            self.lan.ip(f"link add name {bridge} type bridge stp_state 0 forward_delay 0", f"link set {bridge} up")
        self.gw.sysctl({"net.ipv4.ip_forward": 1})
        self._cable("gw", "eth0", self.gw, "52:54:00:10:00:01", f"{cluster.GATEWAY}/24")
        self.gw.ip(f"link add eth1 address 52:54:00:20:00:01 type veth "
                   f"peer name eth0 netns {self.internet.name} address 52:54:00:20:00:10",
                   f"address add {cluster.EXTERNAL_GATEWAY}/24 dev eth1", "link set eth1 up")
        if cluster.SECOND_LAN:
            self._cable("gw-2", "eth2", self.gw, "52:54:00:11:00:01", f"{cluster.SECOND_GATEWAY}/24", "br1")
        self.internet.ip(f"address add {cluster.EXTERNAL_HOST}/24 dev eth0", "link set eth0 up",
                         f"route add {cluster.LAN} via {cluster.EXTERNAL_GATEWAY}",
                         *([f"route add {cluster.SECOND_LAN} via {cluster.EXTERNAL_GATEWAY}"]
                           if cluster.SECOND_LAN else []))

    def _cable(self, port, interface, namespace, mac, address, bridge="br0"):
        """Plugs a machine into the switch."""
        namespace.ip(f"link add {interface} address {mac} type veth peer name {port} netns {self.lan.name}",
                     f"address add {address} brd + dev {interface}", f"link set {interface} up")
        self.lan.ip(f"link set {port} master {bridge} up")

    def _build_node(self, node, host_rules):
        namespace = self.nodes[node.name]
        namespace.sysctl({"net.ipv4.ip_forward": 1, "net.ipv4.conf.all.rp_filter": 1,
                          "net.ipv4.conf.default.rp_filter": 1})
        self._cable(node.name, "eth0", namespace, node.mac, f"{node.ip}/24", "br1" if node.in_second_lan else "br0")
        namespace.ip(f"route add default via {node.gateway} dev eth0")
        # The order of a booting node: the host's own firewall, kube-proxy, Felix.
        if host_rules:
            namespace.run("iptables-nft-restore", "--noflush", stdin=host_rules)
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
        if cluster.VXLAN:
            namespace.ip("link set eth0 mtu 1450")
            host.ip(f"link set {veth} mtu 1450")
        namespace.ip(f"address add {pod.ip}/32 dev eth0", "link set eth0 up",
                     "route add 169.254.1.1 dev eth0 scope link", "route add default via 169.254.1.1 dev eth0")
        host.ip(f"route add {pod.ip} dev {veth} scope link")

    def _build_tunnel(self, node):
        """vxlan.calico with the routes, neighbours and forwarding entries that Felix keeps (dataplane/linux/vxlan_mgr.go)."""
        namespace = self.nodes[node.name]
        namespace.ip(f"link add vxlan.calico address {node.vtep_mac} mtu 1450 type vxlan id 4096 local {node.ip} dev eth0 "
                     "dstport 4789 nolearning", f"address add {node.vtep}/32 dev vxlan.calico",
                     "link set vxlan.calico up")
        lines = [f"route add blackhole {node.block} proto 80"]
        for peer in cluster.NODES:
            if peer is not node:
                lines += [f"neigh replace {peer.vtep} lladdr {peer.vtep_mac} nud permanent dev vxlan.calico",
                          f"route add {peer.block} via {peer.vtep} dev vxlan.calico onlink proto 80"]
                namespace.run("bridge", "fdb", "append", peer.vtep_mac, "dev", "vxlan.calico", "dst", peer.ip, "self",
                              "permanent")
        namespace.ip(*lines)

    def remove(self):
        for namespace in self.all():
            namespace.remove()


def clean():
    """Removes what killed captures left behind: namespaces of our names, and nothing else."""
    for name in os.listdir("/run/netns"):
        if name.startswith(FAMILY):
            pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
            for pid in pids.stdout.split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            subprocess.run(["ip", "netns", "delete", name])
