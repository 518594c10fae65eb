"""One packet: send it, collect what the kernel said about it, and put that in order."""

import math

from observe_drops import LATE_REASONS, LOOPED
from observe_legacy_trace import HOOKS
from packets import ETH_IPV4, ETH_IPV6, HOUSEKEEPING, ICMP_ERRORS, ICMPV6_ERRORS, ND_ADDRESSED, protocol_number

# A drop for one of these reasons is the kernel's refusal to forward, for which it owes an error.
REFUSALS = frozenset(("IP_INNOROUTES", "PKT_TOO_BIG", "IP_INHDR"))
# Where IPv6 has no route; what is for `::` is dropped there for a reason of its own.
REFUSING = frozenset(("ip6_pkt_discard", "ip6_pkt_prohibit"))
# Where a header that cannot be believed is dropped without a word, for the same reason.
MALFORMED = frozenset(("ip_rcv_core", "ip6_rcv_core", "ip6_parse_tlv"))
# Where a packet got no route that came in: it never waits for a neighbour.
UNROUTED = frozenset((
    "IP_INADDRERRORS", "IP_LOCAL_SOURCE", "IP_INVALID_SOURCE", "IP_INVALID_DEST", "IP_LOCALNET", "IP_RPFILTER",
    "UNICAST_IN_L2_MULTICAST",
))
NO_HANDLER = "IP_NOPROTO"
# Why sockets' queues are emptied: those of any process of the machine, on the processor and in the task that the kernel's
# deferred work (RCU) happens to run in. Only a neighbour's queue holds packets on their way.
PURGED = "QUEUE_PURGE"
# No socket here has a key: another namespace's packet, whose memory was ours before.
KEYED = ("TCP_MD5", "TCP_AO")
NEIGHBOURS = "neigh_"
# The type of a redirect.
REDIRECT = {"icmp": 5, "icmpv6": 137}
# That of a neighbour solicitation.
SOLICITATION = 135
# Whose packet it is that carries ARP in a tunnel: nobody's.
HOUSEKEEPING_FRAME = ("arp",)
# Hops that are told of a packet that goes round for ever.
SHOWN_OF_LOOP = 32


class Record:
    """Raw events of one probe, as the observers heard them."""

    # Events that one socket may have to tell. Of a packet that goes round for ever there would always be more.
    MOST = 5_000

    def __init__(self):
        self.hops, self.neighbours, self.deliveries, self.work = [], [], [], []
        # Drops by timers, in whatever task: of anybody's packets.
        self.late = []
        # Frames that came in, ARP too: when, host, interface, octets without the frame's own header, packet.
        self.arrivals = []
        self.rules = {}
        self.lost = False
        # True: an observer was stopped, having told so many.
        self.cut = False

    def turns(self):
        """Counts the events of one socket; ends when there are too many."""
        yield from range(self.MOST)
        self.cut = True


class Roles:
    """Tells the probe's packet from what was sent because of it."""

    def __init__(self, packet, ident):
        self.ident = ident
        number = protocol_number(packet)
        self.number = number
        self.kind = packet.get("icmpType", 8 if number == 1 else 128) if number in (1, 58) else None
        self.reset = number == 6 and "R" in packet.get("flags", "S")
        self.syn_ack = number == 6 and {"S", "A"} <= set(packet.get("flags", "S"))
        # Outer headers of tunnels, whose fragments or quotations show no inner packet.
        self.known = {}
        self.errors = {}

    def of(self, packet):
        """"main" or the key of a response."""
        if packet is None:
            return "main"
        inner = packet.get("inner")
        if inner is not None or "vni" in packet:
            # VXLAN carries ARP where it carries no IP packet.
            role = HOUSEKEEPING_FRAME if inner is None else self.of(inner)
            self.known[packet["id"], packet["src"], packet["dst"]] = role
            return role
        if packet["id"] == self.ident and self._same_kind(packet):
            return "main"
        if (packet["id"], packet["src"], packet["dst"]) in self.known:
            return self.known[packet["id"], packet["src"], packet["dst"]]
        # Errors about the fragments of one IPv6 packet all have one flow label; rules are traced with less than they quote.
        what = (kind_of(packet), packet.get("icmpType"), packet.get("icmpCode"), packet["id"])
        redirect = packet["proto"] in REDIRECT and packet.get("icmpType") == REDIRECT[packet["proto"]]
        if redirect:
            # Sent to a neighbour, and dropped where NAT would change it: one packet may call for several.
            what = (*what, packet["src"], packet["dst"])
        if "quoted" in packet:
            quoted = packet["quoted"]
            role = (*what, quoted.get("fragOffset"), _whose(quoted) if redirect or _is_redirect(quoted) else None)
            self.errors.setdefault(what, role)
        else:
            role = self.errors.get(what, (*what, None, None))
        if packet.get("mf") and packet.get("fragOffset") == 0:
            # Further fragments of an answer do not tell what they are.
            self.known[packet["id"], packet["src"], packet["dst"]] = role
        return role

    def _same_kind(self, packet):
        if packet["proto"] in ("icmp", "icmpv6"):
            return self.number in (1, 58) and packet.get("icmpType", self.kind) == self.kind
        if packet["proto"] == "tcp" and "flags" in packet:
            return ("R" in packet["flags"]) == self.reset and ({"S", "A"} <= set(packet["flags"])) == self.syn_ack
        return True


