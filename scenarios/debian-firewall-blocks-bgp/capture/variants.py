"""The captures: what is different from the healthy cluster in each, and what it must show to be kept."""

import os
import time
from dataclasses import dataclass, field
from typing import Callable

import bird
import cluster
from namespaces import HERE

INCIDENT = os.path.dirname(HERE)
WORKERS = ["worker-1", "worker-2"]
NODE_NAMES = [node.name for node in cluster.NODES]


def hardened():
    with open(os.path.join(INCIDENT, "hardened.rules")) as file:
        return file.read()


def filter_rules(*rules, table="filter"):
    return "\n".join([f"*{table}", *rules, "COMMIT", ""])


def nothing(*_):
    pass


@dataclass
class Variant:
    title: str
    symptom: str
    lesson: str
    # The rules of a node's own firewall, loaded before kube-proxy's and Felix's, by node.
    host_rules: Callable = dict
    # Changes of the cluster before it is built.
    configure: Callable = nothing
    # Waits for BIRD; not called with VXLAN, where no BIRD runs.
    settle: Callable = bird.wait_established
    # What is done to the machines when all is up, before the dump.
    break_it: Callable = nothing
    # What the capture must show: (answers by name, machines).
    check: Callable = nothing
    every_probe: bool = False
    patient: bool = False
    fixes: bool = False
    name: str = ""

    @property
    def scenario_name(self):
        if self.name == "bgp-blocked":
            return "debian-firewall-blocks-bgp"
        return "debian-firewall-blocks-bgp-healthy" if self.name == "healthy" else self.name


def results(by_name, **expected):
    """The results of headline probes; `a_to_c` is the probe a-to-c."""
    for name, result in expected.items():
        found = by_name[name.replace("_", "-")]
        assert found["result"] == result, found


def hops(by_name, name, expected):
    assert by_name[name]["hops"] == expected, by_name[name]


def counter(machines, node, words, table="filter", tool="iptables-nft-save"):
    """Packets that the first rule with these words has counted on a node."""
    rows = machines.nodes[node].run(tool, "-c", "-t", table).splitlines()
    return int(next(row for row in rows if words in row).split(":")[0].lstrip("["))


def is_healthy(by_name, _):
    results(by_name, a_to_b="answered", a_to_apiserver="answered")
    for answer in by_name.values():
        between_pods = answer["from"].startswith("pod/") and answer["to"].startswith("pod/")
        assert not between_pods or answer["result"] == "answered", answer
    hops(by_name, "traceroute-udp-default-a-to-default-c", ["172.16.0.10", "172.16.0.11", "192.168.133.193"])


def is_blocked(by_name, machines):
    results(by_name, a_to_b="answered", a_to_apiserver="answered", a_to_c="timeout")
    for worker in WORKERS:
        policy = next(row for row in machines.nodes[worker].run("iptables-nft-save", "-c", "-t", "filter").splitlines()
                      if row.startswith(":INPUT "))
        assert policy.startswith(":INPUT DROP ") and not policy.endswith("[0:0]"), policy


# ---- what is broken, and how

def drop_bgp_on_the_dialling_side():
    return {"control-plane": filter_rules("-A INPUT -p tcp --dport 179 -j DROP")}


def nothing_breaks(by_name, machines):
    is_healthy(by_name, machines)
    assert counter(machines, "control-plane", "--dport 179 -j DROP") == 0


def reject_bgp():
    return dict.fromkeys(NODE_NAMES, filter_rules("-A INPUT -p tcp --dport 179 -j REJECT"))


def wait_refused(birds):
    bird.wait_blocked(birds, ("Active Socket: Connection refused", "Connect Socket: Connection refused"))


def is_refused(by_name, machines):
    results(by_name, a_to_b="answered", a_to_apiserver="answered", a_to_c="timeout")
    for worker in WORKERS:
        assert counter(machines, worker, "--dport 179 -j REJECT") > 0


def with_vxlan():
    cluster.VXLAN = True


def drop_vxlan_on_worker_2():
    return {"worker-2": filter_rules("-A PREROUTING -p udp -m udp --dport 4789 -j DROP", table="raw")}


def vxlan_is_blocked(by_name, machines):
    results(by_name, a_to_b="answered", a_to_apiserver="answered", a_to_c="timeout", a_to_dns="answered")
    assert counter(machines, "worker-2", "--dport 4789 -j DROP", table="raw") > 0


def vxlan_passes(by_name, machines):
    results(by_name, a_to_b="answered", a_to_apiserver="answered", a_to_c="answered")
    hops(by_name, "traceroute-udp-default-a-to-default-c", ["172.16.0.10", "192.168.133.192", "192.168.133.193"])
    assert counter(machines, "worker-2", "Allow IPv4 VXLAN packets from allowed hosts") > 0


