"""Writes the snapshot folder: what the collector gathers on every machine, and the cluster's objects."""

import io
import os
import re
import shutil
import subprocess
import tarfile
import time

import cluster
import manifests
from namespaces import HERE
from yaml_out import yaml

# The script that `podpath collect` prints.
COLLECTOR = os.path.normpath(os.path.join(HERE, "../../../src/cli/collect"))


def collector():
    return "".join(open(os.path.join(COLLECTOR, part)).read() for part in ("prelude.sh", "node.sh"))


def collect(command, folder, *options):
    """Runs the collector as a command of a machine, and unpacks its tar."""
    done = subprocess.run([*command, "sh", "-s", "--", *options], input=collector().encode(), capture_output=True)
    if done.returncode:
        raise SystemExit(f"the collector failed: {done.stderr.decode()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        tar.extractall(folder, filter="data")
    os.remove(os.path.join(folder, "index.json"))  # one stands beside the files of each machine


def same_everywhere(folder):
    """Takes out what tells the machine that captured: the local suffix of the kernel's version."""
    release = os.uname().release
    for path, _, files in os.walk(folder):
        if "versions.txt" in files:
            file = os.path.join(path, "versions.txt")
            text = open(file).read()
            text = re.sub(rf"^(Linux \S+) {re.escape(release)} ", rf"\1 {release.split('-')[0]} ", text)
            open(file, "w").write(text)


def write(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)


def dump(machines, folder, name):
    """Everything is written before anything is measured: the answers follow from this state."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for node in cluster.NODES:
        collect(machines.nodes[node.name].command([]), folder)
    for name_of_host in ("gw", "internet"):
        host = getattr(machines, name_of_host)
        # mounts of its own, so that `ip` names no namespace of this machine; and a host name
        inside = host.command(["unshare", "--mount", "--uts", "sh", "-c",
                               'hostname "$0"; mount -t tmpfs none /run/netns; exec "$@"', name_of_host])
        collect(inside, folder, "--host", "--no-pods", "--name", name_of_host)
    same_everywhere(folder)
    for file, objects in manifests.files().items():
        write(os.path.join(folder, "cluster"), file, yaml(objects))
    lan = [node for node in cluster.NODES if not node.in_second_lan]
    second = [node for node in cluster.NODES if node.in_second_lan]
    segments = [{"name": "lan", "mtu": 1500, "members": [f"{node.name}:eth0" for node in lan] + ["host/gw:eth0"]}]
    if second:
        segments.append({"name": "lan-2", "mtu": 1500,
                         "members": [f"{node.name}:eth0" for node in second] + ["host/gw:eth2"]})
    segments.append({"name": "external", "mtu": 1500, "members": ["host/gw:eth1", "host/internet:eth0"]})
    write(folder, "snapshot.yaml", yaml({
        "apiVersion": "podpath/v1",
        "kind": "Snapshot",
        "metadata": {"name": name},
        "collectedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "fabric": {"segments": segments},
    }))
