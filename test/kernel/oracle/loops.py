"""Packets that go round for ever: rules that set the TTL in a routing loop.

The kernel would forward such a packet until the machine is switched off, and every flush of conntrack in one of its
namespaces would wait for it with the lock that all namespaces share.
"""

from namespaces import OracleError

# More hops than most packets have; what has fewer has ended.
SUSPICIOUS = 100
# What takes longer may not have ended.
LONG_S = 0.002
# Packets that are received meanwhile without any loop: neighbours that are asked.
STILL = 4
# Far more than 255 turns of a packet in fragments through tunnels, and of the errors about it.
ENDLESS = 10_000


class Endless(OracleError):
    def __init__(self):
        super().__init__("a packet went round for ever, so the links were taken down: build anew")


def received(topology):
    """Packets that each interface has received, by (host, interface)."""
    counts = {}
    for host in topology.hosts.values():
        for line in host.namespace.read_often("/proc/net/dev").splitlines()[2:]:
            name, _, numbers = line.partition(":")
            counts[host.name, name.strip()] = int(numbers.split()[1])
    return counts


def going_round(topology, fence):
    """The interfaces that a packet passes without end; none where everything comes to rest."""
    first = last = received(topology)
    while True:
        # The kernel goes on with what waits inside our own send().
        fence.wait()
        now = received(topology)
        if sum(now.values()) - sum(last.values()) < STILL:
            return []
        if sum(now.values()) - sum(first.values()) > ENDLESS:
            return [place for place in now if now[place] - first[place] > STILL]
        last = now


def break_up(topology, fence):
    """Takes all links down, which ends every loop."""
    topology.broken = True
    for host in topology.hosts.values():
        names = dict.fromkeys(("lo", *host.interfaces))
        host.namespace.run(["ip", "-force", "-batch", "-"], "".join(f"link set {name} down\n" for name in names))
    if going_round(topology, fence):
        raise OracleError("packets go round although all links are down")
