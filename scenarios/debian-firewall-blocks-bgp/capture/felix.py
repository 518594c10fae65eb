"""What Felix v3.29.2 programs on a node: iptables rules with their `cali:` hashes, and ipsets."""

import base64
import hashlib
import json
import os
import re

import cluster

STATIC = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "felix-static-rules.json")))

# Chains that exist without rules, because other rules jump to them.
EMPTY = {
    "raw": ["cali-rpf-skip", "cali-from-host-endpoint", "cali-to-host-endpoint"],
    "mangle": ["cali-from-host-endpoint", "cali-to-host-endpoint"],
    "nat": ["cali-fip-dnat", "cali-fip-snat"],
    "filter": ["cali-from-hep-forward", "cali-to-hep-forward", "cali-from-host-endpoint", "cali-to-host-endpoint",
               "cali-cidr-block"],
}
ACCEPT, PASS = "0x10000/0x10000", "0x20000/0x20000"


def b64(digest):
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def rule_hashes(chain, rules):
    """Each rule's hash covers the chain's name, all rules before it, and its own text."""
    state = hashlib.sha224(chain.encode()).digest()
    for rule in rules:
        state = hashlib.sha224(state + f"-A {chain} HASH {rule}".encode()).digest()
        yield b64(state)[:16]


def limited_id(prefix, suffix, length=28):
    """A chain name: the suffix itself when it fits, else a hash of it."""
    whole = prefix + suffix
    if len(whole) < length or (len(whole) == length and not suffix.startswith("_")):
        return whole
    return prefix + "_" + b64(hashlib.sha256(suffix.encode()).digest())[: length - 1 - len(prefix)]


def ipset_name(kind_and_key):
    kind = kind_and_key.split(":", 1)[0]
    return ("cali40" + kind + ":" + b64(hashlib.sha224(kind_and_key.encode()).digest()))[:31]


DNS_SET = ipset_name("s:" + cluster.POLICY_DNS_SELECTOR["canonical"])


def comment(text):
    return '-m comment --comment "%s"' % re.sub(r"[^A-Za-z0-9_ @%+=:,./-]", "_", text)


def mark_set(bits):
    return f"--jump MARK --set-mark {bits}"


def policy_suffix():
    return f"{cluster.POLICY_TIER}/{cluster.POLICY_NAMESPACE}/{cluster.POLICY_NAME}"


def policy_chain():
    title = comment(f"Policy {cluster.POLICY_NAMESPACE}/{cluster.POLICY_NAME} egress")
    apiserver = cluster.NODES[0].ip + "/32"
    accepted = f"-m mark --mark {ACCEPT} --jump RETURN"
    return limited_id("cali-po-", policy_suffix()), [
        f"{title} -p tcp --destination {apiserver} -m multiport --destination-ports 6443 {mark_set(ACCEPT)}",
        accepted,
        f"-p udp -m set --match-set {DNS_SET} dst -m multiport --destination-ports 53 {mark_set(ACCEPT)}",
        accepted,
        f"-p tcp -m set --match-set {DNS_SET} dst -m multiport --destination-ports 53 {mark_set(ACCEPT)}",
        accepted,
        mark_set(PASS),  # Pass; Felix strips the RETURN that would end the chain
    ]


def profiles_of(pod):
    return [f"kns.{pod.namespace}", f"ksa.{pod.namespace}.{pod.service_account}"]


def profile_chain(direction, profile):
    prefix, word = {"in": ("cali-pri-", "ingress"), "out": ("cali-pro-", "egress")}[direction]
    body = comment(f"Profile {profile} {word}")
    if profile.startswith("kns."):
        body += " " + mark_set(ACCEPT)
    return limited_id(prefix, profile), [body]


