"""The rules an nftables packet trace names, for iptables-nft and native tables alike."""

import errno
import socket
import struct

from netlink import (
    NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP, NETLINK_NETFILTER, SO_RCVBUFFORCE, SOL_NETLINK, SUBSYS_NFTABLES,
    Netfilter, attribute_list, attributes, messages,
)
from packets import EXTENSION_NAMES, parse

TRACE_GROUP = 9
TRACE_MESSAGE = SUBSYS_NFTABLES << 8 | 17
TABLE, CHAIN, RULE_HANDLE, TYPE, VERDICT, ID, LL, NETWORK, TRANSPORT, IIF = range(1, 11)
OIF, MARK, POLICY = 12, 14, 16
TYPE_POLICY, TYPE_RETURN, TYPE_RULE = 1, 2, 3
VERDICTS = {
    0: "drop", 1: "accept", 2: "stolen", 3: "queue", -1: "continue", -2: "break", -3: "jump", -4: "goto", -5: "return",
}
FAMILIES = {1: "inet", 2: 4, 3: "arp", 5: "netdev", 7: "bridge", 10: 6}
GET_CHAIN, GET_RULE = 4, 7
RULE_TABLE, RULE_CHAIN, RULE_HANDLE_, RULE_EXPRESSIONS = 1, 2, 3, 4
CHAIN_TABLE, CHAIN_NAME, CHAIN_HOOK = 1, 3, 4
RECEIVE_BUFFER = 1 << 28


class NftTraceObserver:
    def __init__(self, host, namespace):
        self.host = host
        self.namespace = namespace
        self.socket = namespace.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_NETFILTER
        )
        self.socket.bind((0, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        self.sockets = [self.socket]
        self.listening = False
        self.rules = None
        self.contexts = {}
        self.hidden = {4: frozenset(), 6: frozenset()}

    def listen(self, wanted):
        """The kernel builds no trace messages while nobody listens, so only hosts that need it do."""
        if wanted != self.listening:
            option = NETLINK_ADD_MEMBERSHIP if wanted else NETLINK_DROP_MEMBERSHIP
            self.socket.setsockopt(SOL_NETLINK, option, TRACE_GROUP)
            self.listening = wanted

    def hide(self, family, tables):
        """Empty leftovers of an earlier load are not reported."""
        self.hidden[family] = frozenset(tables)

    def forget(self):
        """The loaded rules may have changed."""
        self.rules = None

    def _numbering(self):
        if self.rules is None:
            netfilter = Netfilter(self.namespace)
            counts, self.rules, self.base_chains = {}, {}, set()
            for family, found in netfilter.dump_nft(GET_RULE):
                chain = (family, found[RULE_TABLE], found[RULE_CHAIN])
                counts[chain] = index = counts.get(chain, 0) + 1
                self.rules[(*chain, found[RULE_HANDLE_])] = (index, _target(found.get(RULE_EXPRESSIONS, b"")))
            for family, found in netfilter.dump_nft(GET_CHAIN):
                if CHAIN_HOOK in found:
                    self.base_chains.add((family, found[CHAIN_TABLE], found[CHAIN_NAME]))
            netfilter.close()
        return self.rules

    def drain(self, _, record):
        for _ in record.turns():
            try:
                data = self.socket.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                record.lost = True
                continue
            for kind, start, end in messages(data):
                if kind == TRACE_MESSAGE:
                    self._event(data[start], attributes(data, start + 4, end), record)

    def _event(self, family, found, record):
        ident = found[ID]
        if NETWORK in found:
            # Header and interfaces come with the first event of each base chain only.
            packet = parse(_shown(found[NETWORK], found.get(TRANSPORT, b"")))
            self.contexts[ident] = (packet, _index(found.get(IIF)), _index(found.get(OIF)))
        elif IIF in found or OIF in found:
            packet = self.contexts.get(ident, (None,))[0]
            self.contexts[ident] = (packet, _index(found.get(IIF)), _index(found.get(OIF)))
        packet, iif, oif = self.contexts.get(ident, (None, 0, 0))
        table = found[TABLE]
        if table.startswith(b"oracle-"):
            return
        if text(table) in self.hidden.get(FAMILIES.get(family), ()):
            return
        chain = found[CHAIN]
        kind = struct.unpack("!I", found[TYPE])[0]
        event = {
            "family": FAMILIES.get(family, family), "table": text(table), "chain": text(chain), "backend": "nft",
        }
        if kind == TYPE_POLICY:
            policy = struct.unpack("!i", found[POLICY])[0] if POLICY in found else 1
            event["index"] = 0
            event["verdict"] = VERDICTS.get(policy, policy)
        else:
            handle = found.get(RULE_HANDLE)
            verdict = attributes(found[VERDICT], 0, len(found[VERDICT])) if VERDICT in found else {}
            code = struct.unpack("!i", verdict[1])[0] if 1 in verdict else -1
            # A drop may carry an errno or a queue number in the upper half.
            code = code if code < 0 else code & 0xFF
            numbering = self._numbering()
            if handle is None:
                if (family, table, chain) in self.base_chains:
                    # The policy event that follows says the same.
                    return
                event["index"] = None
                event["verdict"] = "return"
            else:
                index, target = numbering.get((family, table, chain, handle), (None, None))
                event["index"] = index
                event["verdict"] = VERDICTS.get(code, code)
                if target:
                    event["target"] = target
                if 2 in verdict:
                    event["to"] = text(verdict[2])
        if MARK in found:
            event["mark"] = _index(found[MARK])
        record.rules.setdefault(self.host, []).append((packet, iif, oif, event))

    def forget_packets(self):
        # Trace ids come from the address of the packet's buffer, which the kernel reuses.
        self.contexts.clear()


def _shown(network, transport):
    """The bytes of a packet that a trace has: of IPv6 no extension headers, for which what they carry must not be taken."""
    return network if network[0] >> 4 == 6 and network[6] in EXTENSION_NAMES else network + transport


def _target(expressions):
    """The name of the xt target or the native statement that ends a rule."""
    name = None
    for element in attribute_list(expressions):
        found = attributes(element, 0, len(element))
        kind = text(found[1])
        if kind == "target":
            data = attributes(found[2], 0, len(found[2]))
            name = text(data[1])
        elif kind in ("reject", "masq", "redir", "nat"):
            name = kind
    return name


def _index(data):
    return struct.unpack("!I", data)[0] if data else 0


def text(data):
    return data.rstrip(b"\0").decode()
