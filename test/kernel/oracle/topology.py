"""From a build request to namespaces, devices, addresses, routes and rules."""

import fcntl
import os
import re
import shlex
import socket
import struct
import time

from inject import Injector
from namespaces import Namespace, OracleError, finish, sysctl_interface
from netlink import Netfilter, Router
from nft import load_nft
from observe_hops import DeliveryObserver, HopObserver
from observe_legacy_trace import LegacyTraceObserver
from observe_nftrace import NftTraceObserver
from packets import mac_text, vxlan_ports
from rulesets import Refused, Rulesets

LINKED_KINDS = ("veth", "dummy")
KINDS = (*LINKED_KINDS, "bridge", "vxlan", "vlan", "loopback")
# ff00::/8 as /proc/net/ipv6_route has it.
ALL_MULTICAST = "ff" + 30 * "0"
# A second is what the kernel takes at most.
ORDERING_ATTEMPTS = 12
ORDERING_PAUSE_S = 0.1
SIOCGIFFLAGS = 0x8913
IFF_UP, IFF_RUNNING = 0x1, 0x40
VERBS = ("add", "append", "replace", "prepend", "change", "del", "delete")
QUIET_IPV6 = {
    "net.ipv6.conf.{0}.accept_dad": 0, "net.ipv6.conf.{0}.dad_transmits": 0, "net.ipv6.conf.{0}.accept_ra": 0,
    "net.ipv6.conf.{0}.router_solicitations": 0, "net.ipv6.conf.{0}.autoconf": 0,
    # Of the two multicast listener reports about a group the second comes a day later.
    "net.ipv6.conf.{0}.mldv1_unsolicited_report_interval": 86400000,
    "net.ipv6.conf.{0}.mldv2_unsolicited_report_interval": 86400000,
}
# Priority -500 is before every table of iptables. The same bit of the packet drives the legacy
# TRACE, and a table of its own moves no rule number and needs no conntrack. The first multicast listener reports
# leave whenever a kernel thread finds the time, in the middle of a probe: no rule is to count them.
TRACE_TABLE = """
table inet oracle-trace {
  chain prerouting { type filter hook prerouting priority -500; meta nftrace set 1; }
  chain output {
    type filter hook output priority -500;
    icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } drop;
    meta nftrace set 1;
  }
}
"""
# What a program sent has a socket with an owner; what the kernel answers by itself has not.
MUTE_TABLE = """
table inet oracle-mute {
  chain output { type filter hook output priority 300; meta skuid 0-4294967294 accept; drop; }
}
"""


class Interface:
    def __init__(self, host, index, spec):
        self.host, self.index, self.spec = host, index, spec
        self.name = spec["name"]
        self.kind = spec.get("kind", "loopback" if self.name == "lo" else "veth")
        if self.kind not in KINDS:
            raise OracleError(f"{host.name}:{self.name}: unknown kind {self.kind}")
        self.mac = spec.get("mac") or f"02:00:{host.number >> 8:02x}:{host.number & 255:02x}:00:{index & 255:02x}"
        # (namespace, device, MAC) of the other end of the veth, where frames for us are put in.
        self.peer = None
        # The interfaces of other hosts that see what leaves here; empty at the edge of the model.
        self.neighbours = []

    def addresses(self):
        return [text.split()[0].split("/")[0] for text in self.spec.get("addresses", ())]


IP_PKTINFO = 8
IPV6_RECVPKTINFO, IPV6_PKTINFO, IPV6_FREEBIND = 49, 50, 78
CONTROL_ROOM = 256
MOST_DATAGRAMS = 64
# What comes from there is answered over IPv4, for which no address of IPv6 can be told.
MAPPED = "::ffff:"


def _listener(namespace, text, ipv6):
    """A listening socket as `listen` of a host describes it."""
    proto, _, place = text.partition("/")
    place, _, device = place.partition("%")
    address, _, port = place.rpartition(":")
    kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[proto]
    six = address.startswith("[") or (not address and ipv6)
    opened = namespace.socket(socket.AF_INET6 if six else socket.AF_INET, kind | socket.SOCK_NONBLOCK, 0)
    if address.startswith("["):
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if device:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    if kind == socket.SOCK_DGRAM:
        option = (socket.IPPROTO_IPV6, IPV6_RECVPKTINFO) if six else (socket.IPPROTO_IP, IP_PKTINFO)
        opened.setsockopt(*option, 1)
        if six:
            # It answers from what only a local route makes an address of the host, too, as programs of IPv4 do unasked.
            opened.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    opened.bind((address.strip("[]"), int(port)))
    if kind == socket.SOCK_STREAM:
        opened.listen(64)
    return opened


