"""The few netlink conversations that are needed often enough to be worth avoiding a program for."""

import errno
import os
import socket
import struct

NETLINK_ROUTE = 0
NETLINK_NETFILTER = 12
NLM_F_REQUEST = 1
NLM_F_ACK = 4
NLM_F_DUMP = 0x300
NLMSG_ERROR = 2
NLMSG_DONE = 3
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
NETLINK_DROP_MEMBERSHIP = 2

SUBSYS_CTNETLINK = 1
SUBSYS_ULOG = 4
SUBSYS_NFTABLES = 10
CTNETLINK_DELETE = SUBSYS_CTNETLINK << 8 | 2

SO_RCVBUFFORCE = 33

HEADER = struct.Struct("=IHHII")
ATTRIBUTE = struct.Struct("=HH")


def attribute(kind, data):
    return ATTRIBUTE.pack(4 + len(data), kind) + data + b"\0" * (-len(data) & 3)


def attributes(data, at, end):
    """The attributes in data[at:end] as {number: bytes}."""
    found = {}
    while at + 4 <= end:
        size, kind = ATTRIBUTE.unpack_from(data, at)
        if size < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + size]
        at += size + 3 & ~3
    return found


def attribute_list(data):
    """As `attributes`, for lists where every element has the same number."""
    at, found = 0, []
    while at + 4 <= len(data):
        size, kind = ATTRIBUTE.unpack_from(data, at)
        if size < 4:
            break
        found.append(data[at + 4 : at + size])
        at += size + 3 & ~3
    return found


def messages(data):
    """(type, start of payload, end) of every message in one datagram."""
    at, total = 0, len(data)
    while at + 16 <= total:
        size, kind, _, _, _ = HEADER.unpack_from(data, at)
        if size < 16:
            break
        yield kind, at + 16, at + size
        at += size + 3 & ~3


class Netlink:
    """A request/reply netlink socket in one namespace."""

    def __init__(self, namespace, protocol):
        self.socket = namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self.socket.bind((0, 0))

    def close(self):
        self.socket.close()

    def ask(self, kind, flags, payload):
        """Send one request; the payloads of the answers as (type, bytes). OSError if it is refused."""
        self.socket.send(HEADER.pack(16 + len(payload), kind, NLM_F_REQUEST | flags, 1, 0) + payload)
        answers = []
        while True:
            data = self.socket.recv(1 << 17)
            for answer, start, end in messages(data):
                if answer == NLMSG_ERROR:
                    code = struct.unpack_from("=i", data, start)[0]
                    if code:
                        raise OSError(-code, os.strerror(-code))
                    return answers
                if answer == NLMSG_DONE:
                    return answers
                answers.append((answer, data[start:end]))
            if not flags & (NLM_F_DUMP | NLM_F_ACK) and answers:
                return answers


class Netfilter(Netlink):
    FLUSH_CONNTRACK = HEADER.pack(20, CTNETLINK_DELETE, NLM_F_REQUEST | NLM_F_ACK, 1, 0) + b"\0\0\0\0"

    def __init__(self, namespace):
        super().__init__(namespace, NETLINK_NETFILTER)

    def flush_conntrack(self):
        self.socket.send(self.FLUSH_CONNTRACK)
        self.socket.recv(4096)

    def dump_nft(self, what, family=0):
        """All objects of a kind (1 tables, 4 chains, 7 rules) as (family, attributes)."""
        payload = struct.pack("=BBH", family, 0, 0)
        answers = self.ask(SUBSYS_NFTABLES << 8 | what, NLM_F_DUMP, payload)
        return [(data[0], attributes(data, 4, len(data))) for _, data in answers]


ROUTE_TYPES = (
    "unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw",
    "nat", "xresolve",
)
RTM_GETROUTE = 26
RTM_DELNEIGH = 29
RTM_GETNEIGH = 30
NDA_DST, NDA_LLADDR, NDA_MASTER = 1, 2, 9
NUD_NOARP, NUD_PERMANENT = 0x40, 0x80
NTF_SELF, NTF_MASTER = 0x02, 0x04
RTM_F_LOOKUP_TABLE = 0x1000
RTA_DST, RTA_SRC, RTA_IIF, RTA_OIF, RTA_GATEWAY, RTA_PREFSRC = 1, 2, 3, 4, 5, 7
RTA_TABLE, RTA_MARK, RTA_VIA, RTA_UID, RTA_IP_PROTO, RTA_SPORT, RTA_DPORT = 15, 16, 18, 25, 27, 28, 29


