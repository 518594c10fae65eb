"""Every packet on every interface of a host, and what its stack accepted for itself."""

import fcntl
import mmap
import socket
import struct

from packets import ETH_ARP, ETH_IPV4, ETH_IPV6, parse, parse_arp

SO_TIMESTAMPNS = 35
ETH_P_ALL = 3
SIOCGIFNAME = 0x8910
SOL_PACKET = 263
PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 5, 6, 10
TPACKET_V2 = 1
STATUS_KERNEL, STATUS_USER, STATUS_LOSING = 0, 1, 4
# struct tpacket2_hdr, and the struct sockaddr_ll behind it.
FRAME = struct.Struct("=IIIHHII8xHHiHB")
STATUS = struct.Struct("=I")
# Frames are cut to this, less some 80 bytes: headers, those in tunnels and quotations included, are shorter.
FRAME_BYTES = 2048
BLOCK_BYTES = 1 << 16
FRAMES = 1024
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
    """One packet socket for all interfaces of a host; the kernel's time stamps order hosts.

    It reads from a ring, into which the kernel copies each frame at once. What a socket's queue holds is shared with the
    packet on its way, whose headers later hops rewrite in place (ip_fraglist_prepare() does, of further fragments).
    """

    def __init__(self, host, namespace):
        self.host = host
        self.socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        request = struct.pack("=IIII", BLOCK_BYTES, FRAMES * FRAME_BYTES // BLOCK_BYTES, FRAME_BYTES, FRAMES)
        self.socket.setsockopt(SOL_PACKET, PACKET_RX_RING, request)
        self.ring = mmap.mmap(self.socket.fileno(), FRAMES * FRAME_BYTES)
        self.next = 0
        self.sockets = [self.socket]
        self.names = {}

    def close(self):
        self.ring.close()

    def drain(self, _, record):
        ring = self.ring
        for _ in record.turns():
            at = self.next * FRAME_BYTES
            status, whole, size, link, network, seconds, nanoseconds, _, protocol, index, _, kind = FRAME.unpack_from(ring, at)
            if not status & STATUS_USER:
                return
            if status & STATUS_LOSING:
                record.lost = True
                # Asking for them sets the numbers back.
                self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
            protocol = socket.ntohs(protocol)
            if protocol in (ETH_IPV4, ETH_IPV6, ETH_ARP):
                when = seconds * 1_000_000_000 + nanoseconds
                direction = "out" if kind == PACKET_OUTGOING else "in"
                data = ring[at + network : at + link + size]
                iface = self.names.get(index) or self._name(index)
                if protocol == ETH_ARP:
                    arp = parse_arp(data, 0)
                    if arp:
                        record.neighbours.append((when, self.host, iface, direction, arp))
                    packet = None
                else:
                    packet = parse(data)
                    if packet:
                        record.hops.append((when, self.host, iface, direction, PACKET_TYPES[kind], packet))
                if direction == "in":
                    record.arrivals.append((when, self.host, iface, whole - (network - link), packet))
            STATUS.pack_into(ring, at, STATUS_KERNEL)
            self.next = (self.next + 1) % FRAMES

    def _name(self, index):
        request = fcntl.ioctl(self.socket, SIOCGIFNAME, struct.pack("=16si20x", b"", index))
        name = self.names[index] = request[:16].split(b"\0")[0].decode()
        return name


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