def _anywhere(kind, value, address):
    """`struct in_pktinfo`, `in6_pktinfo` without the number of a device."""
    if kind == IP_PKTINFO:
        return bytes(4) + value[8:12] + bytes(4)
    return value if address[0].startswith("fe80:") else value[:16] + bytes(4)


class Host:
    def __init__(self, name, number, namespace, spec):
        self.name, self.number, self.namespace, self.spec = name, number, namespace, spec
        self.interfaces = {}
        self.muted = False
        self.listeners = []
        self.ipv6 = False
        for position, interface in enumerate(spec.get("interfaces", ())):
            if interface["name"] in self.interfaces:
                raise OracleError(f"{name}: interface {interface['name']} twice")
            self.interfaces[interface["name"]] = Interface(self, position + 2, interface)

    def open(self, ipv6):
        self.netfilter = Netfilter(self.namespace)
        self.router = Router(self.namespace)
        self.hops = HopObserver(self.name, self.namespace)
        self.deliveries = DeliveryObserver(self.name, self.namespace, ipv6)
        self.legacy_trace = LegacyTraceObserver(self.name, self.namespace)
        self.nft_trace = NftTraceObserver(self.name, self.namespace)
        self.observers = [self.hops, self.deliveries, self.legacy_trace, self.nft_trace]
        self.rulesets = Rulesets(self.name, self.namespace, self.legacy_trace, self.nft_trace)
        self.injector = Injector(self)

    def listen(self):
        """Opens the listening sockets anew, so that none remembers whom it has sent a SYN-ACK."""
        for opened in self.listeners:
            opened.close()
        self.listeners = [_listener(self.namespace, text, self.ipv6) for text in self.spec.get("listen", ())]

    def answer(self, insists):
        """Programs that send back what comes to a UDP socket, from where it was sent to. Whether one did."""
        busy = False
        for opened in self.listeners:
            if opened.type != socket.SOCK_DGRAM:
                continue
            # Copies that TEE sends to its own host come to one socket together. All are read before any is answered: an answer may come back.
            waiting = []
            try:
                while len(waiting) < MOST_DATAGRAMS:
                    waiting.append(opened.recvmsg(65535, CONTROL_ROOM))
            except BlockingIOError:
                pass
            for data, control, _, address in waiting:
                # The device that it came in by says nothing about the way back, but for a link-local address.
                source = [(level, kind, _anywhere(kind, value, address)) for level, kind, value in control if kind in (IP_PKTINFO, IPV6_PKTINFO)]
                if address[0].startswith(MAPPED) and not insists:
                    source = []
                busy = True
                try:
                    opened.sendmsg([data], source, 0, address)
                except OSError:
                    # No route, or a rule of OUTPUT.
                    continue
        return busy

    def forget_datagrams(self):
        for opened in self.listeners:
            if opened.type != socket.SOCK_DGRAM:
                continue
            try:
                while True:
                    opened.recv(65535)
            except BlockingIOError:
                continue

    def close(self):
        for opened in self.listeners:
            opened.close()
        if hasattr(self, "injector"):
            self.injector.close()
            self.netfilter.close()
            self.router.close()
            for observer in self.observers:
                for opened in observer.sockets:
                    opened.close()
            self.hops.close()


def run_or_fail(argv, text=""):
    """In our own namespace; for `ip -n`."""
    code, out, error = Namespace.home.run(argv, text)
    if code:
        raise OracleError(f"{' '.join(argv)}: {error.strip()}")
    return out


def _batches(jobs):
    """Run [(namespace, program, lines, whose)] side by side; the first refusal is the error."""
    started = [
        (whose, argv, lines, namespace.start([*argv, "-batch", "-"])) for namespace, argv, lines, whose in jobs if lines
    ]
    failed = None
    for whose, argv, lines, process in started:
        code, _, error = finish(process, "\n".join(lines) + "\n")
        if code and failed is None:
            match = re.search(r"Command failed -:(\d+)", error)
            line = lines[int(match[1]) - 1] if match else ""
            failed = OracleError(f"{whose}: {' '.join(argv)} {line}: {error.strip()}")
    if failed:
        raise failed


