"""Putting a packet on an interface, or sending it from a host as a process would."""

import ctypes
import errno
import socket

from namespaces import OracleError, libc
from packets import ETH_IPV4, ETH_IPV6, build, is_ipv6, mac_bytes, protocol_number

SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20
IP_FREEBIND = 15
IPV6_FREEBIND = 78
SO_MARK = 36
IPV6_TCLASS = 67


class Injector:
    """The sending sockets of one host, kept for reuse."""

    def __init__(self, host):
        self.host = host
        self.wires = {}
        self.processes = {}

    def close(self):
        for opened in (*self.wires.values(), *self.processes.values()):
            opened.close()

    def send(self, packet, ident):
        """Returns (errno name or None, the packet as sent)."""
        try:
            if "interface" in packet:
                self._receive(packet, ident)
                return None, packet
            return self._output(packet, ident)
        except (KeyError, ValueError, TypeError) as error:
            raise OracleError(f"packet: {type(error).__name__}: {error}") from None

    def _receive(self, packet, ident):
        name = packet["interface"]
        interface = self.host.interfaces.get(name)
        if interface is None:
            raise OracleError(f"no interface {self.host.name}:{name}")
        if interface.peer is None:
            raise OracleError(f"cannot inject into {self.host.name}:{name}: kind {interface.kind} has no other end")
        opened = self.wires.get(name)
        if opened is None:
            namespace, device, _ = interface.peer
            opened = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            opened.bind((device, 0))
            # Also keeps the frame out of the packet sockets on the sending side.
            opened.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
            self.wires[name] = opened
        kind = ETH_IPV6 if is_ipv6(packet) else ETH_IPV4
        frame = mac_bytes(packet.get("dmac") or interface.mac) + mac_bytes(packet.get("smac") or interface.peer[2])
        try:
            opened.send(frame + kind.to_bytes(2, "big") + build(packet, ident))
        except OSError as error:
            raise OracleError(f"inject into {self.host.name}:{name}: {error.strerror}") from None

    def _output(self, packet, ident):
        six = is_ipv6(packet)
        raw = packet.get("raw", False)
        source = packet.get("src")
        # Sockets put an address of their own host there (facts/sent-to-nobody); this one makes the header itself.
        if not raw and packet["dst"] == "::":
            packet = {**packet, "dst": "::1"}
        mark, device, uid = (packet.get(key) for key in ("mark", "bindInterface", "uid"))
        # Of a header of its own a socket does not know the TOS: its route is looked up without, and so is the source.
        tos = None if raw else packet.get("tos")
        key = (six, None if raw else source, mark, device, tos, uid)
        opened = self.processes.get(key)
        if opened is None:
            try:
                opened = self.processes[key] = self._process(*key)
            except OSError as error:
                return errno.errorcode[error.errno], packet
        if source is None:
            # The kernel would fill the header's source in, but not into the checksum.
            index = self.host.interfaces[device].index if device else None
            route = self.host.router.lookup(
                packet["dst"], oif=index, mark=mark, tos=tos or 0, uid=uid, proto=protocol_number(packet),
                sport=packet.get("sport"), dport=packet.get("dport"),
            )
            chosen = route["prefsrc"] if route["errno"] is None else None
            if chosen is None and six:
                chosen = self._source_without_route(packet, mark, device, tos, uid)
            if chosen:
                packet = {**packet, "src": chosen}
        if not raw and packet["dst"] == "0.0.0.0":
            packet = {**packet, "dst": packet.get("src") or "127.0.0.1"}
        try:
            opened.sendto(build(packet, ident), (packet["dst"], 0))
        except OSError as error:
            return errno.errorcode[error.errno], packet
        return None, packet

    def _source_without_route(self, packet, mark, device, tos, uid):
        """The source that sockets get where only a source has a route (ip6_dst_lookup_tail)."""
        try:
            with self._socket(True, socket.SOCK_DGRAM, 0, mark, device, tos, uid) as opened:
                opened.connect((packet["dst"], packet.get("dport") or 9))
                source = opened.getsockname()[0].partition("%")[0]
        except OSError:
            return None
        return None if source == "::" else source

    def _process(self, six, source, mark, device, tos, uid):
        opened = self._socket(six, socket.SOCK_RAW, socket.IPPROTO_RAW, mark, device, tos, uid)
        if source is None:
            return opened
        try:
            if six:
                opened.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
            else:
                opened.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
            opened.bind((source, 0))
        except OSError:
            opened.close()
            raise
        return opened

    def _socket(self, six, kind, protocol, mark, device, tos, uid):
        if uid is not None:
            # A socket belongs to the file system user id of its maker; changing only that keeps
            # the capabilities for raw sockets.
            libc.setfsuid(ctypes.c_uint(uid))
        try:
            opened = self.host.namespace.socket(socket.AF_INET6 if six else socket.AF_INET, kind, protocol)
        finally:
            if uid is not None:
                libc.setfsuid(ctypes.c_uint(0))
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if mark is not None:
                opened.setsockopt(socket.SOL_SOCKET, SO_MARK, mark)
            if device is not None:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            if tos is not None:
                # The route look-up takes the socket's TOS, not the header's.
                if six:
                    opened.setsockopt(socket.IPPROTO_IPV6, IPV6_TCLASS, tos)
                else:
                    opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        except OSError:
            opened.close()
            raise
        return opened