class Router(Netlink):
    """Asks the kernel which route it would use, and makes it forget neighbours."""

    def __init__(self, namespace):
        super().__init__(namespace, NETLINK_ROUTE)

    def lookup(self, to, source=None, iif=None, oif=None, mark=None, tos=0, uid=None, proto=None, sport=None, dport=None):
        """`iif`, `oif` and the answer's `oif` are interface indexes. An errno name stands for a refusal."""
        family = socket.AF_INET6 if ":" in to else socket.AF_INET
        size = 128 if family == socket.AF_INET6 else 32
        payload = struct.pack(
            "=BBBBBBBBI", family, size, size if source else 0, tos, 0, 0, 0, 0, RTM_F_LOOKUP_TABLE
        )
        payload += attribute(RTA_DST, socket.inet_pton(family, to))
        if source:
            payload += attribute(RTA_SRC, socket.inet_pton(family, source))
        for kind, value in ((RTA_IIF, iif), (RTA_OIF, oif), (RTA_MARK, mark), (RTA_UID, uid)):
            if value is not None:
                payload += attribute(kind, struct.pack("=I", value))
        # The kernel takes no other protocols here, and without one finds the same source.
        if proto in (1, 6, 17, 58):
            payload += attribute(RTA_IP_PROTO, bytes((proto,)))
        for kind, value in ((RTA_SPORT, sport), (RTA_DPORT, dport)):
            if value is not None:
                payload += attribute(kind, struct.pack("!H", value))
        try:
            data = self.ask(RTM_GETROUTE, 0, payload)[0][1]
        except OSError as error:
            return {"errno": errno.errorcode[error.errno]}
        found = attributes(data, 12, len(data))
        address = lambda raw: socket.inet_ntop(family, raw) if raw else None
        gateway = address(found.get(RTA_GATEWAY))
        if RTA_VIA in found:
            via = found[RTA_VIA]
            via_family = struct.unpack_from("=H", via)[0]
            gateway = socket.inet_ntop(via_family, via[2:])
        return {
            "errno": None,
            "type": ROUTE_TYPES[data[7]],
            "table": struct.unpack("=I", found[RTA_TABLE])[0] if RTA_TABLE in found else data[4],
            "gateway": gateway,
            "oif": struct.unpack("=I", found[RTA_OIF])[0] if RTA_OIF in found else None,
            "prefsrc": address(found.get(RTA_PREFSRC)),
        }

    def delete_neighbour(self, address, index):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        payload = struct.pack("=BxxxiHBB", family, index, 0, 0, 0)
        try:
            self.ask(RTM_DELNEIGH, NLM_F_ACK, payload + attribute(NDA_DST, socket.inet_pton(family, address)))
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise

    def forget_learnt(self):
        """Deletes neighbours and forwarding entries (of bridges and VXLAN devices) that no command made."""
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_BRIDGE):
            for _, data in self.ask(RTM_GETNEIGH, NLM_F_DUMP, struct.pack("=BxxxiHBB", family, 0, 0, 0, 0)):
                _, index, state, flags, _ = struct.unpack_from("=BxxxiHBB", data)
                if state & (NUD_NOARP | NUD_PERMANENT):
                    continue
                found = attributes(data, 12, len(data))
                if family == socket.AF_BRIDGE:
                    flags = NTF_MASTER if NDA_MASTER in found else NTF_SELF
                    target = attribute(NDA_LLADDR, found[NDA_LLADDR])
                else:
                    flags, target = 0, attribute(NDA_DST, found[NDA_DST])
                try:
                    self.ask(RTM_DELNEIGH, NLM_F_ACK, struct.pack("=BxxxiHBB", family, index, 0, flags, 0) + target)
                except OSError as error:
                    if error.errno != errno.ENOENT:
                        raise
