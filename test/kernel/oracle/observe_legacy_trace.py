"""The rules an iptables-legacy TRACE names, completed from the kernel's own copy of the tables.

The trace alone calls any unconditional ACCEPT, DROP or RETURN "policy" or "return" and has no
verdict. The rule number in it is right, so the loaded table (read back from the kernel, which also
covers rules inserted by hand or expanded from `-s a,b`) says what stands at that number.
"""

import ctypes
import errno
import os
import socket
import struct

from namespaces import libc
from netlink import (
    HEADER, NETLINK_NETFILTER, NLM_F_ACK, NLM_F_REQUEST, SO_RCVBUFFORCE, SUBSYS_ULOG, attribute, attributes, messages,
)
from packets import parse

PACKET = SUBSYS_ULOG << 8
CONFIG = SUBSYS_ULOG << 8 | 1
CFG_CMD, CFG_MODE, CFG_QTHRESH = 1, 2, 5
CMD_BIND = 1
COPY_PACKET = 2
# Enough for the headers of IPv6 in VXLAN three times over, or an ICMP error and its quotation.
COPY_BYTES = 320
MARK, INDEV, OUTDEV, PAYLOAD, PREFIX = 2, 4, 5, 9, 10
TRACE = b"TRACE: "
RECEIVE_BUFFER = 1 << 28

HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
GET_INFO, GET_ENTRIES = 64, 65
XT_RETURN = -5


class Layout:
    """Where the fields of a table entry lie, in each family."""

    def __init__(self, family, level, offsets_at, entry_size, flags_at, goto, names):
        self.family, self.level, self.offsets_at, self.entry_size = family, level, offsets_at, entry_size
        self.flags_at, self.goto, self.names = flags_at, goto, names


LAYOUTS = {
    4: Layout(socket.AF_INET, socket.IPPROTO_IP, 88, 112, 82, 0x02, "/proc/net/ip_tables_names"),
    6: Layout(socket.AF_INET6, socket.IPPROTO_IPV6, 140, 168, 131, 0x04, "/proc/net/ip6_tables_names"),
}


def registered_tables(namespace, family):
    """The tables that exist; asking for any other would create it."""
    try:
        return namespace.read(LAYOUTS[family].names).split()
    except FileNotFoundError:
        return []


def _image(namespace, family, table):
    """The table as the kernel has it: (bytes, offsets of hooks, of their policies, which hooks it has)."""
    layout = LAYOUTS[family]
    with namespace.socket(layout.family, socket.SOCK_RAW, socket.IPPROTO_RAW) as control:
        info = _getsockopt(control, layout.level, GET_INFO, struct.pack("=32s52x", table.encode()))
        valid, *numbers = struct.unpack_from("=I5I5III", info, 32)
        hooks, size = numbers[:5], numbers[11]
        request = struct.pack("=32sI4x", table.encode(), size) + bytes(size)
        data = _getsockopt(control, layout.level, GET_ENTRIES, request)[40:]
    return data[:size], {hooks[hook]: HOOKS[hook] for hook in range(5) if valid & 1 << hook}


def read_counters(namespace, family, table):
    """[(chain, number of the rule or 0 for the policy, packets, bytes)] of what has seen packets, as iptables-save -c counts."""
    layout = LAYOUTS[family]
    data, starts = _image(namespace, family, table)
    chains, at, chain = {}, 0, None
    while at < len(data):
        target_at, next_at = struct.unpack_from("=HH", data, at + layout.offsets_at)
        chain = starts.get(at, chain)
        if data[at + target_at + 2 : at + target_at + 8] == b"ERROR\0":
            chain = data[at + target_at + 32 : at + target_at + 64].split(b"\0")[0].decode()
        else:
            chains.setdefault(chain, []).append(struct.unpack_from("=QQ", data, at + layout.entry_size - 16))
        at += next_at
    found = []
    for chain, counts in chains.items():
        # The end of a chain is its policy, which user-defined ones have not.
        policy = counts.pop()
        numbered = [*enumerate(counts, 1), *([(0, policy)] if chain in HOOKS else [])]
        found += [(chain, number, *count) for number, count in numbered if count[0]]
    return found


def read_table(namespace, family, table):
    """{chain: [(verdict, target, jump or goto destination) per rule]} without chain ends and policies."""
    layout = LAYOUTS[family]
    data, starts = _image(namespace, family, table)
    size = len(data)
    entries, at, chain = [], 0, None
    heads = {}
    while at < size:
        target_at, next_at = struct.unpack_from("=HH", data, at + layout.offsets_at)
        name = data[at + target_at + 2 : at + target_at + 31].split(b"\0")[0].decode()
        if at in starts:
            chain = starts[at]
        if name == "ERROR":
            # The head of a user-defined chain, or the end of the table.
            chain = data[at + target_at + 32 : at + target_at + 64].split(b"\0")[0].decode()
            heads[at + next_at] = chain
        else:
            verdict = struct.unpack_from("=i", data, at + target_at + 32)[0] if name == "" else None
            goto = bool(data[at + layout.flags_at] & layout.goto)
            # A rule without a target is a jump to the rule behind it.
            falls_through = name == "" and verdict == at + next_at
            entries.append((chain, name, verdict, goto, falls_through))
        at += next_at
    chains = {}
    for chain, name, verdict, goto, falls_through in entries:
        rules = chains.setdefault(chain, [])
        if falls_through:
            rules.append(("continue", None, None))
        elif name:
            rules.append((_target_verdict(name), name, None))
        elif verdict >= 0:
            rules.append(("goto" if goto else "jump", None, heads[verdict]))
        elif verdict == XT_RETURN:
            rules.append(("return", None, None))
        else:
            rules.append(({-1: "drop", -4: "queue"}.get(verdict, "accept"), None, None))
    # The last entry of each chain is its end: the policy of a built-in one, else a return.
    policies = {}
    for chain, rules in chains.items():
        policies[chain] = rules.pop()[0]
    return chains, policies


