"""Holds the oracle against facts about the kernel that are known from elsewhere.

python3 test/kernel/oracle/selfcheck.py      one line per check; exit code 1 if any fails
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

MAIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "main.py")
BACKENDS = ("legacy", "nft")
# Not icmp_ratelimit=0: that empties the very bucket that the errors of routes are paid from.
UNLIMITED = {"net.ipv4.icmp_ratemask": "0", "net.ipv4.icmp_msgs_per_sec": "1000000", "net.ipv4.icmp_msgs_burst": "1000000"}


class Client:
    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, MAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, op, **fields):
        self.process.stdin.write(json.dumps({"op": op, **fields}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def must(self, op, **fields):
        reply = self.ask(op, **fields)
        if not reply["ok"]:
            raise AssertionError(f"{op}: {reply['error']}")
        return reply

    def probe(self, packet, **options):
        return self.must("probe", packet=packet, flush=options.pop("flush", True), **options)

    def root(self, path):
        return f"/proc/{self.process.pid}/root{path}"

    def end(self):
        self.process.stdin.close()
        return self.process.wait(20)


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, what, found, expected=True):
        if found == expected:
            self.passed += 1
            print(f"ok    {what}")
        else:
            self.failed += 1
            print(f"FAIL  {what}: expected {expected!r}, found {found!r}")


def router(**extra):
    hosts = [{
        "name": "R", "sysctls": {"net.ipv4.ip_forward": "1", **UNLIMITED},
        "interfaces": [{"name": n, "addresses": [f"10.0.{i}.1/24"]} for i, n in enumerate(("in0", "out0", "out1"))],
        "routes": [
            "blackhole 10.1.0.0/24", "unreachable 10.1.1.0/24", "prohibit 10.1.2.0/24", "throw 10.1.3.0/24",
            "10.9.0.0/16 via 10.0.1.2", "10.8.0.0/16 via 10.0.2.2 table 100",
        ],
        "rules": ["fwmark 7 table 100", "from 10.77.0.1 table 100"],
        **extra.pop("R", {}),
    }]
    for number, name in enumerate("ABC"):
        hosts.append({
            "name": name, "sysctls": UNLIMITED, "routes": [f"default via 10.0.{number}.1"],
            "interfaces": [{"name": "eth0", "addresses": [f"10.0.{number}.{last}/24" for last in (2, 21, 22, 23, 24, 25)]}],
            **extra.pop(name, {}),
        })
    links = [["R:in0", "A:eth0"], ["R:out0", "B:eth0"], ["R:out1", "C:eth0"]]
    return {"hosts": hosts, "links": links, "staticNeighbours": True, **extra}


def received(dst="10.0.1.2", **fields):
    return {"host": "R", "interface": "in0", "src": "10.0.0.2", "dst": dst, "proto": "udp", "sport": 4000, "dport": 80, **fields}


def local(dst="10.0.1.2", **fields):
    return {"host": "R", "dst": dst, "proto": "udp", "sport": 4000, "dport": 80, **fields}


def filter_rules(*rules):
    chains = "".join(f":{name} - [0:0]\n" for name in ("a", "b", "c"))
    return f"*filter\n{chains}" + "".join(f"-A {rule}\n" for rule in rules) + "COMMIT\n"


def shown(reply, verdicts=False):
    return [
        (rule["host"], rule["table"], rule["chain"], rule["index"], *((rule["verdict"],) if verdicts else ()))
        for rule in reply["rules"]
    ]


def path(reply):
    return [f"{hop['host']}:{hop['iface']}:{hop['dir']}" for hop in reply["hops"]]


def reasons(reply, packet="main"):
    return [drop["reason"] for drop in reply["drops"] if drop["packet"] == packet]


def icmp(reply):
    return [(r["host"], r["type"], r["code"], r["from"]) for r in reply["responses"] if r["kind"] == "icmp"]


def check_paths(client, check):
    client.must("build", **router())
    reply = client.probe(received())
    check("forwarded packet: path", path(reply), ["R:in0:in", "R:out0:out", "B:eth0:in"])
    check("forwarded packet: TTL 64 becomes 63", [hop["packet"]["ttl"] for hop in reply["hops"]], [64, 63, 63])
    check("forwarded packet: delivered to B", (reply["outcome"], reply["delivered"]["host"]), ("delivered", "B"))
    check("closed UDP port: NO_SOCKET at B", [(d["host"], d["reason"]) for d in reply["drops"]], [("B", "NO_SOCKET")])
    check("closed UDP port: 3/3 from B reaches A", (icmp(reply), reply["responses"][0]["delivered"]["host"]),
          ([("B", 3, 3, "10.0.1.2")], "A"))
    reply = client.probe(received(proto="tcp"))
    answer = reply["responses"][0]
    check("closed TCP port: RST+ACK", (answer["kind"], answer["packet"]["flags"], answer["from"]), ("tcp-reset", "RA", "10.0.1.2"))
    reply = client.probe(received(proto="icmp", icmpId=9, icmpSeq=3))
    answer = reply["responses"][0]
    check("echo request is answered", (answer["kind"], answer["packet"]["icmpId"], answer["delivered"]["host"]), ("echo-reply", 9, "A"))
    reply = client.probe(received(proto=132))
    check("protocol without handler: delivered, then 3/2", (reply["outcome"], reasons(reply), icmp(reply)),
          ("delivered", ["IP_NOPROTO"], [("B", 3, 2, "10.0.1.2")]))
    reply = client.probe(received(ttl=1))
    check("TTL 1: rejected with 11/0", (reply["outcome"], icmp(reply)), ("rejected", [("R", 11, 0, "10.0.0.1")]))
    check("TTL 1: the quoted header shows TTL 1", reply["responses"][0]["quoted"]["ttl"], 1)
    check("TTL 1 to a local address is delivered", client.probe(received("10.0.0.1", ttl=1))["outcome"], "delivered")
    reply = client.probe(received("10.0.1.2", length=100, badChecksum=True))
    check("bad UDP checksum passes a router, is dropped by the host", (reply["outcome"], reasons(reply)), ("delivered", ["UDP_CSUM"]))
    check("no rule loaded: no rule reported", client.probe(received())["rules"], [])
    check("no rule loaded: conntrack stays off", client.probe(received(), wantConntrack=True)["conntrack"], {})


def check_routes(client, check):
    cases = {
        "10.1.0.9": ("blackhole", "dropped", None, "EINVAL"), "10.1.1.9": ("unreachable", "rejected", (3, 1), "EHOSTUNREACH"),
        "10.1.2.9": ("prohibit", "rejected", (3, 13), "EACCES"), "10.1.3.9": ("throw", "rejected", (3, 0), "ENETUNREACH"),
        "10.2.0.9": ("no route", "rejected", (3, 0), "ENETUNREACH"),
    }
    for number, (dst, (name, outcome, error, errno)) in enumerate(cases.items(), 21):
        # The kernel answers one source with five such errors, then with one a second.
        source = f"10.0.0.{number}"
        reply = client.probe(received(dst, src=source))
        found = [(r["type"], r["code"]) for r in reply["responses"]]
        check(f"{name}, forwarded", (reply["outcome"], found), (outcome, [error] if error else []))
        check(f"{name}, forwarded with TTL 1: the route comes first", client.probe(received(dst, src=source, ttl=1))["outcome"], outcome)
        reply = client.probe(local(dst))
        check(f"{name}, sent locally", (reply["outcome"], reply["errno"], reply["hops"]), ("dropped", errno, []))
        check(f"{name}, look-up", client.must("route", host="R", to=dst)["errno"], errno)
    answer = client.must("route", host="R", to="10.9.1.1")
    check("route look-up", [answer[key] for key in ("type", "table", "gateway", "oif", "prefsrc")],
          ["unicast", 254, "10.0.1.2", "out0", "10.0.1.1"])
    check("route look-up by mark", client.must("route", host="R", to="10.8.1.1", mark=7)["table"], 100)
    reply = client.probe(local("10.0.1.2"))
    check("unbound sender: source from the route", (reply["hops"][0]["packet"]["src"], reply["errno"]), ("10.0.1.1", None))
    check("socket mark selects the table", path(client.probe(local("10.8.1.1", mark=7)))[:1], ["R:out1:out"])
    check("bound source selects the table", path(client.probe(local("10.8.1.1", src="10.77.0.1")))[:1], ["R:out1:out"])
    check("raw source does not", client.probe(local("10.8.1.1", src="10.77.0.1", raw=True))["errno"], "ENETUNREACH")
    client.must("commands", host="R", commands=["sysctl -w net.ipv4.ip_forward=0"])
    reply = client.probe(received())
    check("ip_forward=0: dropped silently", (reply["outcome"], reasons(reply), icmp(reply)), ("dropped", ["IP_INADDRERRORS"], []))
    client.must("commands", host="R", commands=["sysctl -w net.ipv4.ip_forward=1"])
    for value in (1, 2):
        client.must("commands", host="R", commands=[f"sysctl -w net.ipv4.conf.in0.rp_filter={value}"])
        source = "10.0.2.9" if value == 1 else "10.200.0.1"
        check(f"rp_filter={value}: IP_RPFILTER", reasons(client.probe(received(src=source))), ["IP_RPFILTER"])
    check("rp_filter=2 lets a routed source through", client.probe(received(src="10.0.2.9"))["outcome"], "delivered")
    client.must("commands", host="R", commands=["sysctl -w net.ipv4.conf.in0.rp_filter=0"])
    for name, source, reason in (
        ("own address", "10.0.0.1", "IP_LOCAL_SOURCE"), ("multicast", "224.0.0.5", "IP_INVALID_SOURCE"),
        ("zero", "0.0.0.0", "IP_INVALID_SOURCE"), ("loopback", "127.0.0.1", "IP_LOCALNET"),
    ):
        check(f"{name} as source: {reason}", reasons(client.probe(received(src=source))), [reason])
    client.must("commands", host="R", commands=["ip link set out0 mtu 1000"])
    reply = client.probe(received(length=1200, df=True))
    answer = reply["responses"][0]
    check("DF and small MTU: 3/4 with the MTU", (reply["outcome"], answer["type"], answer["code"], answer["mtu"], reasons(reply)),
          ("rejected", 3, 4, 1000, ["PKT_TOO_BIG"]))
    reply = client.probe(received(length=1200))
    check("without DF: two fragments leave", path(reply).count("R:out0:out"), 2)
    check("local packet over the MTU: EMSGSIZE", client.probe(local(length=1200))["errno"], "EMSGSIZE")
    client.must("commands", host="R", commands=["ip link set out0 mtu 1500"])


def check_rules(client, check, backend):
    client.must("reset", host="R")

    def load(*rules, text=None):
        client.must("load", host="R", family=4, backend=backend, text=text or filter_rules(*rules))

    forward = lambda *indexes: [("R", "filter", chain, index) for chain, index in indexes]
    load("FORWARD -p tcp -j ACCEPT", "FORWARD -j DROP")
    reply = client.probe(received())
    check(f"{backend}: unconditional DROP is rule 2, not the policy", (shown(reply, True), reply["outcome"], reasons(reply)),
          ([("R", "filter", "FORWARD", 2, "drop")], "dropped", ["NETFILTER_DROP"]))
    load(text="*filter\n:FORWARD DROP\n-A FORWARD -p tcp -j ACCEPT\nCOMMIT\n")
    check(f"{backend}: policy is index 0", shown(client.probe(received()), True), [("R", "filter", "FORWARD", 0, "drop")])
    load("FORWARD -j a", "FORWARD -j ACCEPT", "a -p udp -j MARK --set-mark 1", "a -j RETURN", "a -j DROP")
    check(f"{backend}: jump, mark, unconditional RETURN", shown(client.probe(received()), True), [
        ("R", "filter", "FORWARD", 1, "jump"), ("R", "filter", "a", 1, "continue"), ("R", "filter", "a", 2, "return"),
        ("R", "filter", "FORWARD", 2, "accept"),
    ])
    load("FORWARD -j a", "FORWARD -p udp -j ACCEPT", "a -g b", "a -j DROP", "b -j c", "b -p tcp -j DROP")
    check(f"{backend}: end of a goto chain continues after the jump", shown(client.probe(received())), forward(
        ("FORWARD", 1), ("a", 1), ("b", 1), ("c", None), ("b", None), ("FORWARD", 2)))
    load("FORWARD -j MARK --set-mark 5", "FORWARD -p udp -j ACCEPT")
    reply = client.probe(received())
    check(f"{backend}: the mark that a later rule sees", [rule.get("mark") for rule in reply["rules"]][-1], 5)
    load("FORWARD -g a", "FORWARD -j DROP", "a -j RETURN")
    check(f"{backend}: goto from a built-in chain ends in the policy", shown(client.probe(received())),
          forward(("FORWARD", 1), ("a", 1), ("FORWARD", 0)))
    load("FORWARD -j RETURN", "FORWARD -j DROP")
    check(f"{backend}: RETURN in a built-in chain is the policy", shown(client.probe(received())),
          forward(("FORWARD", 1), ("FORWARD", 0)))
    load("FORWARD -s 10.0.0.9,10.0.0.8 -j DROP", "FORWARD -p udp -j ACCEPT")
    check(f"{backend}: a list of sources is several rules", shown(client.probe(received())), forward(("FORWARD", 3)))
    client.must("exec", host="R", argv=[f"iptables-{backend}", "-I", "FORWARD", "1", "-p", "tcp", "-j", "DROP"])
    check(f"{backend}: a rule inserted by a command moves the numbers", shown(client.probe(received())), forward(("FORWARD", 4)))

    codes = {
        "icmp-net-unreachable": 0, "icmp-host-unreachable": 1, "icmp-proto-unreachable": 2, "icmp-port-unreachable": 3,
        "icmp-net-prohibited": 9, "icmp-host-prohibited": 10, "icmp-admin-prohibited": 13,
    }
    load(*[f"FORWARD -p udp --dport {100 + code} -j REJECT --reject-with {name}" for name, code in codes.items()],
         "FORWARD -p tcp -j REJECT --reject-with tcp-reset")
    for name, code in codes.items():
        reply = client.probe(received(dport=100 + code))
        check(f"{backend}: REJECT with {name}", (reply["outcome"], icmp(reply), reply["rules"][-1]["target"]),
              ("rejected", [("R", 3, code, "10.0.0.1")], "REJECT"))
    check(f"{backend}: REJECT in FORWARD quotes the decremented TTL", reply["responses"][0]["quoted"]["ttl"], 63)
    reply = client.probe(received(proto="tcp"))
    check(f"{backend}: tcp-reset", [(r["kind"], r["host"], r["from"], r["packet"]["flags"]) for r in reply["responses"]],
          [("tcp-reset", "R", "10.0.1.2", "RA")])
    check(f"{backend}: tcp-reset for an ACK is a plain RST", client.probe(received(proto="tcp", flags="A"))["responses"][0]["packet"]["flags"], "R")
    check(f"{backend}: no tcp-reset for a RST", client.probe(received(proto="tcp", flags="R"))["responses"], [])

    load("OUTPUT -p udp --dport 1 -j DROP", "OUTPUT -p udp --dport 2 -j REJECT", "OUTPUT -m owner --uid-owner 1234 -j DROP")
    check(f"{backend}: DROP in OUTPUT is EPERM", [client.probe(local(dport=1))[key] for key in ("errno", "outcome")], ["EPERM", "dropped"])
    reply = client.probe(local(dport=2))
    check(f"{backend}: REJECT in OUTPUT is EPERM and an ICMP", (reply["errno"], reply["outcome"], icmp(reply)),
          ("EPERM", "rejected", [("R", 3, 3, "10.0.1.1")]))
    check(f"{backend}: owner of a local packet", (client.probe(local(uid=1234))["errno"], client.probe(local(uid=1))["errno"]), ("EPERM", None))
    check(f"{backend}: a refused ruleset is an answer", [client.ask("load", host="R", family=4, backend=backend,
          text="*filter\n-A FORWARD -m nosuch -j ACCEPT\nCOMMIT\n").get(key) for key in ("ok", "refused")], [False, True])
    check(f"{backend}: and leaves no rules", client.probe(received())["outcome"], "delivered")

    load(text="*filter\n-A FORWARD -p tcp -j DROP\nCOMMIT\n*nat\n-A PREROUTING -j LOG\nCOMMIT\n")
    check(f"{backend}: rules and trace that need no conntrack leave it off", client.probe(received(), wantConntrack=True)["conntrack"], {})
    load("FORWARD -m conntrack --ctstate NEW -j ACCEPT")
    check(f"{backend}: a state match turns it on", list(client.probe(received(), wantConntrack=True)["conntrack"]), ["R"])
    check(f"{backend}: flush forgets the flow", shown(client.probe(received())), forward(("FORWARD", 1)))
    check(f"{backend}: without flush it is known", shown(client.probe(received(), flush=False)), forward(("FORWARD", 1)))

    nat = ("*nat\n-A PREROUTING -d 10.96.0.1 -p udp -j DNAT --to-destination 10.0.1.2:8080\n"
           "-A PREROUTING -d 10.96.0.1 -p tcp -j DNAT --to-destination 10.0.1.2:8080\n"
           "-A POSTROUTING -d 10.0.1.2 -j SNAT --to-source 10.0.1.1\nCOMMIT\n")
    load(text=nat)
    reply = client.probe(received("10.96.0.1"))
    hops = [(hop["packet"]["src"], hop["packet"]["dst"], hop["packet"]["dport"]) for hop in reply["hops"]]
    check(f"{backend}: a packet is followed through DNAT and SNAT", hops,
          [("10.0.0.2", "10.96.0.1", 80), ("10.0.1.1", "10.0.1.2", 8080), ("10.0.1.1", "10.0.1.2", 8080)])
    rules = [("R", "nat", "PREROUTING", 1, "accept"), ("R", "nat", "POSTROUTING", 1, "accept")]
    check(f"{backend}: nat rules", shown(reply, True), rules)
    answer = reply["responses"][0]
    check(f"{backend}: the ICMP error comes back un-NATed", (answer["delivered"]["host"], answer["delivered"]["packet"]["quoted"]["dst"],
          answer["delivered"]["packet"]["quoted"]["id"]), ("A", "10.96.0.1", reply["hops"][0]["packet"]["id"]))
    load(text=nat + "*filter\n-A FORWARD -j REJECT\nCOMMIT\n")
    check(f"{backend}: an error about a DNATed flow has the VIP as source", icmp(client.probe(received("10.96.0.1"))), [("R", 3, 3, "10.96.0.1")])
    load("FORWARD -m conntrack --ctstate RELATED -j ACCEPT", "FORWARD -m conntrack --ctstate NEW -j ACCEPT", "FORWARD -j DROP")
    check(f"{backend}: an ICMP error without a flow is INVALID", shown(client.probe(error_about())), forward(("FORWARD", 3)))
    client.probe(received())
    check(f"{backend}: an ICMP error about a flow is RELATED", shown(client.probe(error_about(), flush=False)), forward(("FORWARD", 1)))

    client.must("load", host="R", ipsets="create s hash:ip\nadd s 10.0.0.2\n", family=4, backend=backend,
                text="*filter\n-A FORWARD -m set --match-set s src -j DROP\nCOMMIT\n")
    check(f"{backend}: ipset", shown(client.probe(received())), forward(("FORWARD", 1)))
    client.must("load", host="R", ipsets="create s hash:ip\nadd s 10.0.0.3\n", family=4, backend=backend,
                text="*filter\n-A FORWARD -m set --match-set s src -j DROP\nCOMMIT\n")
    check(f"{backend}: ipset replaced", client.probe(received())["outcome"], "delivered")
    client.must("reset", host="R")
    check(f"{backend}: reset removes sets and rules", (client.probe(received())["rules"],
          client.must("exec", host="R", argv=["ipset", "save"])["stdout"]), ([], ""))


def error_about():
    inner = {"src": "10.0.0.2", "dst": "10.0.1.2", "proto": "udp", "sport": 4000, "dport": 80, "ttl": 60}
    return {"host": "R", "interface": "out0", "src": "10.0.1.2", "dst": "10.0.0.2", "proto": "icmp", "icmpType": 3, "icmpCode": 1,
            "icmpInner": inner}


def random_ruleset(dice):
    targets = ["ACCEPT", "DROP", "RETURN", "MARK --set-mark 5", "REJECT", "LOG"]
    matches = ["", "-p udp", "-p tcp --dport 80", "-p udp --dport 80:90", "-s 10.0.0.2/32", "-d 10.0.1.0/24", "-o out1", "-m mark --mark 5",
               "-m conntrack --ctstate NEW"]
    # The nft backend makes only the chains that are named, the legacy one always all of a table.
    built_in = lambda *chains: [f":{chain} ACCEPT" for chain in chains]
    lines = ["*mangle", *built_in("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")]
    lines += ["-A PREROUTING -p tcp -j MARK --set-mark 5", "COMMIT", "*filter", *built_in("INPUT", "OUTPUT")]
    lines += [f":FORWARD {dice.choice(['ACCEPT', 'DROP'])}", ":a -", ":b -", ":c -"]
    for chain, below in (("FORWARD", "abc"), ("a", "bc"), ("b", "c"), ("c", "")):
        for _ in range(dice.randrange(1, 6)):
            jumps = [f"{dice.choice('jg')} {dice.choice(below)}"] * 3 if below else []
            lines.append(f"-A {chain} {dice.choice(matches)} -{dice.choice(jumps + ['j ' + target for target in targets])}")
    return "\n".join(lines + ["COMMIT", ""])


def check_agreement(client, check):
    """Both backends name the same rules with the same verdicts."""
    dice, compared, different = random.Random(20), 0, []
    packets = [
        received(dst, proto=proto, dport=dport, sport=4000 + dport) for dst in ("10.0.1.2", "10.0.2.2")
        for proto in ("tcp", "udp", "icmp") for dport in (80, 85, 99)
    ]
    texts = [random_ruleset(dice) for _ in range(40)]
    results = {}
    for backend in BACKENDS:
        client.must("reset", host="R")
        results[backend] = []
        for text in texts:
            client.must("load", host="R", family=4, backend=backend, text=text)
            results[backend] += client.must("probes", packets=packets, flush=True)["results"]
    for legacy, nft in zip(*results.values()):
        compared += 1
        view = lambda reply: (reply["outcome"], shown(reply, True), icmp(reply), path(reply), reasons(reply))
        if view(legacy) != view(nft):
            different.append((view(legacy), view(nft)))
    check(f"random rulesets: {compared} probes agree on both backends", different[:1], [])
    client.must("reset", host="R")


def check_other_topologies(client, check):
    client.must("build", **router(mute=["A", "B", "C"]))
    reply = client.probe(received())
    check("mute: delivered, no answer, no trace of the muting", (reply["outcome"], reply["responses"], reasons(reply), reasons(reply, None)),
          ("delivered", [], ["NO_SOCKET"], []))
    reply = client.probe({"host": "A", "src": "10.0.0.2", "dst": "10.0.1.2", "proto": "icmp"})
    check("mute: programs of the host can still send", (reply["outcome"], path(reply)[0]), ("delivered", "A:eth0:out"))

    client.must("build", **router(B={"listen": ["tcp/80", "udp/80"]}))
    check("listener: SYN-ACK", [r["kind"] for r in client.probe(received(proto="tcp"))["responses"]][:1], ["syn-ack"])
    reply = client.probe(received())
    check("listener: UDP is taken, and sent back", (reasons(reply), [(r["kind"], r["host"]) for r in reply["responses"]][:1]), ([], [("data", "B")]))

    rules = "*filter\n-A FORWARD -p udp -j ACCEPT\nCOMMIT\n"
    for backend in BACKENDS:
        ruleset = [{"family": 4, "backend": backend, "text": rules}]
        built = router(B={"sysctls": {"net.ipv4.ip_forward": "1", **UNLIMITED}, "rulesets": ruleset})
        built["hosts"][0]["rulesets"] = ruleset
        client.must("build", **built)
        reply = client.probe(received("10.9.0.1", ttl=5))
        check(f"{backend}: a routing loop: rules in the order of the visits", [(rule["host"], rule["index"]) for rule in reply["rules"]],
              [("R", 1), ("B", 1), ("R", 1), ("B", 1)])
        check(f"{backend}: a routing loop ends with 11/0", (reply["outcome"], [r[:3] for r in icmp(reply) if r[1] == 11]), ("rejected", [("R", 11, 0)]))

    vxlan = lambda node, other: {
        "name": node, "sysctls": {"net.ipv4.ip_forward": "1"}, "interfaces": [
            {"name": "eth0", "addresses": [f"172.16.0.{1 if node == 'n1' else 2}/24"]},
            {"name": "vx", "kind": "vxlan", "mac": f"66:00:00:00:00:0{1 if node == 'n1' else 2}", "mtu": 1450,
             "addresses": [f"192.168.{1 if node == 'n1' else 2}.0/32"],
             "vxlan": {"id": 4096, "local": f"172.16.0.{1 if node == 'n1' else 2}", "dev": "eth0", "learning": False}},
        ], "commands": [
            f"ip route add 192.168.{other}.0/24 via 192.168.{other}.0 dev vx onlink",
            f"ip neigh add 192.168.{other}.0 lladdr 66:00:00:00:00:0{other} dev vx nud permanent",
            f"bridge fdb add 66:00:00:00:00:0{other} dev vx dst 172.16.0.{other}",
        ], "rulesets": [{"family": 4, "backend": "legacy", "text":
            "*filter\n-A OUTPUT -p udp --dport 4789 -j ACCEPT\n-A INPUT -p udp --dport 4789 -j ACCEPT\nCOMMIT\n"}],
    }
    client.must("build", hosts=[vxlan("n1", 2), vxlan("n2", 1), {"name": "n3", "interfaces": [{"name": "eth0", "addresses": ["172.16.0.3/24"]}]}],
                segments=[{"name": "lan", "members": ["n1:eth0", "n2:eth0", "n3:eth0"]}], staticNeighbours=True)
    reply = client.probe({"host": "n1", "dst": "192.168.2.0", "proto": "icmp"})
    check("VXLAN over a segment: path", path(reply), ["n1:vx:out", "n1:eth0:out", "n2:eth0:in", "n2:vx:in"])
    check("VXLAN: delivered, answered back", (reply["outcome"], [r["delivered"]["host"] for r in reply["responses"]]), ("delivered", ["n1"]))
    check("VXLAN: rules see the outer packet", [rule for rule in shown(reply) if rule[3] == 1],
          [("n1", "filter", "OUTPUT", 1), ("n2", "filter", "INPUT", 1)])
    check("VXLAN: outer header", [hop["packet"].get("vni") for hop in reply["hops"]], [None, 4096, 4096, None])
    client.must("load", host="n2", family=4, backend="legacy", text="*filter\n-A INPUT -p udp --dport 4789 -j DROP\nCOMMIT\n")
    reply = client.probe({"host": "n1", "dst": "192.168.2.0", "proto": "icmp"})
    check("VXLAN: dropped at the receiver's INPUT", (reply["outcome"], shown(reply)[-1], [(d["host"], d["packet"]) for d in reply["drops"]]),
          ("dropped", ("n2", "filter", "INPUT", 1), [("n2", "main")]))

    client.must("build", hosts=[{"name": "R", "sysctls": {"net.ipv4.ip_forward": "1"}, "interfaces": [
        {"name": "in0", "addresses": ["10.0.0.1/24"]}, {"name": "out0", "kind": "dummy", "addresses": ["10.0.1.1/24"]},
        {"name": "arp0", "addresses": ["10.0.2.1/24"]}, {"name": "br0", "kind": "bridge", "addresses": ["10.0.3.1/24"]},
        {"name": "lo", "addresses": ["10.9.9.9/32"]}]}])
    reply = client.probe(received())
    check("dummy: the packet leaves the model", (reply["outcome"], path(reply), reply["drops"]), ("left", ["R:in0:in", "R:out0:out"], []))
    check("nobody answers ARP: unresolved", client.probe(received("10.0.2.2"))["outcome"], "unresolved")
    reply = client.probe(received("10.0.2.2"))
    check("the ARP request is reported", [(n["host"], n["iface"], n["op"], n["target"]) for n in reply["neighbours"]],
          [("R", "arp0", "request", "10.0.2.2")])
    check("a second packet waits with the first", [client.probe(received("10.0.2.2"), flush=False)[key] for key in ("outcome", "drops")],
          ["unresolved", []])
    check("address on lo", client.probe(received("10.9.9.9"))["outcome"], "delivered")

    six = lambda name, address, via, **extra: {"name": name, "interfaces": [{"name": "eth0", "addresses": [address]}],
                                               "routes": [f"-6 default via {via}"], **extra}
    client.must("build", hosts=[
        {"name": "R", "sysctls": {"net.ipv6.conf.all.forwarding": "1"}, "interfaces": [
            {"name": "in0", "addresses": ["fd00::1/64"]}, {"name": "out0", "addresses": ["fd01::1/64"]}]},
        six("A", "fd00::2/64", "fd00::1"), six("B", "fd01::2/64", "fd01::1")],
        links=[["R:in0", "A:eth0"], ["R:out0", "B:eth0"]], staticNeighbours=True)
    packet = {"host": "R", "interface": "in0", "src": "fd00::2", "dst": "fd01::2", "proto": "tcp", "sport": 4000, "dport": 80}
    for backend in BACKENDS:
        client.must("load", host="R", family=6, backend=backend, text="*filter\n-A FORWARD -p tcp --dport 81 -j REJECT\n-A FORWARD -p tcp -j ACCEPT\nCOMMIT\n")
        reply = client.probe(packet)
        check(f"IPv6 {backend}: delivered, RST, rule", (reply["outcome"], path(reply), shown(reply), [r["kind"] for r in reply["responses"]]),
              ("delivered", ["R:in0:in", "R:out0:out", "B:eth0:in"], [("R", "filter", "FORWARD", 2)], ["tcp-reset"]))
        check(f"IPv6 {backend}: the delivered packet", reply["delivered"]["packet"]["ttl"], 63)
        check(f"IPv6 {backend}: static neighbours, no solicitation", "neighbours" in reply, False)
        check(f"IPv6 {backend}: REJECT", icmp(client.probe({**packet, "dport": 81}))[:1], [("R", 1, 4, "fd00::1")])
        client.must("reset", host="R")
    check("IPv6: local output", path(client.probe({"host": "A", "dst": "fd01::2", "proto": "icmpv6"}))[:2], ["A:eth0:out", "R:in0:in"])


def instances(client):
    return set(os.listdir(client.root("/run/oracle-tracefs/instances")))


def net_namespaces(client):
    """The network namespaces that a process holds open."""
    folder = f"/proc/{client.process.pid}/fd"
    return {os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder) if "net:[" in os.readlink(f"{folder}/{fd}")}


def check_cleaning(check):
    watcher = Client()
    watcher.must("capabilities")
    for name, end, leaves_instance in (
        ("end of input", lambda c: c.process.stdin.close(), False), ("SIGTERM", lambda c: c.process.send_signal(signal.SIGTERM), False),
        ("SIGINT", lambda c: c.process.send_signal(signal.SIGINT), False), ("SIGKILL", lambda c: c.process.kill(), True),
    ):
        client = Client()
        client.must("capabilities")
        empty = net_namespaces(client)
        client.must("build", **router())
        busy = len(os.listdir(client.root("/run/netns")))
        instance = f"ppo{client.process.pid}"
        if name == "end of input":
            check("a build has a namespace per host and one for the fabric", busy, 6)
            check("a build that fails leaves nothing", (client.ask("build", hosts=[{"name": "X", "routes": ["nonsense"]}])["ok"],
                  os.listdir(client.root("/run/netns"))), (False, [f"{instance}-fence"]))
            client.must("build", **router())
            client.must("destroy")
            check("destroy removes all namespaces", (os.listdir(client.root("/run/netns")), net_namespaces(client)), ([f"{instance}-fence"], empty))
            client.must("build", **router())
        check(f"{name}: trace instance exists before", instance in instances(watcher))
        end(client)
        client.process.wait(20)
        check(f"{name}: trace instance {'stays' if leaves_instance else 'is gone'}", instance in instances(watcher), leaves_instance)
    after = Client()
    after.must("capabilities")
    check("the next oracle removes what a killed one left", instance in instances(watcher), False)
    check("no name of ours outside", [name for name in os.listdir("/run/netns") if name.startswith("ppo")] if os.path.isdir("/run/netns") else [], [])
    check("exit codes", (after.end(), watcher.end()), (0, 0))


def main():
    check, started = Checks(), time.time()
    client = Client()
    try:
        check_paths(client, check)
        check_routes(client, check)
        for backend in BACKENDS:
            check_rules(client, check, backend)
        check_agreement(client, check)
        check_other_topologies(client, check)
        check("unknown op is an error reply", client.ask("nonsense")["ok"], False)
    finally:
        client.end()
    check_cleaning(check)
    print(f"{time.time() - started:.1f} s")
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
