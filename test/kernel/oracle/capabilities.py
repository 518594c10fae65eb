"""What works on this machine, found by trying it in a namespace."""

import os

from namespaces import Namespace
from observe_nftrace import NftTraceObserver
from observe_legacy_trace import LegacyTraceObserver

RULE = "*filter\n-A INPUT -p tcp --dport 1 -j DROP\nCOMMIT\n"
TRIALS = {
    "iptables-legacy": (["iptables-legacy-restore"], RULE),
    "ip6tables-legacy": (["ip6tables-legacy-restore"], RULE),
    "iptables-nft": (["iptables-nft-restore"], RULE),
    "ip6tables-nft": (["ip6tables-nft-restore"], RULE),
    "ipset": (["ipset", "restore"], "create s hash:net\nadd s 10.0.0.0/8\n"),
    "nft": (["nft", "-f", "-"], "table ip t { chain c { ct state new accept; }; }\n"),
    "conntrack": (["conntrack", "-L"], ""),
    "vxlan": (["ip", "link", "add", "v0", "type", "vxlan", "id", "1", "dstport", "4789", "local", "127.0.0.1"], ""),
    "veth": (["ip", "link", "add", "e0", "type", "veth", "peer", "name", "e1"], ""),
    "bridge": (["ip", "link", "add", "b0", "type", "bridge"], ""),
    "vlan": (["ip", "link", "add", "link", "lo", "name", "l0", "type", "vlan", "id", "1"], ""),
    "dummy": (["ip", "link", "add", "d0", "type", "dummy"], ""),
    "ipip": (["ip", "link", "add", "i0", "type", "ipip", "local", "127.0.0.1"], ""),
    "wireguard": (["ip", "link", "add", "w0", "type", "wireguard"], ""),
}
VERSIONS = {
    "iptables-legacy": ["iptables-legacy", "-V"], "iptables-nft": ["iptables-nft", "-V"], "ipset": ["ipset", "-v"],
    "nft": ["nft", "-v"], "conntrack": ["conntrack", "-V"], "iproute2": ["ip", "-V"],
}
FRESH = (
    "net.ipv4.ip_forward", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.default.rp_filter",
    "net.ipv4.conf.all.send_redirects", "net.ipv4.conf.default.send_redirects", "net.ipv4.conf.default.accept_redirects",
    "net.ipv4.conf.default.accept_local", "net.ipv4.conf.default.route_localnet", "net.ipv4.icmp_ratelimit",
    "net.ipv4.icmp_ratemask", "net.ipv4.icmp_msgs_per_sec", "net.ipv4.icmp_msgs_burst", "net.ipv4.ip_default_ttl",
    "net.ipv4.icmp_errors_use_inbound_ifaddr", "net.ipv4.fwmark_reflect", "net.ipv4.tcp_fwmark_accept",
    "net.ipv4.ip_nonlocal_bind", "net.ipv4.fib_multipath_hash_policy", "net.ipv6.conf.default.disable_ipv6",
    "net.ipv6.conf.all.forwarding", "net.bridge.bridge-nf-call-iptables", "net.netfilter.nf_conntrack_tcp_loose",
    "net.netfilter.nf_conntrack_tcp_be_liberal", "net.netfilter.nf_conntrack_checksum",
)


def find_capabilities(prefix):
    namespace = Namespace.create(f"{prefix}-try")
    try:
        fresh = {}
        for key in FRESH:
            try:
                fresh[key] = namespace.read("/proc/sys/" + key.replace(".", "/")).strip()
            except OSError:
                fresh[key] = None
        works = {}
        for name, (argv, text) in TRIALS.items():
            works[name] = _try(lambda: namespace.run(argv, text))
        works["nftrace"] = _observer(NftTraceObserver, namespace)
        works["legacy-trace"] = _observer(LegacyTraceObserver, namespace)
        # The oracle does not start without it.
        works["tracefs"] = {"works": True}
        versions = {}
        for name, argv in VERSIONS.items():
            try:
                _, out, error = namespace.run(argv)
                versions[name] = (out or error).strip().splitlines()[0]
            except (OSError, IndexError):
                versions[name] = None
    finally:
        namespace.close()
    return {"kernel": os.uname().release, "works": works, "versions": versions, "freshNetns": fresh}


def _try(action):
    try:
        code, _, error = action()
    except OSError as missing:
        return {"works": False, "error": str(missing)}
    return {"works": True} if code == 0 else {"works": False, "error": error.strip()}


def _observer(kind, namespace):
    try:
        for opened in kind("try", namespace).sockets:
            opened.close()
    except OSError as error:
        return {"works": False, "error": str(error)}
    return {"works": True}
