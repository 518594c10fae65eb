"""Writes the snapshot folder: what the commands print on every machine, and the cluster's objects."""

import os
import shutil
import subprocess
import time

import bird
import cluster
import manifests
from yaml_out import yaml

HERE = os.path.dirname(os.path.abspath(__file__))


def dump_host(namespace, name, folder, form, kind):
    done = subprocess.run(
        namespace.command(["unshare", "--mount", "--uts", "sh", os.path.join(HERE, "dump-host.sh"),
                           name, folder, form, kind]), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"dump of {name} failed: {done.stderr}")


def write(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)


def dump(machines, birds, folder, name):
    """Everything is written before anything is measured: the answers follow from this state."""
    shutil.rmtree(folder, ignore_errors=True)
    for daemon in birds:
        node = daemon.node
        form = "json" if node is cluster.NODES[0] else "text"
        target = os.path.join(folder, "nodes", node.name)
        # BIRD first: a dialling side alternates between Connect and Active
        write(target, "birdc-protocols.txt", daemon.ask("show", "protocols", "all"))
        write(target, "birdc-route.txt", daemon.ask("show", "route", "all"))
        write(target, "bird.cfg", bird.config(node))
        dump_host(machines.nodes[node.name], node.name, target, form, "node")
        version = subprocess.run([os.path.join(daemon.folder, "bird"), "--version"], capture_output=True, text=True)
        with open(os.path.join(target, "versions.txt"), "a") as file:
            file.write(version.stdout + version.stderr)
        for pod in node.pods:
            dump_host(machines.pods[pod.id], pod.name, os.path.join(target, "netns", pod.id), form, "pod")
    dump_host(machines.gw, "gw", os.path.join(folder, "hosts", "gw"), "json", "host")
    dump_host(machines.internet, "internet", os.path.join(folder, "hosts", "internet"), "text", "host")
    for file, objects in manifests.files().items():
        write(os.path.join(folder, "cluster"), file, yaml(objects))
    write(folder, "snapshot.yaml", yaml({
        "apiVersion": "podpath/v1",
        "kind": "Snapshot",
        "metadata": {"name": name},
        "collectedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "fabric": {"segments": [
            {"name": "lan", "mtu": 1500,
             "members": [f"{node.name}:eth0" for node in cluster.NODES] + ["host/gw:eth0"]},
            {"name": "external", "mtu": 1500, "members": ["host/gw:eth1", "host/internet:eth0"]},
        ]},
    }))