def endpoint_chain(direction, pod):
    rules = [
        "-m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT",
        "-m conntrack --ctstate INVALID --jump DROP",
        mark_set("0/0x30000"),
    ]
    if direction == "out":
        rules += [
            comment("Drop VXLAN encapped packets originating in workloads")
            + " -p 17 -m multiport --destination-ports 4789 --jump DROP",
            comment("Drop IPinIP encapped packets originating in workloads") + " -p 4 --jump DROP",
        ]
        if cluster.policed(pod):
            rules += [
                comment(f"Start of tier {cluster.POLICY_TIER}") + " " + mark_set("0/0x20000"),
                f"-m mark --mark 0/0x20000 --jump {policy_chain()[0]}",
                comment("Return if policy accepted") + f" -m mark --mark {ACCEPT} --jump RETURN",
                comment("Drop if no policies passed packet") + " -m mark --mark 0/0x20000 --jump DROP",
            ]
    for profile in profiles_of(pod):
        rules += [
            f"--jump {profile_chain(direction, profile)[0]}",
            comment("Return if profile accepted") + f" -m mark --mark {ACCEPT} --jump RETURN",
        ]
    rules.append(comment("Drop if no profiles matched") + " --jump DROP")
    return {"in": "cali-tw-", "out": "cali-fw-"}[direction] + pod.interface, rules


def dispatch_chains(direction, pods):
    root, match, target = {
        "in": ("cali-to-wl-dispatch", "--out-interface", "cali-tw-"),
        "out": ("cali-from-wl-dispatch", "--in-interface", "cali-fw-"),
    }[direction]
    names = sorted(pod.interface for pod in pods)
    common = os.path.commonprefix(names)
    unknown = comment("Unknown interface") + " --jump DROP"
    bins = {}
    for name in names:
        bins.setdefault(name[len(common):len(common) + 1], []).append(name)
    chains, rules = [], []
    for key, members in sorted(bins.items()):
        direct = [f"{match} {name} --goto {target}{name}" for name in members]
        if len(members) == 1:
            rules += direct
        else:
            rules.append(f"{match} {common}{key}+ --goto {root}-{key}")
            chains.append((f"{root}-{key}", direct + [unknown]))
    return [(root, rules + [unknown])] + chains


def filter_chains(node):
    chains = dispatch_chains("out", node.pods) + dispatch_chains("in", node.pods)
    for pod in node.pods:
        chains += [endpoint_chain("out", pod), endpoint_chain("in", pod)]
    for profile in sorted({p for pod in node.pods for p in profiles_of(pod)}):
        chains += [profile_chain("in", profile), profile_chain("out", profile)]
    if any(cluster.policed(pod) for pod in node.pods):
        chains.append(policy_chain())
    return chains


def line(chain, rule, digest, verb="-A"):
    return f'{verb} {chain} -m comment --comment "cali:{digest}" {rule}'


# With VXLAN Felix has three rules more; the hashes of all chains they are in were checked against a published dump.
VXLAN_PORT = "-p 17 -m multiport --destination-ports 4789"
VXLAN_RULES = {
    ("filter", "cali-INPUT"): (0, [
        comment("Allow IPv4 VXLAN packets from allowed hosts")
        + f" {VXLAN_PORT} -m set --match-set cali40all-vxlan-net src -m addrtype --dst-type LOCAL --jump ACCEPT",
        comment("Drop IPv4 VXLAN packets from non-allowed hosts")
        + f" {VXLAN_PORT} -m addrtype --dst-type LOCAL --jump DROP"]),
    ("filter", "cali-OUTPUT"): (2, [
        comment("Allow IPv4 VXLAN packets to other allowed hosts")
        + f" {VXLAN_PORT} -m addrtype --src-type LOCAL -m set --match-set cali40all-vxlan-net dst --jump ACCEPT"]),
    ("nat", "cali-POSTROUTING"): (2, [
        "--out-interface vxlan.calico -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL "
        "--jump MASQUERADE --random-fully"]),
}
VXLAN_HASHES = {
    ("filter", "cali-INPUT"): "J76FwxInZIsk7uKY EDCNTTxYfggApx8C H03xYXARh4e8pwd4 MN6K3isIWBigb1Va OSYphBLwOgic22Hz "
                              "rmi2_piRVmfeiwVp F7Q8zu44qIbOVben",
    ("filter", "cali-OUTPUT"): "Mq1_rAdXXH3YkrzW 69FkRTJDvD5Vu6Vl -QZG79DohFjalQBb iC1pSPgbvgQzkUk_ 4Zh7KtRvt4W5AEBR "
                               "Y0k-bqjt-5CUqyUq",
    ("nat", "cali-POSTROUTING"): "Z-c7XtVd2Bq7s_hA nYKhEzDlr11Jccal e9dnSgSVNmIcpVhP",
}


