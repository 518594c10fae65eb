"""The requests, one method each."""

import itertools
import os
import select
import time

from capabilities import find_capabilities
from fence import Fence
from loops import LONG_S, SUSPICIOUS, Endless, break_up, going_round
from namespaces import Namespace, OracleError, enter_private_mounts
from observe_drops import DropObserver
from observe_legacy_trace import read_counters, registered_tables
from packets import check_addresses, is_ipv6
from probe import Record, analyse, endless
from rulesets import Refused
from topology import Topology, run_commands, run_or_fail


class Oracle:
    def __init__(self, cpu=None):
        self.prefix = f"ppo{os.getpid()}"
        enter_private_mounts()
        Namespace.remember_home()
        allowed = sorted(os.sched_getaffinity(0))
        self.cpu = cpu if cpu in allowed else allowed[os.getpid() % len(allowed)]
        # The queue that the fence relies on exists once per CPU.
        os.sched_setaffinity(0, {self.cpu})
        self.topology = None
        self.routes_learnt = False
        self.pending = set()
        # When neighbours that did not answer were given up last, until a reply tells.
        self.given_up = None
        self.fence_namespace = Namespace.create(f"{self.prefix}-fence")
        self.fence = Fence(self.fence_namespace, run_or_fail)
        self.drops = DropObserver(self.cpu)
        # IPv4 identification 0 is the kernel's own for packets that may not be fragmented.
        self.idents = itertools.cycle(range(1, 0x10000))

    def close(self):
        try:
            self.destroy({})
            self.fence.close()
            self.fence_namespace.close()
        finally:
            # All else ends with the process.
            self.drops.close()

    def request(self, request):
        operation = request.get("op")
        if operation not in OPERATIONS:
            raise OracleError(f"unknown op {operation!r}")
        return OPERATIONS[operation](self, request)

    def host(self, name):
        if self.topology is None:
            raise OracleError("nothing is built")
        host = self.topology.hosts.get(name)
        if host is None:
            raise OracleError(f"no host {name}")
        return host

    def capabilities(self, _):
        return find_capabilities(self.prefix)

    def build(self, request):
        self.destroy({})
        self.topology = Topology(self.prefix)
        try:
            reply = self.topology.build(request)
            self._watch()
        except BaseException:
            self.destroy({})
            raise
        return reply

    def _watch(self):
        self.epoll = select.epoll()
        self.handlers = {}
        for host in self.topology.hosts.values():
            for observer in host.observers:
                for opened in observer.sockets:
                    self.epoll.register(opened.fileno(), select.EPOLLIN)
                    self.handlers[opened.fileno()] = observer

    def load(self, request):
        host = self.host(request["host"])
        try:
            if "ipsets" in request:
                host.rulesets.load_sets(request["ipsets"])
            if "text" in request:
                host.rulesets.load(
                    request.get("family", 4), request.get("backend", "legacy"), request["text"], request.get("replace", True)
                )
            if "nft" in request:
                host.rulesets.load_native(request["nft"])
        except Refused as refusal:
            return {"ok": False, "error": str(refusal), "refused": True, "tool": refusal.tool}
        return {}

    def reset(self, request):
        self.host(request["host"]).rulesets.reset()
        return {}

    def probe(self, request):
        return self._probe(request["packet"], request)

    def probes(self, request):
        results = []
        for packet in request["packets"]:
            try:
                results.append(self._probe(packet, request))
            except OracleError as error:
                results.append({"ok": False, "error": str(error)})
        return {"results": results}

    def _probe(self, packet, options):
        for field in ("host", "dst"):
            if not isinstance(packet.get(field), str):
                raise OracleError(f"packet: no {field}")
        try:
            check_addresses(packet)
        except ValueError as error:
            raise OracleError(str(error)) from None
        sender = self.host(packet["host"])
        if self.topology.broken:
            raise Endless
        if options.get("flush"):
            self._flush()
        self._collect(Record())
        for host in self.topology.hosts.values():
            host.forget_datagrams()
        ident = packet.get("ipid") or next(self.idents)
        if is_ipv6(packet):
            ident = packet.get("flowLabel") or ident
        at = time.monotonic()
        error, sent = sender.injector.send(packet, ident)
        self.fence.wait()
        if any([host.answer(self.topology.insists) for host in self.topology.hosts.values()]):
            self.fence.wait()
        until = time.monotonic()
        if options.get("wait"):
            # Timers fire, on whatever processor.
            time.sleep(options["wait"])
            for host in self.topology.hosts.values():
                host.answer(self.topology.insists)
            self.fence.wait()
        record = Record()
        # What took that long may go on for ever, and would while its events are read.
        if until - at > LONG_S:
            places = going_round(self.topology, self.fence)
            if places:
                return self._break_up(places, ident, sent, error, at, record)
        self._collect(record)
        if record.cut or record.lost or len(record.hops) > SUSPICIOUS:
            places = going_round(self.topology, self.fence)
            if places:
                return self._break_up(places, ident, sent, error, at, record)
            # The rest of a long way.
            record.cut = True
            while record.cut:
                record.cut = False
                self._collect(record)
        process = None if "interface" in packet else sender.name
        reply = analyse(self.topology, self.drops, sent, ident, error, record, process, self.pending)
        self.routes_learnt |= any(_teaches(response) for response in reply["responses"])
        reply["at"], reply["until"] = at, until
        if self.given_up is not None:
            reply["givenUp"], self.given_up = self.given_up, None
        if "id" in packet:
            reply["id"] = packet["id"]
        if options.get("wantConntrack"):
            reply["conntrack"] = self._conntrack()
        return reply

    def _break_up(self, places, ident, sent, error, at, record):
        """The reply about a packet that went round for ever. Nothing can be asked of the topology any more."""
        break_up(self.topology, self.fence)
        self._collect(record)
        self.pending.clear()
        return {**endless(sent, ident, error, record), "at": at, "until": at, "loop": [f"{host}:{name}" for host, name in places]}

    def _collect(self, record):
        for fd, _ in self.epoll.poll(0):
            self.handlers[fd].drain(fd, record)
        self.drops.drain(record)
        for host in self.topology.hosts.values():
            host.legacy_trace.forget_packets()
            host.nft_trace.forget_packets()

    def _flush(self):
        # First, because giving up on a neighbour makes the kernel send an error.
        if self.pending:
            self.given_up = time.monotonic()
        for name, device, address in self.pending:
            host = self.topology.hosts[name]
            host.router.delete_neighbour(address, self._index(host, device))
        self.pending.clear()
        # Flushing the connections of a packet that goes round would never end, for nobody on this machine.
        if going_round(self.topology, self.fence):
            break_up(self.topology, self.fence)
            raise Endless
        if self.topology.forgetful:
            for host in self.topology.hosts.values():
                host.router.forget_learnt()
            self.topology.put_entries_back()
        for host in self.topology.hosts.values():
            host.listen()
            host.netfilter.flush_conntrack()
            if self.routes_learnt:
                host.namespace.sysctl("net.ipv4.route.flush", 1)
                if self.topology.ipv6:
                    host.namespace.run(["ip", "-6", "route", "flush", "cache"])
        self.routes_learnt = False

    def _conntrack(self):
        found = {}
        for host in self.topology.hosts.values():
            # The kernel goes through a table of all namespaces to tell what is one's own, even where that is nothing.
            if host.namespace.read_often("/proc/sys/net/netfilter/nf_conntrack_count") == "0\n":
                continue
            lines = host.namespace.read_often("/proc/net/nf_conntrack").splitlines()
            if lines:
                found[host.name] = lines
        return found

    def flush(self, _):
        self.host(next(iter(self.topology.hosts)) if self.topology else "")
        if self.topology.broken:
            raise Endless
        self._flush()
        return {}

    def counters(self, request):
        """What rules and policies of the legacy backend have counted, without a program that lists them."""
        host, family = self.host(request["host"]), request.get("family", 4)
        return {
            "counters": [
                (f"{table} {chain} {number}", packets, size)
                for table in registered_tables(host.namespace, family)
                for chain, number, packets, size in read_counters(host.namespace, family, table)
            ]
        }

    def execute(self, request):
        host = self.host(request["host"])
        try:
            code, out, error = host.namespace.run(request["argv"], request.get("stdin", ""))
        except FileNotFoundError as missing:
            raise OracleError(str(missing)) from None
        host.rulesets.changed_from_outside()
        return {"stdout": out, "stderr": error, "code": code}

    def commands(self, request):
        host = self.host(request["host"])
        try:
            run_commands(host, request["commands"])
        finally:
            host.rulesets.changed_from_outside()
        return {}

    def route(self, request):
        return self._route(self.host(request["host"]), request)

    def routes(self, request):
        host = self.host(request["host"])
        return {"results": [self._route(host, key) for key in request["keys"]]}

    def _route(self, host, key):
        index = lambda name: self._index(host, key[name]) if key.get(name) else None
        answer = host.router.lookup(
            key["to"], key.get("from"), index("iif"), index("oif"), key.get("mark"), key.get("tos", 0), key.get("uid"),
            key.get("proto"), key.get("sport"), key.get("dport"),
        )
        if answer.get("oif"):
            answer["oif"] = host.by_index.get(answer["oif"], answer["oif"])
        return answer

    @staticmethod
    def _index(host, name):
        for index, known in host.by_index.items():
            if known == name:
                return index
        raise OracleError(f"no interface {host.name}:{name}")

    def destroy(self, _):
        if self.topology is not None:
            if hasattr(self, "epoll"):
                self.epoll.close()
                del self.epoll
            self.topology.close()
            self.topology = None
        self.pending.clear()
        return {}


def _teaches(response):
    """A path MTU or a redirect, which a receiver remembers for its own packets."""
    if response["packet"]["proto"] == "icmpv6":
        return response.get("type") in (2, 137)
    return (response.get("type"), response.get("code")) == (3, 4) or response.get("type") == 5


OPERATIONS = {
    "capabilities": Oracle.capabilities,
    "build": Oracle.build,
    "load": Oracle.load,
    "reset": Oracle.reset,
    "probe": Oracle.probe,
    "probes": Oracle.probes,
    "flush": Oracle.flush,
    "counters": Oracle.counters,
    "exec": Oracle.execute,
    "commands": Oracle.commands,
    "route": Oracle.route,
    "routes": Oracle.routes,
    "destroy": Oracle.destroy,
}