def stop_forwarding(machines, node):
    machines.nodes[node].run("sysctl", "-q", "-w", "net.ipv4.ip_forward=0")


def cached_then_stop(machines):
    """The pods of worker-1 know their gateway, and go on knowing it: the entry would be doubted after half a minute."""
    for pod in cluster.PODS:
        if pod.node == "worker-1":
            namespace = machines.pods[pod.id]
            namespace.sysctl({"net.ipv4.neigh.eth0.base_reachable_time_ms": 7200000})
            namespace.run("ping", "-n", "-c", "1", "-W", "1", cluster.EXTERNAL_HOST)
    stop_forwarding(machines, "worker-1")


def stop_then_expire(machines):
    """The pods of worker-1 have to ask for their gateway again, and have done so in vain."""
    stop_forwarding(machines, "worker-1")
    for pod in cluster.PODS:
        if pod.node == "worker-1":
            namespace = machines.pods[pod.id]
            namespace.ip("neigh flush all")
            namespace.run("sh", "-c", f"ping -n -c 1 -W 4 {cluster.EXTERNAL_HOST} || true")


def silence_at_source(by_name, _):
    results(by_name, a_to_c="timeout", a_to_b="timeout", a_pings_apiserver="timeout")
    hops(by_name, "traceroute-udp-default-a-to-default-c", ["*"])
    assert by_name["ping-default-a-to-worker-1"]["result"] == "answered"


def no_gateway(by_name, _):
    results(by_name, a_to_c="unreachable", a_to_b="unreachable", a_pings_apiserver="unreachable")
    hops(by_name, "traceroute-udp-default-a-to-default-c", ["192.168.226.65"])


def stop_at_destination(machines):
    stop_forwarding(machines, "worker-2")


def silence_at_destination(by_name, _):
    results(by_name, a_to_c="timeout", a_to_b="answered", a_to_apiserver="answered")
    hops(by_name, "traceroute-udp-default-a-to-default-c", ["172.16.0.10", "*"])


def remove_default_route(machines):
    machines.nodes["worker-1"].ip("route delete default")


def two_subnets():
    cluster.SECOND_LAN, cluster.SECOND_GATEWAY = "172.16.1.0/24", "172.16.1.1"
    worker = cluster.NODES[2]
    worker.ip = "172.16.1.11"


def gateway_has_no_route(by_name, _):
    results(by_name, a_to_b="answered", a_to_apiserver="answered", a_to_c="timeout")
    hops(by_name, "traceroute-udp-default-a-to-default-c", ["172.16.0.10", "*"])


