"""Captures: build the machines, start BIRD, dump, measure, write the scenario, remove the machines."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import bird
import cluster
import dump
import measure
import scenario
from namespaces import HERE, Machines, clean
from variants import VARIANTS

OUT = os.path.dirname(HERE)
# Where the captures are written; the scenario's own folder unless a test wants them elsewhere.
TARGET = os.environ.get("PODPATH_CAPTURE_OUT") or OUT
CACHE = os.environ.get("PODPATH_CAPTURE_CACHE") or os.path.join(tempfile.gettempdir(), "podpath-capture-cache")
AT_ONCE = int(os.environ.get("PODPATH_CAPTURES_AT_ONCE") or 4)
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
    variant = VARIANTS[which]
    variant.name = which
    variant.configure()
    folder = bird.find(CACHE)
    machines, stage = Machines(which), tempfile.mkdtemp(prefix="podpath-capture-")
    try:
        machines.build(variant.host_rules())
        log(f"{which}: {len(machines.all())} machines are up")
        birds = []
        if not cluster.VXLAN:
            birds = [bird.Bird(node, machines.nodes[node.name], folder) for node in cluster.NODES]
            variant.settle(birds)
        variant.break_it(machines)
        dump.dump(machines, os.path.join(stage, "snapshot"), variant.scenario_name)
        found = facts(machines, birds)
        log(f"{which}: dumped")
        if variant.patient:
            measure.be_patient()
        probes = measure.all_probes() if variant.every_probe else measure.some_probes()
        measured = measure.measure(machines, probes, log)
        log(f"{which}: {len(measured)} probes measured")
        found["dropsThatMatchedUntilNow"] = drops(machines)
        variant.check({answer["name"]: answer for answer in scenario.named(measured)}, machines)
        fixes = []
        if variant.fixes:
            found["connectTo179"] = port_179(machines)
            fixes, found["packetsOfTheFixesRule"] = try_fixes(machines, birds, probes)
        with open(os.path.join(stage, "scenario.yaml"), "w") as file:
            file.write(scenario.scenario_yaml(variant, measured, [f for f in fixes if len(f["hosts"]) > 1]))
        with open(os.path.join(stage, "measured.json"), "w") as file:
            file.write(scenario.measured_json(measured, fixes, found))
        json.load(open(os.path.join(stage, "measured.json")))
        target = os.path.join(TARGET, which)
        for entry in os.listdir(stage):  # a README in the folder stays
            old = os.path.join(target, entry)
            shutil.rmtree(old) if os.path.isdir(old) else os.path.exists(old) and os.remove(old)
        shutil.copytree(stage, target, dirs_exist_ok=True)
        os.chmod(target, 0o755)
        log(f"written to {which}/")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        machines.remove()
        shutil.rmtree(stage, ignore_errors=True)


def several(wanted):
    """Each capture is a process of its own; a few run at once, for most of their time is waiting."""
    bird.find(CACHE)
    waiting, running, failed = list(wanted), {}, []
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                which = waiting.pop(0)
                running[subprocess.Popen([sys.executable, "-B", os.path.abspath(__file__), which])] = which
            for process in [p for p in running if p.poll() is not None]:
                which = running.pop(process)
                if process.returncode:
                    failed.append(which)
            time.sleep(0.2)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
    if failed:
        raise SystemExit("failed: " + ", ".join(failed))


def main():
    wanted = sys.argv[1:]
    if wanted == ["clean"]:
        return clean()
    if wanted == ["all"]:
        wanted = list(VARIANTS)
    if not wanted or any(which not in VARIANTS for which in wanted):
        raise SystemExit("usage: capture.sh all | clean | " + " | ".join(VARIANTS))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    if len(wanted) > 1:
        return several(wanted)
    capture(wanted[0])


main()
