"""Every packet on every interface of a host, and what its stack accepted for itself."""

import socket
import struct

from packets import ETH_ARP, ETH_IPV4, ETH_IPV6, parse, parse_arp

SO_TIMESTAMPNS = 35
ETH_P_ALL = 3
PACKET_OUTGOING = 4
PACKET_TYPES = ("host", "broadcast", "multicast", "otherhost", "outgoing")
TIMESPEC = struct.Struct("=qq")
RECEIVE_BUFFER = 1 << 22
SO_RCVBUFFORCE = 33
CONTROL_ROOM = 256

IPV6_RECVPKTINFO, IPV6_PKTINFO = 49, 50
IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT = 51, 52
IPV6_FLOWINFO = 11


def _timestamp(control):
    for level, kind, data in control:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = TIMESPEC.unpack_from(data)
            return seconds * 1_000_000_000 + nanoseconds
    return 0


class HopObserver:
    """One packet socket for all interfaces of a host; the kernel's time stamps order hosts."""

    def __init__(self, host, namespace):
        self.host = host
        self.socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        self.sockets = [self.socket]

    def drain(self, _, record):
        receive = self.socket.recvmsg
        for _ in record.turns():
            try:
                data, control, _, address = receive(65535, CONTROL_ROOM)
            except BlockingIOError:
                return
            when = _timestamp(control)
            iface, protocol, kind = address[0], address[1], address[2]
            direction = "out" if kind == PACKET_OUTGOING else "in"
            if protocol == ETH_IPV4 or protocol == ETH_IPV6:
                packet = parse(data, 14)
                if packet:
                    record.hops.append((when, self.host, iface, direction, PACKET_TYPES[kind], packet))
            elif protocol == ETH_ARP:
                arp = parse_arp(data, 14)
                if arp:
                    record.neighbours.append((when, self.host, iface, direction, arp))


class DeliveryObserver:
    """Raw sockets see what passed INPUT, after all NAT.

    Only for protocols that the kernel always handles itself: a raw socket for any other would
    silence the kernel's "protocol unreachable".
    """

    def __init__(self, host, namespace, ipv6):
        self.host = host
        self.sockets = []
        self.six = set()
        for number in (socket.IPPROTO_ICMP, socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_UDPLITE):
            self._open(namespace, socket.AF_INET, number)
        if ipv6:
            for number in (socket.IPPROTO_ICMPV6, socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_UDPLITE):
                opened = self._open(namespace, socket.AF_INET6, number)
                for option in (IPV6_FLOWINFO, IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT):
                    opened.setsockopt(socket.IPPROTO_IPV6, option, 1)
                self.six.add(opened.fileno())
        self.by_fd = {opened.fileno(): opened for opened in self.sockets}

    def _open(self, namespace, family, number):
        opened = namespace.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, number)
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        self.sockets.append(opened)
        return opened

    def drain(self, fd, record):
        opened = self.by_fd[fd]
        six = fd in self.six
        for _ in record.turns():
            try:
                data, control, _, address = opened.recvmsg(65535, CONTROL_ROOM)
            except BlockingIOError:
                return
            if six:
                data = self._header(control, address, opened, data) + data
            packet = parse(data)
            if packet:
                record.deliveries.append((_timestamp(control), self.host, packet))

    @staticmethod
    def _header(control, address, opened, data):
        """A raw IPv6 socket keeps the header to itself; this puts it together from what it tells."""
        flow, hops, destination = b"\x60\0\0\0", 0, bytes(16)
        for level, kind, value in control:
            if level == socket.IPPROTO_IPV6:
                if kind == IPV6_FLOWINFO:
                    flow = bytes((0x60 | value[0] & 15,)) + value[1:4]
                elif kind == IPV6_HOPLIMIT:
                    hops = struct.unpack("=i", value)[0]
                elif kind == IPV6_PKTINFO:
                    destination = value[:16]
        source = socket.inet_pton(socket.AF_INET6, address[0].split("%")[0])
        return flow + struct.pack("!HBB", len(data), opened.proto, hops) + source + destination