VARIANTS = {
    "healthy": Variant(
        title="A healthy kubeadm cluster with Calico, without encapsulation",
        symptom="""Nothing is wrong. Three nodes, Calico v3.29.2 with plain routes between the nodes (no VXLAN, no IPIP), BGP
established, every pod reaches every pod.

Somebody pings `10.96.0.1`, the ClusterIP of the API server, gets `Destination Net Unreachable` from the gateway, and
believes that the cluster is broken.
""",
        lesson="""A ClusterIP is not an address of any machine. kube-proxy rewrites connections to the ports of the Service
(here tcp/443) and nothing else, so an ICMP echo request for `10.96.0.1` matches no rule, follows the default route
and ends at the gateway, in a healthy cluster as in a broken one. Test a Service with the protocol and port it serves.

In a traceroute between pods the first hop is the own node, always; the second is the other node.
""",
        check=is_healthy,
        every_probe=True,
    ),
    "bgp-blocked": Variant(
        title="Pods on different nodes cannot reach each other: a hardened Debian firewall drops BGP",
        symptom="""Three fresh Debian nodes, kubeadm 1.31.3, Calico v3.29.2 with plain routes between the nodes. Pods on one node
reach each other. Pods on different nodes do not: `ping` prints nothing and loses everything, `traceroute` shows the
own node and then stars. DNS works on the control plane, where both CoreDNS pods run, and nowhere else.

`ping 10.96.0.1` from a pod fails too, so the API server seems to be out of reach as well. A NetworkPolicy
`allow-apiserver` was added; nothing changed.

The nodes were hardened: `INPUT` drops what is not listed, and the list holds ssh (22), the API server (6443) and the
kubelet (10250).
""",
        lesson="""Without encapsulation Calico needs BGP between the nodes: tcp/179. The firewall drops it in `INPUT`, so no session
is ever established, BIRD learns no routes, and traffic for the pods of other nodes follows the default route to the
gateway, which knows nothing about pods. The gateway cannot even say so, for it has no route back to a pod either:
that is why `ping` stays silent.

What misleads:

* `ping 10.96.0.1` fails in the healthy cluster too. A TCP connection to `10.96.0.1:443` works all along, because its
  endpoint is a node address and needs no BGP route.
* The own node as first hop of a traceroute is normal.
* udp/4789 matters with VXLAN only; here no packet uses it.
* The policy changes nothing: policy is not what stops these packets.
* The node with the drop matters. In the mesh the node whose address is the greater string dials, the other one waits
  (`passive on`). `172.16.0.9` is the greatest string: it dials both workers, and its own INPUT chain never sees a new
  connection to port 179. `172.16.0.10` is passive towards everybody. The rule is needed on the workers.
""",
        host_rules=lambda: dict.fromkeys(NODE_NAMES, hardened()),
        settle=bird.wait_blocked,
        check=is_blocked,
        every_probe=True,
        fixes=True,
    ),
    "bgp-blocked-where-nothing-breaks": Variant(
        title="A node drops tcp/179 in INPUT, and nothing breaks",
        symptom="""Somebody adds `iptables -A INPUT -p tcp --dport 179 -j DROP` to control-plane, one of three nodes. The monitoring of
the firewall calls it a fault. Every pod reaches every pod, and all BGP sessions are established.
""",
        lesson="""In Calico's mesh the node whose address is the greater *string* dials, and the other one waits. "172.16.0.9" is greater
than "172.16.0.10" and "172.16.0.11": control-plane dials everybody and nobody dials it. Answers to what it dials come from
port 179 to a high port, which the rule does not match. It counted no packet.

The same rule on worker-1 cuts both sessions of worker-1. So before a drop is blamed, look at its counter, and at who dials;
and allow tcp/179 everywhere all the same, for addresses change.
""",
        host_rules=drop_bgp_on_the_dialling_side,
        check=nothing_breaks,
    ),
    "bgp-blocked-by-reject": Variant(
        title="A firewall rejects BGP: the session says why",
        symptom="""Pods on one node reach each other, pods on different nodes do not, as when a firewall drops tcp/179. But
`birdc show protocols` says `Active  Socket: Connection refused`, as if BIRD were not running on the other side.
""",
        lesson="""A REJECT of tcp/179 answers the dialling side with an ICMP error, which `connect` reports as "Connection refused": the
same words as when nobody listens. A DROP leaves it in `Connect`, silent. For pods there is no difference: no session, no
routes, and their packets follow the default route into the gateway's silence.

"Connection refused" therefore means: the way there and back is good, and either BIRD is down or a rule rejects. `ss -lnt` on the
other node and the counters of its INPUT chain tell which.
""",
        host_rules=reject_bgp,
        settle=wait_refused,
        check=is_refused,
    ),
    "vxlan-blocked": Variant(
        title="VXLAN is dropped on one node, before Calico can accept it",
        symptom="""Calico with VXLAN and without BGP. Pods of worker-2 reach nobody on other nodes, and nobody reaches them. The nodes reach each other;
routes, neighbours and forwarding entries of vxlan.calico look perfect on all of them. `iptables -L` on worker-2 shows that Calico
accepts udp/4789.
""",
        lesson="""`iptables -L` shows the table filter. The drop is in raw: `iptables -t raw -A PREROUTING -p udp --dport 4789 -j DROP`, a
protection against floods. raw comes before filter, so the packets never reach cali-INPUT, which would accept them. Both directions
die: what worker-2 sends arrives, and the answers to it are dropped.

Nothing says so to a pod: the outer packet is lost, no error is made, and the traceroute ends after the own node. Only the rule's
counter tells, and the receive counter of vxlan.calico on worker-2, which stands still.
""",
        configure=with_vxlan,
        host_rules=drop_vxlan_on_worker_2,
        check=vxlan_is_blocked,
    ),
    "vxlan-blocked-after-calico-accept": Variant(
        title="INPUT drops what is not listed, VXLAN is not listed, and nothing breaks",
        symptom="""The hardened firewall that breaks BGP (INPUT drops all but ssh, the API server, the kubelet) on a cluster with VXLAN. udp/4789 is not
on its list, yet all pods reach all pods.
""",
        lesson="""Felix keeps its jump to cali-INPUT on top of INPUT, and with VXLAN cali-INPUT accepts udp/4789 of known nodes. What the host's
firewall says further down, and the policy of INPUT, are never asked. So the same list that breaks a cluster with BGP
does no harm to one with VXLAN; and an appended ACCEPT for 4789 would be dead text.

It holds for iptables. A base chain of nftables with a later priority on the same hook is asked again, and can drop.
""",
        configure=with_vxlan,
        host_rules=lambda: dict.fromkeys(NODE_NAMES, hardened()),
        check=vxlan_passes,
    ),
    "forwarding-off-at-source-cached": Variant(
        title="ip_forward=0 on the sender's node, while pods still know their gateway",
        symptom="""All at once the pods of worker-1 reach nobody but the node itself, not even each other. Not one error: `ping` loses everything
in silence, `traceroute` shows stars from the first hop on. The node itself reaches everybody, its own pods too.
""",
        lesson="""`net.ipv4.ip_forward=0` makes a node drop what it would forward, and send no error. The first hop is a star, which is different from
every firewall and every missing route: those leave the own node visible, for it answers when the TTL ends.

Packets between pods of one node are forwarded, too. What is for the node itself is not, and arrives. Pods go on sending
because they remember the MAC address of 169.254.1.1; when they forget it, the picture changes
(forwarding-off-at-source-expired). `nstat -az IpInAddrErrors` counts the losses.
""",
        break_it=cached_then_stop,
        check=silence_at_source,
    ),
    "forwarding-off-at-source-expired": Variant(
        title="ip_forward=0 on the sender's node, after pods forgot their gateway",
        symptom="""The pods of worker-1 reach nobody, not even worker-1. `ping` says after three seconds `From 192.168.226.65 Destination Host
Unreachable`: the pod's own address. `ip neigh` in the pod shows 169.254.1.1 as FAILED for a while. worker-1 cannot reach its pods either.
""",
        lesson="""A pod's gateway 169.254.1.1 is on no machine. The node answers ARP for it by proxy_arp, and Linux does that only on interfaces that
forward. With `net.ipv4.ip_forward=0` nobody answers, and once the entry in the pod has expired the pod cannot send at all. The
error comes from the pod itself.

It looks like a broken pod or a broken cable, and is one sysctl of the node. The node's ping reaches the pod; the answer has no way back.
""",
        break_it=stop_then_expire,
        check=no_gateway,
        patient=True,
    ),
    "forwarding-off-at-destination": Variant(
        title="ip_forward=0 on the receiver's node",
        symptom="""Pods everywhere lose the pods of worker-2: silence after the own node. worker-2 itself is well: it answers ping and ssh, BGP is established,
the routes are there. Its own pods reach nobody, not even worker-2.
""",
        lesson="""A packet for a pod of worker-2 reaches worker-2, which would have to forward it, and with `net.ipv4.ip_forward=0` drops it without an
error. From afar it looks like a lost route or a firewall: hop 1 is the own node, then stars. `nstat -az IpInAddrErrors` on
worker-2 grows; `ip route get 192.168.133.193 from 192.168.226.65 iif eth0` there says "No route to host".

What worker-2 sends itself is not forwarded and goes out, and BGP goes on announcing what cannot be reached.
""",
        break_it=stop_at_destination,
        check=silence_at_destination,
        patient=True,
    ),
    "no-default-route": Variant(
        title="A node without a default route: its pods have no gateway",
        symptom="""worker-1 has lost its default route. One expects the Internet to be gone. But its pods reach nobody at all, not their neighbours on
the same node and not pods to which worker-1 has a route. `ping` says `Destination Host Unreachable` from the pod's own address.
""",
        lesson="""A pod asks by ARP for 169.254.1.1, and proxy_arp answers only when the node has a route to that address through another interface.
Nothing but the default route leads to 169.254.1.1. Without it the node stays silent, and new pods, or pods whose entry has
expired, cannot send anything, wherever it should go.

Give the node a default route, or a route to 169.254.1.1 through another interface.
""",
        break_it=remove_default_route,
        check=no_gateway,
        patient=True,
    ),
    "two-subnets-without-encapsulation": Variant(
        title="Nodes in two subnets, and no encapsulation",
        symptom="""worker-2 is in another subnet, behind the gateway. All BGP sessions are established, every node has routes to all blocks, no firewall
anywhere. Pods of worker-2 and pods of the other nodes do not reach each other.
""",
        lesson="""Plain routes need every router on the way to know the pods. BIRD on worker-1 learns 192.168.133.192/26 from 172.16.1.11, which it
reaches through the gateway; so the kernel gets the route `via 172.16.0.1`. The gateway has no route to pods, and drops; it
cannot say so, because it has no route back to a pod either.

The route is there and looks right. The next hop gives it away: it is the gateway, not the node. Cure: ipipMode or vxlanMode CrossSubnet (or
Always) in the IPPool, or a BGP peering with the gateway.
""",
        configure=two_subnets,
        check=gateway_has_no_route,
    ),
}
