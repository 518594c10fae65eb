"""One capture: build the machines, start BIRD, dump, measure, write the scenario, remove the machines."""

import json
import os
import shutil
import signal
import sys
import tempfile
import time

import bird
import cluster
import dump
import measure
import scenario
from namespaces import HERE, Machines, run

OUT = os.path.dirname(HERE)
# Where the captures are written; the scenario's own folder unless a test wants them elsewhere.
TARGET = os.environ.get("PODPATH_CAPTURE_OUT") or OUT
CACHE = os.environ.get("PODPATH_CAPTURE_CACHE") or os.path.join(tempfile.gettempdir(), "podpath-capture-cache")
STARTED = time.monotonic()


def log(text):
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", flush=True)


def input_policy(machines, node):
    """Packets that the policy of filter INPUT has counted, and the policy."""
    for row in machines.nodes[node].run("iptables-nft-save", "-c", "-t", "filter").splitlines():
        if row.startswith(":INPUT "):
            _, policy, counters = row.split()
            return {"policy": policy, "packets": int(counters.strip("[]").split(":")[0])}


def facts(machines, birds):
    return {
        "bgp": {b.node.name: b.sessions() for b in birds},
        "inputPolicy": {n.name: input_policy(machines, n.name) for n in cluster.NODES},
        "birdRoutes": {n.name: [r.strip() for r in
                                machines.nodes[n.name].run("ip", "route", "show", "proto", "bird").splitlines()]
                       for n in cluster.NODES},
    }


def drops(machines):
    """Every DROP of the nodes' IPv4 rules that has matched a packet, with its count."""
    found = {}
    for node in cluster.NODES:
        table, rows = "", []
        for row in machines.nodes[node.name].run("iptables-nft-save", "-c").splitlines():
            if row.startswith("*"):
                table = row[1:]
            elif row.startswith(":") and " DROP " in row and not row.endswith("[0:0]"):
                rows.append(f"{table} {row}")
            elif row.endswith("-j DROP") and not row.startswith("[0:"):
                rows.append(f"{table} {row}")
        found[node.name] = rows
    return found


def check(which, measured, found):
    """What must hold for the capture to be worth anything."""
    by_name = {answer["name"]: answer for answer in scenario.named(measured)}
    assert by_name["a-to-b"]["result"] == "answered"
    assert by_name["a-to-apiserver"]["result"] == "answered"
    if which == "healthy":
        for answer in measured:
            between_pods = answer["from"].startswith("pod/") and answer["to"].startswith("pod/")
            assert not between_pods or answer["result"] == "answered", answer
        assert by_name["traceroute-udp-default-a-to-default-c"]["hops"] == [
            "172.16.0.10", "172.16.0.11", "192.168.133.193"]
    else:
        assert by_name["a-to-c"]["result"] == "timeout"
        for worker in ("worker-1", "worker-2"):
            assert found["inputPolicy"][worker]["policy"] == "DROP" and found["inputPolicy"][worker]["packets"] > 0


# Where the rule is put for which fix. `worker-1 only` repairs half and is recorded, not offered.
FIXES = [("allow-bgp-on-worker-1-only", ["worker-1"]),
         ("allow-bgp-on-the-passive-nodes", ["worker-1", "worker-2"]),
         ("allow-bgp-on-every-node", ["control-plane", "worker-1", "worker-2"])]


def try_fixes(machines, birds, probes):
    headlines = [(source, target, dict(probe, name=name)) for name, wanted in scenario.HEADLINES.items()
                 for source, target, probe in probes if (probe["from"], probe["to"], probe["kind"]) == wanted]
    done, results = set(), []
    for name, hosts in FIXES:
        for host in hosts:
            if host not in done:
                machines.nodes[host].run(*scenario.ALLOW.replace("iptables", "iptables-nft", 1).split())
                done.add(host)
        if hosts == ["worker-1"]:
            first = next(b for b in birds if b.node.name == "worker-1")
            bird.wait_until(lambda: set(first.sessions().values()) == {"Established"}, "fix on worker-1", 60)
            time.sleep(3)  # routes reach the kernel
        else:
            bird.wait_established(birds)
        answers = measure.measure(machines, headlines, log)
        results.append({"name": name, "hosts": hosts, "bgp": {b.node.name: b.sessions() for b in birds},
                        "answers": {answer.pop("name"): answer for answer in answers}})
        log(name + ": " + ", ".join(f"{n} {a['result']}" for n, a in results[-1]["answers"].items()))
    counters = {}
    for node in cluster.NODES:
        rows = machines.nodes[node.name].run("iptables-nft-save", "-c", "-t", "filter").splitlines()
        row = next(row for row in rows if "--dport 179" in row)
        counters[node.name] = int(row.split(":")[0].lstrip("["))
    return results, counters


def port_179(machines):
    """Who can open a connection to BGP's port on whom: the test a person would run by hand."""
    answers = {}
    for node in cluster.NODES:
        for peer in cluster.NODES:
            if peer is not node:
                code = ("import socket,sys\ns=socket.socket();s.settimeout(1.5)\ntry:\n s.connect((sys.argv[1],179));"
                        "print('connected')\nexcept TimeoutError: print('timeout')\n"
                        "except OSError as e: print(e.strerror)")
                answers[f"{node.name} to {peer.name}"] = machines.nodes[node.name].run(
                    sys.executable, "-c", code, peer.ip).strip()
    return answers


def capture(which):
    folder = bird.find(CACHE)
    machines, scratch = Machines(), tempfile.mkdtemp(prefix="podpath-capture-")
    try:
        rules = open(os.path.join(OUT, "hardened.rules")).read() if which == "bgp-blocked" else None
        machines.build(rules)
        log(f"{which}: {len(machines.all())} machines are up")
        birds = [bird.Bird(node, machines.nodes[node.name], folder, scratch) for node in cluster.NODES]
        if which == "healthy":
            bird.wait_established(birds)
        else:
            bird.wait_blocked(birds)
        stage = os.path.join(scratch, "out")
        name = "debian-firewall-blocks-bgp" + ("" if which == "bgp-blocked" else "-healthy")
        dump.dump(machines, birds, os.path.join(stage, "snapshot"), name)
        found = facts(machines, birds)
        log("dumped")
        probes = measure.all_probes()
        measured = measure.measure(machines, probes, log)
        log(f"{len(measured)} probes measured")
        found["dropsThatMatchedUntilNow"] = drops(machines)
        check(which, measured, found)
        fixes = []
        if which == "bgp-blocked":
            found["connectTo179"] = port_179(machines)
            fixes, found["packetsOfTheFixesRule"] = try_fixes(machines, birds, probes)
        with open(os.path.join(stage, "scenario.yaml"), "w") as file:
            file.write(scenario.scenario_yaml(which, measured, [f for f in fixes if len(f["hosts"]) > 1]))
        with open(os.path.join(stage, "measured.json"), "w") as file:
            file.write(scenario.measured_json(measured, fixes, found))
        json.load(open(os.path.join(stage, "measured.json")))
        target = os.path.join(TARGET, which)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(stage, target)
        log(f"written to {which}/")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        machines.remove()
        shutil.rmtree(scratch, ignore_errors=True)


def main():
    wanted = {"healthy": ["healthy"], "bgp-blocked": ["bgp-blocked"], "all": ["healthy", "bgp-blocked"],
              "clean": []}.get(sys.argv[1] if len(sys.argv) == 2 else "")
    if wanted is None:
        raise SystemExit("usage: capture.sh healthy | bgp-blocked | all | clean")
    if not wanted:
        Machines().clean()
    for which in wanted:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        capture(which)


main()
