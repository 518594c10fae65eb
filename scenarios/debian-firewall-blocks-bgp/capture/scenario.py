"""Writes scenario.yaml and measured.json from what was measured."""

import json

from yaml_out import flow, yaml

# Measured probes that get a name of their own and stand first.
HEADLINES = {
    "a-to-c": ("pod/default/a", "pod/default/c", "ping"),
    "a-to-b": ("pod/default/a", "pod/default/b", "ping"),
    "a-to-apiserver": ("pod/default/a", "service/default/kubernetes:443", "connect"),
    "a-pings-apiserver": ("pod/default/a", "10.96.0.1", "ping"),
    "a-to-dns": ("pod/default/a", "service/kube-system/kube-dns:53", "request"),
    "c-to-dns": ("pod/default/c", "service/kube-system/kube-dns:53", "request"),
}

TITLES = {
    "healthy": "A healthy kubeadm cluster with Calico, without encapsulation",
    "bgp-blocked": "Pods on different nodes cannot reach each other: a hardened Debian firewall drops BGP",
}

SYMPTOMS = {
    "healthy": """Nothing is wrong. Three nodes, Calico v3.29.2 with plain routes between the nodes (no VXLAN, no IPIP), BGP
established, every pod reaches every pod.

Somebody pings `10.96.0.1`, the ClusterIP of the API server, gets `Destination Net Unreachable` from the gateway, and
believes that the cluster is broken.
""",
    "bgp-blocked": """Three fresh Debian nodes, kubeadm 1.31.3, Calico v3.29.2 with plain routes between the nodes. Pods on one node
reach each other. Pods on different nodes do not: `ping` prints nothing and loses everything, `traceroute` shows the
own node and then stars. DNS works on the control plane, where both CoreDNS pods run, and nowhere else.

`ping 10.96.0.1` from a pod fails too, so the API server seems to be out of reach as well. A NetworkPolicy
`allow-apiserver` was added; nothing changed.

The nodes were hardened: `INPUT` drops what is not listed, and the list holds ssh (22), the API server (6443) and the
kubelet (10250).
""",
}

LESSONS = {
    "healthy": """A ClusterIP is not an address of any machine. kube-proxy rewrites connections to the ports of the Service
(here tcp/443) and nothing else, so an ICMP echo request for `10.96.0.1` matches no rule, follows the default route
and ends at the gateway, in a healthy cluster as in a broken one. Test a Service with the protocol and port it serves.

In a traceroute between pods the first hop is the own node, always; the second is the other node.
""",
    "bgp-blocked": """Without encapsulation Calico needs BGP between the nodes: tcp/179. The firewall drops it in `INPUT`, so no session
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
}

ALLOW = "iptables -I INPUT -s 172.16.0.0/24 -p tcp --dport 179 -j ACCEPT"


def named(measured):
    """The headline probes first, under their own names; then all others."""
    headlines, others = {}, []
    for answer in measured:
        key = (answer["from"], answer["to"], answer["kind"])
        name = next((n for n, wanted in HEADLINES.items() if wanted == key), None)
        if name:
            headlines[name] = dict(answer, name=name)
        else:
            others.append(answer)
    return [headlines[name] for name in HEADLINES] + others


def probe_line(answer):
    probe = {key: answer[key] for key in ("name", "from", "to", "kind", "proto", "port") if key in answer}
    probe["expect"] = {"result": answer["result"]}
    if "hops" in answer:
        probe["expect"]["hops"] = answer["hops"]
    return f"  - {flow(probe)}\n"


def fix_block(fix):
    out = f"  - name: {fix['name']}\n    changes:\n"
    for host in fix["hosts"]:
        out += f"      - exec: {{host: {host}, command: \"{ALLOW}\"}}\n"
    out += "    expect:\n"
    for name, answer in fix["answers"].items():
        out += f"      {name}: {{result: {answer['result']}}}\n"
    return out


def scenario_yaml(which, measured, fixes):
    name = {"bgp-blocked": "debian-firewall-blocks-bgp", "healthy": "debian-firewall-blocks-bgp-healthy"}[which]
    out = yaml({"apiVersion": "podpath/v1", "kind": "Scenario", "metadata": {"name": name}, "title": TITLES[which],
                "symptom": SYMPTOMS[which], "network": {"snapshot": "./snapshot"}})
    out += "\n# Every expectation below was measured; capture/README.md says how, measured.json holds the outputs.\nprobes:\n"
    out += "".join(probe_line(answer) for answer in named(measured))
    if fixes:
        out += "\n# Each was applied to the broken cluster and measured.\nfixes:\n" + "".join(map(fix_block, fixes))
    return out + "\n" + yaml({"lesson": LESSONS[which]})


def measured_json(measured, fixes, facts):
    rows = ",\n".join("  " + json.dumps(answer) for answer in named(measured))
    extra = json.dumps({"facts": facts, "fixes": fixes}, indent=1)[1:-1].strip("\n")
    return "{\n" + extra + ",\n \"probes\": [\n" + rows + "\n ]\n}\n"