def _whose(quoted):
    """What tells the packets apart that one router redirects: answers, errors about those, and turns of one that goes round; and
    the redirects that it refuses itself."""
    return (kind_of(quoted), *(quoted.get(key) for key in ("src", "dst", "proto", "icmpType", "ttl")))


def kind_of(packet):
    proto = packet["proto"]
    if proto in ("icmp", "icmpv6"):
        kind = packet.get("icmpType")
        return "echo-reply" if kind == (0 if proto == "icmp" else 129) else "icmp"
    if proto == "tcp" and "flags" in packet:
        if "R" in packet["flags"]:
            return "tcp-reset"
        if {"S", "A"} <= set(packet["flags"]):
            return "syn-ack"
    return "data"


def is_error(packet):
    proto = packet["proto"]
    return (proto == "icmp" and packet.get("icmpType") in ICMP_ERRORS) or (
        proto == "icmpv6" and packet.get("icmpType") in ICMPV6_ERRORS
    )


def _hop(hop):
    _, host, iface, direction, kind, packet = hop
    shown = {"host": host, "iface": iface, "dir": direction, "packet": packet}
    if kind not in ("host", "outgoing"):
        shown["pktType"] = kind
    return shown


def analyse(topology, drops_observer, packet, ident, error, record, sender, pending):
    """The reply to a probe. `sender` is the host whose process sent it, or None if it was received.
    `pending` holds the neighbours that nobody has answered for since the last flush; it is added to."""
    roles = Roles(packet, ident)
    hops = sorted(record.hops, key=lambda hop: hop[0])
    for hop in hops:
        # A further fragment may be seen with the header that a later hop gives all of them (shared frames).
        roles.of(hop[5])
    main_hops, responses = [], {}
    for hop in hops:
        role = roles.of(hop[5])
        if role == HOUSEKEEPING_FRAME:
            continue
        if role == "main":
            main_hops.append(hop)
        elif hop[5]["proto"] == "icmpv6" and hop[5].get("icmpType") in HOUSEKEEPING:
            when, host, iface, direction, _, seen = hop
            if seen["icmpType"] in ND_ADDRESSED:
                neighbour = {"op": ND_ADDRESSED[seen["icmpType"]], "sender": seen["src"], "target": seen.get("target")}
                record.neighbours.append((when, host, iface, direction, neighbour))
        else:
            responses.setdefault(role, []).append(hop)

    deliveries = {}
    for when, host, delivered in sorted(record.deliveries, key=lambda delivery: delivery[0]):
        deliveries.setdefault(roles.of(delivered), []).append({"host": host, "packet": delivered})

    drops = _drops(topology, drops_observer, record, roles, sender)
    main_deliveries = deliveries.get("main", [])
    if not main_deliveries:
        # Nothing in the kernel handles this protocol, which it only finds out after INPUT.
        for drop in drops:
            if drop["reason"] == NO_HANDLER and drop["packet"] == "main" and main_hops:
                main_deliveries = [{"host": drop["host"], "packet": main_hops[-1][5]}]
                break
    rules = _rules(topology, record, roles, main_hops, responses)

    reply = {
        "ok": True, "outcome": None, "hops": [_hop(hop) for hop in main_hops],
        "delivered": main_deliveries[0] if main_deliveries else None, "rules": rules.get("main", []), "drops": drops,
        "errno": error, "responses": [_response(seen, role, deliveries, rules) for role, seen in responses.items()],
    }
    if len(main_deliveries) > 1:
        reply["deliveries"] = main_deliveries
    if record.neighbours:
        reply["neighbours"] = [
            {"host": host, "iface": iface, "dir": direction, **neighbour}
            for _, host, iface, direction, neighbour in sorted(record.neighbours, key=lambda event: event[0])
        ]
    if record.lost:
        reply["traceLost"] = True
    pending |= _unanswered(topology, reply)
    reply["outcome"] = _outcome(topology, reply, main_hops, sender, pending)
    return reply


