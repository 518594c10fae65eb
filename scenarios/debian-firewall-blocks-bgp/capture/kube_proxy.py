"""What kube-proxy (iptables mode, clusterCIDR detector) and the kubelet of 1.31 program on a node."""

import base64
import hashlib

import cluster


def short_hash(text):
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:16]


def port_name(service, port):
    return f"{service.namespace}/{service.name}:{port.name}"


def svc_chain(service, port):
    return "KUBE-SVC-" + short_hash(port_name(service, port) + port.protocol)


def sep_chain(service, port, ip):
    return "KUBE-SEP-" + short_hash(f"{port_name(service, port)}{port.protocol}{ip}:{port.target_port}")


def comment(text):
    return f'-m comment --comment "{text}"'


NEW = "-m conntrack --ctstate NEW"
# In the order in which kube-proxy makes sure of them; each goes to the top, so later ones end up above.
FILTER_JUMPS = [
    ("INPUT", f"{NEW} {comment('kubernetes externally-visible service portals')}", "KUBE-EXTERNAL-SERVICES"),
    ("FORWARD", f"{NEW} {comment('kubernetes externally-visible service portals')}", "KUBE-EXTERNAL-SERVICES"),
    ("INPUT", comment("kubernetes health check service ports"), "KUBE-NODEPORTS"),
    ("FORWARD", f"{NEW} {comment('kubernetes service portals')}", "KUBE-SERVICES"),
    ("OUTPUT", f"{NEW} {comment('kubernetes service portals')}", "KUBE-SERVICES"),
    ("FORWARD", comment("kubernetes forwarding rules"), "KUBE-FORWARD"),
    ("INPUT", f"{NEW} {comment('kubernetes load balancer firewall')}", "KUBE-PROXY-FIREWALL"),
    ("OUTPUT", f"{NEW} {comment('kubernetes load balancer firewall')}", "KUBE-PROXY-FIREWALL"),
    ("FORWARD", f"{NEW} {comment('kubernetes load balancer firewall')}", "KUBE-PROXY-FIREWALL"),
    ("INPUT", "", "KUBE-FIREWALL"),
    ("OUTPUT", "", "KUBE-FIREWALL"),
]
NAT_JUMPS = [
    ("OUTPUT", comment("kubernetes service portals"), "KUBE-SERVICES"),
    ("PREROUTING", comment("kubernetes service portals"), "KUBE-SERVICES"),
    ("POSTROUTING", comment("kubernetes postrouting rules"), "KUBE-POSTROUTING"),
]


def service_rules(service, port):
    name, svc = port_name(service, port), svc_chain(service, port)
    match = (f"-d {service.cluster_ip}/32 -p {port.protocol} {comment(name + ' cluster IP')} "
             f"-m {port.protocol} --dport {port.port}")
    rules = [f"-A KUBE-SERVICES {match} -j {svc}",
             f"-A {svc} ! -s {cluster.POD_CIDR} {match} -j KUBE-MARK-MASQ"]
    count = len(service.endpoint_ips)
    for index, ip in enumerate(service.endpoint_ips):
        sep = sep_chain(service, port, ip)
        target = f"{ip}:{port.target_port}"
        chance = "" if index == count - 1 else f" -m statistic --mode random --probability {1 / (count - index):.10f}"
        rules += [
            f"-A {svc} {comment(f'{name} -> {target}')}{chance} -j {sep}",
            f"-A {sep} -s {ip}/32 {comment(name)} -j KUBE-MARK-MASQ",
            f"-A {sep} -p {port.protocol} {comment(name)} -m {port.protocol} -j DNAT --to-destination {target}",
        ]
    return rules


def iptables_restore(family=4):
    """Input for `iptables-restore --noflush` (family 6: the same without Services, none has an IPv6 address)."""
    services = [(s, p) for s in cluster.SERVICES for p in s.ports] if family == 4 else []
    out = ["*mangle", ":KUBE-IPTABLES-HINT - [0:0]", ":KUBE-KUBELET-CANARY - [0:0]", ":KUBE-PROXY-CANARY - [0:0]",
           "COMMIT", "*nat"]
    chains = ["KUBE-KUBELET-CANARY", "KUBE-MARK-MASQ", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-PROXY-CANARY",
              "KUBE-SERVICES"]
    for service, port in services:
        chains.append(svc_chain(service, port))
        chains += [sep_chain(service, port, ip) for ip in service.endpoint_ips]
    out += [f":{chain} - [0:0]" for chain in sorted(chains)]
    out += [f"-I {chain} {match} -j {target}" for chain, match, target in NAT_JUMPS]
    out += [
        "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
        "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
        "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
        f"-A KUBE-POSTROUTING {comment('kubernetes service traffic requiring SNAT')} -j MASQUERADE --random-fully",
    ]
    for service, port in services:
        out += service_rules(service, port)
    exclude = "" if family == 4 else "! -d ::1/128 "
    out += [
        f"-A KUBE-SERVICES {exclude}"
        + comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain")
        + " -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
        "COMMIT", "*filter",
    ]
    out += [f":{chain} - [0:0]" for chain in
            ["KUBE-EXTERNAL-SERVICES", "KUBE-FIREWALL", "KUBE-FORWARD", "KUBE-KUBELET-CANARY", "KUBE-NODEPORTS",
             "KUBE-PROXY-CANARY", "KUBE-PROXY-FIREWALL", "KUBE-SERVICES"]]
    out += [f"-I {chain} {match} -j {target}" for chain, match, target in FILTER_JUMPS]
    if family == 4:
        out.append("-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 "
                   + comment("block incoming localnet connections")
                   + " -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP")
    out += [
        "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
        f"-A KUBE-FORWARD {comment('kubernetes forwarding rules')} -m mark --mark 0x4000/0x4000 -j ACCEPT",
        f"-A KUBE-FORWARD {comment('kubernetes forwarding conntrack rule')}"
        " -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "COMMIT",
    ]
    return "\n".join(out) + "\n"