def static_rules(table, entry):
    """The rules of one of Felix's own static chains, with their hashes."""
    rules = [rule for _, rule in entry["rules"]]
    expected = [digest for digest, _ in entry["rules"]]
    key = (table, entry["chain"])
    if cluster.VXLAN and key in VXLAN_RULES:
        place, more = VXLAN_RULES[key]
        rules[place:place] = more
        expected = VXLAN_HASHES[key].split()
    assert list(rule_hashes(entry["chain"], rules)) == expected, entry["chain"]
    return list(zip(expected, rules))


def iptables_restore(node):
    """Input for `iptables-restore --noflush`: hooks are inserted on top, except those that Felix appends."""
    out = []
    for table in ["raw", "mangle", "nat", "filter"]:
        own = filter_chains(node) if table == "filter" else []
        static = [c for c in STATIC[table] if c["chain"].startswith("cali-")]
        hooks = [c for c in STATIC[table] if not c["chain"].startswith("cali-")]
        out.append(f"*{table}")
        for name in sorted([c["chain"] for c in static] + EMPTY[table] + [name for name, _ in own]):
            out.append(f":{name} - [0:0]")
        for entry in static:
            out += [line(entry["chain"], rule, digest) for digest, rule in static_rules(table, entry)]
        for name, rules in own:
            out += [line(name, rule, digest) for rule, digest in zip(rules, rule_hashes(name, rules))]
        seen = set()
        for entry in hooks:
            # A second entry for the same kernel chain, and nat POSTROUTING since v3.29, are appended.
            appended = entry["chain"] in seen or (table, entry["chain"]) == ("nat", "POSTROUTING")
            seen.add(entry["chain"])
            seed = entry["chain"] + ("*appends*" if appended else "")
            rules = [rule for _, rule in entry["rules"]]
            assert list(rule_hashes(seed, rules)) == [digest for digest, _ in entry["rules"]], seed
            for digest, rule in entry["rules"] if appended else reversed(entry["rules"]):
                out.append(line(entry["chain"], rule, digest, "-A" if appended else "-I"))
        out.append("COMMIT")
    return "\n".join(out) + "\n"


def ipset_restore(node):
    """Input for `ipset restore`."""
    header = "family inet hashsize 1024 maxelem 1048576"
    sets = {
        ("cali40all-ipam-pools", "hash:net"): [cluster.POD_CIDR],
        ("cali40masq-ipam-pools", "hash:net"): [cluster.POD_CIDR],
        ("cali40this-host", "hash:ip"): ["127.0.0.0", "127.0.0.1", node.ip],
    }
    if cluster.VXLAN:
        sets[("cali40all-vxlan-net", "hash:net")] = [peer.ip for peer in cluster.NODES if peer is not node]
        sets[("cali40this-host", "hash:ip")].append(node.vtep)
    if any(cluster.policed(pod) for pod in node.pods):
        sets[(DNS_SET, "hash:net")] = [pod.ip for pod in cluster.COREDNS]
    out = []
    for (name, kind), members in sets.items():
        out.append(f"create {name} {kind} {header}")
        out += [f"add {name} {member}" for member in members]
    return "\n".join(out) + "\n"