def endless(packet, ident, error, record):
    """The reply about a packet that went round for ever, or made another one do so: its first hops."""
    roles = Roles(packet, ident)
    hops = sorted(record.hops, key=lambda hop: hop[0])[:SHOWN_OF_LOOP]
    return {
        "ok": True, "outcome": "loop", "hops": [_hop(hop) for hop in hops if roles.of(hop[5]) == "main"],
        "delivered": None, "rules": [], "drops": [], "errno": error, "responses": [],
    }


def _drops(topology, observer, record, roles, sender):
    """Drops in order, with their host, and whether the packet dropped was the probe's ("main"), one sent
    because of it ("response"), or one that never got as far as being received anywhere (None)."""
    arrivals = {}
    for _, where, iface, size, packet in sorted(record.arrivals, key=lambda arrival: arrival[0]):
        # The tracepoint names no namespace. What a thread of the kernel sends meanwhile (multicast listener reports) is received in
        # that thread's time, of which no event tells: its length tells it from what was.
        arrivals.setdefault((iface, size), []).append((where, packet))
    host, current, role = sender, None, "main" if sender else None
    shown, owners, late, looped = [], {}, [], set()
    unasked = _unasked(record, roles)
    for event in record.work:
        if event[1] == LOOPED:
            looped.add(event[0])
            continue
        if event[1] is not None:
            is_looped = event[0] in looped
            looped.discard(event[0])
            waiting = None if is_looped else arrivals.get(event[1:])
            # Without an arrival it is the fabric, the fence or what a host hears of itself; drops of ARP are nobody's business.
            where, packet = waiting.pop(0) if waiting else (None, None)
            host = None if packet is None else where
            current = event[0]
            role = None if packet is None else "main" if roles.of(packet) == "main" else "response"
            if role is not None:
                # Later frames may have its memory, once it is given up.
                owners[current] = (host, role)
            continue
        skb, _, reason, protocol, address = event
        if skb in owners and _is_late(observer, reason, address):
            # A timer fired while something else was at work.
            late.append(event)
            continue
        about = role if current is None or skb == current else None
        if host is None or protocol not in (ETH_IPV4, ETH_IPV6, 0):
            continue
        if protocol == 0 and reason == "NOT_SPECIFIED":
            # Socket housekeeping of the oracle itself.
            continue
        if reason.startswith(KEYED):
            continue
        if reason == PURGED and not observer.location(address).startswith(NEIGHBOURS):
            continue
        if reason == "NETFILTER_DROP":
            # A host that keeps still drops what it says of itself, and no rule that is told has met the probe's packet there.
            is_still = topology.hosts[host].muted and (about is None or (current is None and host not in record.rules))
            if is_still or (current is None and host in unasked):
                continue
        shown.append({"host": host, "packet": about, "reason": reason, "location": observer.location(address)})
    for skb, _, reason, _, address in late + record.late:
        if skb in owners and _is_late(observer, reason, address):
            host, role = owners[skb]
            shown.append({"host": host, "packet": role, "reason": reason, "location": observer.location(address)})
    return shown


def _is_late(observer, reason, address):
    """Whether a timer drops it, which fires in any task's time."""
    return reason in LATE_REASONS or (reason == "NOT_SPECIFIED" and observer.location(address).startswith(NEIGHBOURS))


def _at_edge(topology, hop):
    interface = topology.hosts[hop[1]].interfaces.get(hop[2])
    return interface is not None and interface.peer is not None and not interface.neighbours


def _response(hops, role, deliveries, rules):
    first = hops[0]
    packet = first[5]
    while "inner" in packet:
        packet = packet["inner"]
    response = {"kind": role[0], "host": first[1], "from": packet["src"], "to": packet["dst"]}
    if packet["proto"] in ("icmp", "icmpv6"):
        response["type"], response["code"] = packet.get("icmpType"), packet.get("icmpCode")
        if "mtu" in packet:
            response["mtu"] = packet["mtu"]
    response["packet"] = packet
    if "quoted" in packet:
        response["quoted"] = packet["quoted"]
    response["hops"] = [_hop(hop) for hop in hops]
    taken = deliveries.get(role)
    response["delivered"] = taken[0] if taken else None
    if taken and len(taken) > 1:
        response["deliveries"] = taken
    response["rules"] = rules.get(role, [])
    return response