class Topology:
    """Everything one build made; `close` takes it all away."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.hosts = {}
        self.namespaces = []
        self.fabric = None
        # True: a packet went round for ever, and all links are down.
        self.broken = False

    def close(self):
        for host in self.hosts.values():
            host.close()
        for namespace in self.namespaces:
            namespace.close()
        self.hosts, self.namespaces = {}, []

    def _namespace(self, label):
        clean = re.sub(r"[^A-Za-z0-9.-]", "-", label)
        name = f"{self.prefix}-{clean}"
        if any(existing.name == name for existing in self.namespaces):
            name = f"{name}-{len(self.namespaces)}"
        namespace = Namespace.create(name)
        self.namespaces.append(namespace)
        return namespace

    def build(self, request):
        self.forgetful = request.get("forget", False)
        self.patient = request.get("patient", False)
        self.insists = request.get("insists", False)
        self.ipv6 = request.get("ipv6") or _mentions_ipv6(request)
        defaults = request.get("defaults", {})
        self._make_namespaces(request)
        jobs = self._devices(request)
        self._general_sysctls(defaults)
        _batches([(Namespace.home, ["ip"], jobs, "links")])
        self._addresses()
        self._interface_sysctls(defaults)
        self._routes(request, defaults)
        self._commands(defaults)
        self._listen()
        refusals = self._rules()
        self._own_tables(request)
        self._order_multicast_routes()
        self._await_carriers(self._mtus_of_ipv6(defaults))
        return {"hosts": self._report(), "refused": refusals}

    def _make_namespaces(self, request):
        for number, spec in enumerate(request["hosts"], 1):
            if spec["name"] in self.hosts:
                raise OracleError(f"host {spec['name']} twice")
            self.hosts[spec["name"]] = Host(spec["name"], number, self._namespace(spec["name"]), spec)
        # Bridges of segments, and the far ends of interfaces that lead out of the model.
        self.fabric = self._namespace("fabric")
        for namespace in self.namespaces:
            six = self.ipv6 and namespace is not self.fabric
            settings = QUIET_IPV6 if six else {"net.ipv6.conf.{0}.disable_ipv6": 1}
            for key, value in settings.items():
                for interface in ("all", "default"):
                    namespace.sysctl(key.format(interface), value)
        for key in ("iptables", "ip6tables", "arptables"):
            try:
                self.fabric.sysctl(f"net.bridge.bridge-nf-call-{key}", 0)
            except OracleError:
                # A kernel without br_netfilter has nothing to switch off.
                break

    def find(self, place):
        host, _, name = place.rpartition(":")
        try:
            return self.hosts[host].interfaces[name]
        except KeyError:
            raise OracleError(f"no interface {place}") from None

    def _devices(self, request):
        """`ip` lines that create all veth pairs and segment bridges."""
        lines, fabric_lines = [], []
        end = lambda i: f"address {i.mac} mtu {i.spec.get('mtu', 1500)} index {i.index} netns {i.host.namespace.name}"
        used = set()

        def take(place):
            interface = self.find(place)
            if interface.kind not in LINKED_KINDS or interface in used:
                raise OracleError(f"{place}: not a free veth interface")
            used.add(interface)
            return interface

        for left, right in request.get("links", ()):
            a, b = take(left), take(right)
            lines.append(f"link add name {a.name} {end(a)} type veth peer name {b.name} {end(b)}")
            a.peer = (b.host.namespace, b.name, b.mac)
            b.peer = (a.host.namespace, a.name, a.mac)
            a.neighbours, b.neighbours = [b], [a]

        def to_fabric(interface, port):
            mac = f"02:fa:{interface.host.number >> 8:02x}:{interface.host.number & 255:02x}:00:{interface.index & 255:02x}"
            mtu = interface.spec.get("mtu", 1500)
            lines.append(
                f"link add name {interface.name} {end(interface)} type veth"
                f" peer name {port} address {mac} mtu {mtu} netns {self.fabric.name}"
            )
            interface.peer = (self.fabric, port, mac)

        for number, segment in enumerate(request.get("segments", ())):
            bridge = f"~seg{number}"
            fabric_lines.append(f"link add {bridge} type bridge stp_state 0 mcast_snooping 0")
            members = [take(place) for place in segment["members"]]
            for position, interface in enumerate(members):
                port = f"~{number}.{position}"
                to_fabric(interface, port)
                interface.neighbours = [other for other in members if other is not interface]
                fabric_lines.append(f"link set {port} master {bridge} up")
                # Known from the start, so that nothing is flooded to the other members.
                fabric_lines.append(f"fdb {interface.mac} {port}")
            fabric_lines.append(f"link set {bridge} up")
        number = 0
        for host in self.hosts.values():
            for interface in host.interfaces.values():
                if interface.kind in LINKED_KINDS and interface not in used:
                    to_fabric(interface, f"~end{number}")
                    fabric_lines.append(f"link set ~end{number} up")
                    number += 1
        self.fabric_lines = fabric_lines
        return lines

    def _sysctls(self, host, defaults):
        return {**defaults.get("sysctls", {}), **host.spec.get("sysctls", {})}

    def _general_sysctls(self, defaults):
        """Before any device exists, because new devices copy conf.default."""
        for host in self.hosts.values():
            for key, value in self._sysctls(host, defaults).items():
                if sysctl_interface(key) is None:
                    host.namespace.sysctl(key, value)

    def _interface_sysctls(self, defaults):
        for host in self.hosts.values():
            for interface in host.interfaces.values():
                for family in ("ipv4", "ipv6") if self.ipv6 else ("ipv4",):
                    # A neighbour in use that has become stale is asked again when it suits the kernel.
                    host.namespace.sysctl(f"net.{family}.neigh.{interface.name}.delay_first_probe_time", 3600)
                    if self.patient:
                        host.namespace.sysctl(f"net.{family}.neigh.{interface.name}.retrans_time_ms", 3_600_000)
                        # With more than gc_thresh1 neighbours on the whole machine, those unused for a minute are forgotten.
                        host.namespace.sysctl(f"net.{family}.neigh.{interface.name}.gc_stale_time", 86_400)
            for key, value in self._sysctls(host, defaults).items():
                if sysctl_interface(key) is not None:
                    host.namespace.sysctl(key, value)

    def _addresses(self):
        jobs = [(self.fabric, ["ip"], [line for line in self.fabric_lines if not line.startswith("fdb")], "fabric")]
        fdb = [line.split() for line in self.fabric_lines if line.startswith("fdb")]
        for host in self.hosts.values():
            # A switch must exist before what is plugged into it.
            order = sorted(host.interfaces.values(), key=lambda interface: interface.kind != "bridge")
            lines = [] if any(i.name == "lo" for i in order) else ["link set lo up"]
            for interface in order:
                lines += _interface_lines(interface)
            jobs.append((host.namespace, ["ip"], lines, host.name))
        _batches(jobs)
        lines = [f"fdb replace {mac} dev {port} master static" for _, mac, port in fdb]
        _batches([(self.fabric, ["bridge"], lines, "fabric")])

    def _routes(self, request, defaults):
        jobs = []
        neighbours = request.get("staticNeighbours", False)
        for host in self.hosts.values():
            lines = {"": [], "-6": []}
            for kind, specs in (("route", host.spec.get("routes", ())), ("rule", host.spec.get("rules", ()))):
                for text in specs:
                    six = text.startswith("-6 ")
                    text = text[3:] if six else text
                    verb = "" if text.split()[0] in VERBS else "add " if kind == "rule" else "replace "
                    lines["-6" if six else ""].append(f"{kind} {verb}{text}")
            if neighbours:
                for interface in host.interfaces.values():
                    for other in interface.neighbours:
                        for address in other.addresses():
                            lines[""].append(
                                f"neigh replace {address} lladdr {other.mac} dev {interface.name} nud permanent"
                            )
            jobs.append((host.namespace, ["ip"], lines[""], host.name))
            jobs.append((host.namespace, ["ip", "-6"], lines["-6"], host.name))
        _batches(jobs)

    def _order_multicast_routes(self):
        """
        A device gets its route to ff00::/8 when the kernel notices the carrier, up to a second later, which on a busy machine comes in
        any order; of several the first is taken. Here that is the first device's, unless commands changed it or nothing carries it.
        """
        if not self.ipv6:
            return
        for _ in range(ORDERING_ATTEMPTS):
            confused = [(host, names) for host in self.hosts.values() if (names := self._multicast_in_disorder(host))]
            if not confused:
                return
            time.sleep(ORDERING_PAUSE_S)
            for host, names in confused:
                route = "multicast ff00::/8 dev {} table local proto kernel metric 256"
                lines = "".join(f"route {verb} {route.format(name)}\n" for verb in ("del", "append") for name in names)
                # What the kernel adds meanwhile, or has not added yet, is refused.
                host.namespace.run(["ip", "-6", "-force", "-batch", "-"], lines)

    def _mtus_of_ipv6(self, defaults):
        """[(namespace, key, value)] of what a carrier that comes late would set back to the device's own (addrconf_notify())."""
        return [
            (host.namespace, key, value)
            for host in self.hosts.values()
            for key, value in self._sysctls(host, defaults).items()
            if key.startswith("net.ipv6.conf.") and key.endswith(".mtu")
        ]

    def _await_carriers(self, mtus):
        """
        Where neighbours of IPv6 are asked for: until the kernel has noticed the carriers, up to a second later, a device sends nothing (its
        queue is not there). One that never gets any is not waited for longer.
        """
        if not (self.ipv6 and (self.forgetful or mtus)):
            return
        for _ in range(ORDERING_ATTEMPTS):
            if not any(_awaits_carrier(host.namespace) for host in self.hosts.values()):
                break
            time.sleep(ORDERING_PAUSE_S)
        for namespace, key, value in mtus:
            namespace.sysctl(key, value)

    def _multicast_in_disorder(self, host):
        """The devices that should have such a route, in order; empty where the first of them has the first one, or may do without."""
        wanted = [interface for interface in host.interfaces.values() if interface.kind == "veth" and interface.spec.get("up", True)]
        if len(wanted) < 2 or host.spec.get("commands"):
            return []
        names = [interface.name for interface in sorted(wanted, key=lambda interface: interface.index)]
        rows = (row.split() for row in host.namespace.read("/proc/net/ipv6_route").splitlines())
        found = [row[-1] for row in rows if row[0] == ALL_MULTICAST and row[-1] in names]
        return [name for name in names if name in found] if found and found[0] != names[0] else []

    def put_entries_back(self):
        """Whoever sends from an address moves its forwarding entry to his port, also a static one."""
        commands = ((host, host.spec.get("commands", ())) for host in self.hosts.values())
        placed = ((host, [words[7:] for words in lines if words.startswith("bridge fdb replace")]) for host, lines in commands)
        _batches([(host.namespace, ["bridge"], lines, host.name) for host, lines in placed])

    def _commands(self, defaults):
        for host in self.hosts.values():
            run_commands(host, [*defaults.get("commands", ()), *host.spec.get("commands", ())])

    def _listen(self):
        for host in self.hosts.values():
            host.ipv6 = self.ipv6
            # A SYN-ACK repeated by a timer would turn up among later probes.
            if any(text.startswith("tcp/") for text in host.spec.get("listen", ())):
                host.namespace.sysctl("net.ipv4.tcp_synack_retries", 0)
            host.listen()

    def _rules(self):
        refusals = []
        for host in self.hosts.values():
            host.open(self.ipv6)
            spec = host.spec
            try:
                if spec.get("ipsets"):
                    host.rulesets.load_sets(spec["ipsets"])
                for ruleset in spec.get("rulesets", ()):
                    host.rulesets.load(ruleset.get("family", 4), ruleset.get("backend", "legacy"), ruleset["text"])
                if spec.get("nft"):
                    host.rulesets.load_native(spec["nft"])
            except Refused as refusal:
                refusals.append({"host": host.name, "tool": refusal.tool, "error": str(refusal)})
            host.rulesets.changed_from_outside()
        return refusals

    def _own_tables(self, request):
        for name in request.get("mute", ()):
            if name not in self.hosts:
                raise OracleError(f"mute: no host {name}")
            self.hosts[name].muted = True
        for host in self.hosts.values():
            code, error = load_nft(host.namespace, TRACE_TABLE + (MUTE_TABLE if host.muted else ""))
            if code:
                raise OracleError(f"{host.name}: nft: {error.strip()}")

    def _report(self):
        """What is really there, which may be more than was asked for (devices made by commands)."""
        report = {}
        for host in self.hosts.values():
            with host.namespace:
                found = socket.if_nameindex()
                macs = {}
                with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as probe:
                    for _, name in found:
                        probe.bind((name, 0))
                        macs[name] = mac_text(probe.getsockname()[4])
            for index, name in found:
                interface = host.interfaces.get(name)
                if interface:
                    interface.index, interface.mac = index, macs[name]
            host.by_index = dict(found)
            report[host.name] = [{"name": name, "ifindex": index, "mac": macs[name]} for index, name in found]
        return report