def is_empty(namespace, family, table):
    chains, policies = read_table(namespace, family, table)
    return not any(chains.values()) and all(policies[chain] == "accept" for chain in chains if chain in HOOKS)


TERMINATING = {
    "REJECT": "drop", "DNAT": "accept", "SNAT": "accept", "MASQUERADE": "accept", "REDIRECT": "accept",
    "NETMAP": "accept", "TPROXY": "accept", "NFQUEUE": "queue",
}


def _target_verdict(name):
    return TERMINATING.get(name, "continue")


def _getsockopt(opened, level, option, request):
    buffer = ctypes.create_string_buffer(request, len(request))
    length = ctypes.c_uint32(len(request))
    if libc.getsockopt(opened.fileno(), level, option, buffer, ctypes.byref(length)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return buffer.raw


class LegacyTraceObserver:
    def __init__(self, host, namespace):
        self.host = host
        self.namespace = namespace
        self.tables = {}
        self.hidden = {4: frozenset(), 6: frozenset()}
        self.packets = {}
        namespace.sysctl("net.netfilter.nf_log.2", "nfnetlink_log")
        namespace.sysctl("net.netfilter.nf_log.10", "nfnetlink_log")
        self.socket = namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.bind((0, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        self._configure(CFG_CMD, struct.pack("=B", CMD_BIND))
        self._configure(CFG_MODE, struct.pack("!IBx", COPY_BYTES, COPY_PACKET))
        # Without this the kernel keeps up to 100 messages, or a second, before it sends.
        self._configure(CFG_QTHRESH, struct.pack("!I", 1))
        self.socket.setblocking(False)
        self.sockets = [self.socket]

    def _configure(self, kind, data):
        payload = struct.pack("!BBH", 0, 0, 0) + attribute(kind, data)
        self.socket.send(HEADER.pack(16 + len(payload), CONFIG, NLM_F_REQUEST | NLM_F_ACK, 1, 0) + payload)
        code = struct.unpack_from("=i", self.socket.recv(4096), 16)[0]
        if code:
            raise OSError(-code, os.strerror(-code))

    def forget(self):
        """The loaded rules may have changed."""
        self.tables.clear()

    def hide(self, family, tables):
        """A table cannot be unregistered again: empty leftovers of an earlier load are not reported."""
        self.hidden[family] = frozenset(tables)

    def drain(self, _, record):
        receive = self.socket.recv
        for _ in record.turns():
            try:
                data = receive(1 << 16)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                record.lost = True
                continue
            for kind, start, end in messages(data):
                if kind == PACKET:
                    self._event(data[start], attributes(data, start + 4, end), record)

    def _event(self, protocol_family, found, record):
        prefix = found[PREFIX]
        if not prefix.startswith(TRACE):
            return
        family = 6 if protocol_family == socket.AF_INET6 else 4
        # Chain names may hold colons, tables and the last two fields may not.
        table, rest = prefix[len(TRACE) :].rstrip(b" \0").decode().split(":", 1)
        chain, comment, number = rest.rsplit(":", 2)
        if table in self.hidden[family]:
            return
        index = int(number)
        loaded = self.tables.get((family, table))
        if loaded is None:
            loaded = self.tables[family, table] = read_table(self.namespace, family, table)
        rules, policies = loaded[0].get(chain, ()), loaded[1]
        event = {"family": family, "table": table, "chain": chain, "backend": "legacy"}
        if index > len(rules):
            event["index"] = 0 if comment == "policy" else None
            event["verdict"] = policies.get(chain, "return")
        else:
            verdict, target, destination = rules[index - 1]
            event["index"] = index
            event["verdict"] = verdict
            if target:
                event["target"] = target
            if destination:
                event["to"] = destination
        if MARK in found:
            event["mark"] = _index(found[MARK])
        payload = found.get(PAYLOAD, b"")
        packet = self.packets.get(payload)
        if packet is None:
            packet = self.packets[payload] = parse(payload)
        record.rules.setdefault(self.host, []).append((packet, _index(found.get(INDEV)), _index(found.get(OUTDEV)), event))

    def forget_packets(self):
        self.packets.clear()


def _index(data):
    return struct.unpack("!I", data)[0] if data else 0