def _rules(topology, record, roles, main_hops, responses):
    """Rule events by role. Within a host they are in order already; a packet that visits several hosts
    needs the hops to tell whose turn it was."""
    per_role = {}
    for host, events in record.rules.items():
        tunnelled = _tunnelled(topology.hosts[host], main_hops, responses)
        latest = tunnelled[0] if len(tunnelled) == 1 else "main"
        for packet, iif, oif, event in events:
            role = roles.of(packet)
            if role == HOUSEKEEPING_FRAME:
                continue
            if role in tunnelled:
                latest = role
            elif role != "main" and role not in responses and _is_tunnel(packet):
                # The outer packet of a tunnel that was dropped before any interface saw it. The trace of nft ends before what it
                # carries: that is what this host gave to the tunnel, or of several the one whose rules came last.
                role = latest
            per_role.setdefault(role, {}).setdefault(host, []).append((iif, oif, packet and packet["ttl"], {"host": host, **event}))
    result = {}
    for role, hosts in per_role.items():
        if len(hosts) == 1:
            ((_, events),) = hosts.items()
            result[role] = [event for _, _, _, event in events]
            continue
        hops = main_hops if role == "main" else responses.get(role, [])
        visits, arrivals, previous = [], [], None
        for hop in hops:
            if hop[1] != previous:
                visits.append(hop[1])
                arrivals.append(None if hop[3] == "out" else hop)
                previous = hop[1]
        segments = {host: _segments(topology.hosts[host], events) for host, events in hosts.items()}
        merged = []
        for position, host in enumerate(visits):
            waiting = segments.get(host)
            if waiting:
                # The last visit takes whatever is left.
                again = host in visits[position + 1 :]
                take = len(waiting) if not again else int(_is_of_visit(topology.hosts[host], waiting[0], arrivals[position]))
                for segment in waiting[:take]:
                    merged += [event for _, _, event in segment]
                del waiting[:take]
        for host, waiting in segments.items():
            for segment in waiting:
                merged += [event for _, _, event in segment]
        result[role] = merged
    return result


def _unasked(record, roles):
    """Hosts whose rules drop their own question for a neighbour, and not the probe's packet that waits for the answer: both are worked on
    at once."""
    hosts = set()
    for host, events in record.rules.items():
        dropped = {}
        for packet, _, _, event in events:
            asks = packet is not None and packet["proto"] == "icmpv6" and packet.get("icmpType") == SOLICITATION
            refuses = event["verdict"] == "drop" or str(event.get("target")).upper() == "REJECT"
            dropped["question" if asks else roles.of(packet)] = refuses
        if dropped.get("question") and not dropped.get("main"):
            hosts.add(host)
    return hosts


def _tunnelled(host, main_hops, responses):
    """The roles of what a host gave to a tunnel of its own."""
    return [
        role for role, hops in (("main", main_hops), *responses.items())
        if any(hop[1] == host.name and hop[3] == "out" and _is_tunnel_device(host, hop[2]) for hop in hops)
    ]


def _is_tunnel_device(host, name):
    interface = host.interfaces.get(name)
    return interface is not None and interface.kind == "vxlan"


def _is_tunnel(packet):
    return packet["proto"] == "udp" and ("vni" in packet or packet.get("dport") in (4789, 8472))


def _is_of_visit(host, segment, arrival):
    """Whether the rules that a packet met from one arrival on are of this one (None: it was sent here); they may be of a later
    one, if it met none before. Every router in between has taken one off the TTL."""
    iif, ttl, event = segment[0]
    if arrival is None:
        return not iif
    interface = host.interfaces.get(host.by_index.get(iif))
    if interface is None or interface.peer is None:
        return True
    _, _, name, _, _, packet = arrival
    return host.by_index.get(iif) == name and (_sets_ttl(event) or ttl is None or ttl in (packet["ttl"], packet["ttl"] - 1))


def _segments(host, events):
    """Cut a host's events where the packet came in anew from a wire."""
    segments, previous, built_in, changed = [], None, None, False
    for iif, oif, ttl, event in events:
        interface = host.interfaces.get(host.by_index.get(iif))
        from_wire = interface is not None and interface.peer is not None
        if previous is None:
            anew = True
        elif not from_wire:
            anew = False
        elif not oif:
            again = previous[2] != ttl and _turns_back(built_in, event)
            anew = bool(previous[1]) or previous[0] != iif or again
        else:
            # With no rules before FORWARD, only its header tells a packet from its earlier self, unless a rule has changed that
            # since it was last shown: nft shows it once in a chain, as a rule left it, the legacy trace as it came to each rule.
            lived = previous[2] != ttl and (not (changed or _sets_ttl(event)) or _turns_back(built_in, event))
            anew = bool(previous[1]) and (previous[0] != iif or lived)
        if anew:
            segments.append([])
        segments[-1].append((iif, ttl, event))
        changed = _sets_ttl(event) or (changed and not anew and previous[2] == ttl)
        previous = (iif, oif, ttl)
        if event["chain"] in HOOKS:
            built_in = event
    return segments