def _awaits_carrier(namespace):
    """Whether a device is up that has no carrier yet."""
    with namespace, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        for _, name in socket.if_nameindex():
            request = struct.pack("16s24x", name.encode())
            (flags,) = struct.unpack_from("H", fcntl.ioctl(opened, SIOCGIFFLAGS, request), 16)
            if flags & IFF_UP and not flags & IFF_RUNNING:
                return True
    return False


def _mentions_ipv6(request):
    return any(
        ":" in address
        for host in request["hosts"]
        for interface in host.get("interfaces", ())
        for address in interface.get("addresses", ())
    )


def _interface_lines(interface):
    spec, name, lines = interface.spec, interface.name, []
    if interface.kind == "bridge":
        options = "".join(f" {key} {value}" for key, value in spec.get("bridge", {}).items())
        lines.append(
            f"link add {name} address {interface.mac} index {interface.index} type bridge stp_state 0 mcast_snooping 0"
            + options
        )
    elif interface.kind == "vxlan":
        options = spec.get("vxlan", {})
        port = options.get("port", 4789)
        vxlan_ports.add(port)
        line = f"link add {name} address {interface.mac} index {interface.index} type vxlan"
        line += f" id {options['id']} dstport {port}"
        for key in ("local", "dev", "remote", "group", "ttl", "tos", "df", "srcport"):
            if key in options:
                line += f" {key} {options[key]}"
        lines.append(line + ("" if options.get("learning", True) else " nolearning"))
    elif interface.kind == "vlan":
        options = spec["vlan"]
        lines.append(f"link add link {options['dev']} name {name} address {interface.mac} type vlan id {options['id']}")
    elif interface.kind == "dummy":
        # A veth whose other end is thrown away; without ARP it behaves like a dummy device, which
        # many kernels lack.
        lines.append(f"link set {name} arp off")
    if not spec.get("arp", True):
        lines.append(f"link set {name} arp off")
    if "mtu" in spec and interface.kind not in LINKED_KINDS:
        lines.append(f"link set {name} mtu {spec['mtu']}")
    if "master" in spec:
        lines.append(f"link set {name} master {spec['master']}")
    for address in spec.get("addresses", ()):
        nodad = " nodad" if ":" in address and "nodad" not in address else ""
        lines.append(f"addr add {address} dev {name}{nodad}")
    if spec.get("up", True):
        lines.append(f"link set {name} up")
    return lines


def run_commands(host, commands):
    """`ip` and `bridge` commands that follow each other share one process; sysctl needs none."""
    batch, program = [], None

    def flush():
        if batch:
            _batches([(host.namespace, program, list(batch), host.name)])
            batch.clear()

    for command in commands:
        words = command.split()
        start = words[:2] if words[:2] == ["ip", "-6"] else words[:1]
        if start[0] in ("ip", "bridge") and not words[len(start)].startswith("-") and not re.search(r"[|&;<>$`]", command):
            if program != start:
                flush()
            program = start
            batch.append(command.split(None, len(start))[-1])
            continue
        flush()
        if words[:2] == ["sysctl", "-w"] and all("=" in word for word in words[2:]):
            for word in shlex.split(command)[2:]:
                host.namespace.sysctl(*word.split("=", 1))
            continue
        code, out, error = host.namespace.run(["sh", "-c", command])
        if code:
            raise OracleError(f"{host.name}: {command}: exit {code}: {(error or out).strip()}")
    flush()