def _sets_ttl(event):
    return str(event.get("target")).upper() in ("TTL", "HL")


def _turns_back(before, event):
    """Whether a rule comes no later on one way through a host than the last one of a built-in chain before it."""
    if before is None or event["chain"] not in HOOKS:
        return False
    if before["chain"] != event["chain"]:
        return HOOKS.index(before["chain"]) > HOOKS.index(event["chain"])
    # The policy comes last, and has no number.
    first, second = (one["index"] or math.inf for one in (before, event))
    return all(before[key] == event[key] for key in ("backend", "table")) and first >= second


def _outcome(topology, reply, hops, sender, pending):
    """The word for it, in the sense of INTERFACES section 4; the facts it rests on are in the reply."""
    last = hops[-1] if hops else None
    if reply["delivered"]:
        return "delivered"
    for response in reply["responses"]:
        if response["kind"] == "tcp-reset" or (is_error(response["packet"]) and response["type"] != 5):
            if not _is_redirect(response.get("quoted")):
                return "rejected"
    if last and last[3] == "out" and _at_edge(topology, last):
        return "left"
    if (_unanswered(topology, reply) and not _ended(reply, last)) or _waits(reply, last, sender, pending):
        return "unresolved"
    if reply["rules"] and str(reply["rules"][-1].get("target", "")).upper() == "REJECT":
        return "rejected"
    if not reply["errno"] and any(_beyond_scope(topology, hops, drop) for drop in reply["drops"]):
        return "rejected"
    if not reply["errno"] and any(
        (drop["reason"] in REFUSALS or drop["location"] in REFUSING)
        and drop["packet"] == "main" and drop["location"] not in MALFORMED
        for drop in reply["drops"]
    ):
        return "rejected"
    return "dropped"


def _is_redirect(packet):
    """Nobody refuses the probe's packet who refuses the redirect about it."""
    return packet is not None and packet["proto"] in REDIRECT and packet.get("icmpType") == REDIRECT[packet["proto"]]


def _beyond_scope(topology, hops, drop):
    """A link-local source that was not forwarded: the kernel owes an error for that too, if it forwards at all."""
    if drop["packet"] != "main" or drop["reason"] != "IP_INADDRERRORS" or drop["location"] != "ip6_forward":
        return False
    # A copy of TEE may have come further than the packet, which ends elsewhere.
    arrival = next((hop for hop in reversed(hops) if hop[1] == drop["host"] and hop[3] == "in"), None)
    if arrival is None or not arrival[5]["src"].startswith("fe80:"):
        return False
    read = topology.hosts[arrival[1]].namespace.read
    for setting in ("all/forwarding", f"{arrival[2]}/force_forwarding"):
        try:
            if read(f"/proc/sys/net/ipv6/conf/{setting}").strip() == "1":
                return True
        except FileNotFoundError:
            # Before Linux 6.17 no interface forwards on its own.
            return False
    return False


def _unanswered(topology, reply):
    """(host, interface, address) of every question for a link-layer address that got no answer."""
    asked, heard = set(), set()
    for event in reply.get("neighbours", ()):
        if event["op"] == "request" and event["dir"] == "out" and _is_own(topology, event):
            asked.add((event["host"], event["iface"], event["target"]))
        elif event["op"] == "reply" and event["dir"] == "in":
            # An ARP reply names what it is about as its sender, an advertisement as its target.
            heard |= {(event["host"], event["iface"], event[key]) for key in ("sender", "target")}
    return asked - heard


def _ended(reply, last):
    """The packet was dropped where it came last, for something else: what is asked there is asked for another's sake, as by a redirect."""
    return last is not None and last[3] == "in" and any(
        drop["packet"] == "main" and drop["host"] == last[1] and drop["reason"] in UNROUTED for drop in reply["drops"]
    )


def _is_own(topology, event):
    """Whether the host asks for itself: a bridge also passes on the questions of others."""
    interface = topology.hosts[event["host"]].interfaces.get(event["iface"])
    return interface is None or event.get("senderMac", interface.mac) == interface.mac


def _waits(reply, last, sender, pending):
    """Nothing happened to the packet where an earlier question for a neighbour is still open."""
    host = last[1] if last and last[3] == "in" else None if last else sender
    return (
        host in {place[0] for place in pending} and not reply["errno"]
        and not any(drop["packet"] == "main" for drop in reply["drops"])
    )
