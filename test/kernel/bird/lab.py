"""Two real BIRDs in namespaces of their own: prints what birdc says, as JSON. `lab.py FOLDER 1.6|2`; FOLDER has bird and birdc."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time

NAMES = ["pp-bird-a", "pp-bird-b"]
ASKED = ["show protocols", "show protocols all", "show route", "show route all", "show status"]


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


def ip(namespace, *words):
    done = run("ip", "-n", namespace, *words)
    if done.returncode != 0:
        raise SystemExit(f"ip {' '.join(words)}: {done.stderr}")


def build():
    for name in NAMES:
        run("ip", "netns", "add", name)
        ip(name, "link", "set", "lo", "up")
    ip(NAMES[0], "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", NAMES[1])
    for number, name in enumerate(NAMES, 1):
        ip(name, "link", "set", "eth0", "up")
        ip(name, "addr", "add", f"10.9.0.{number}/24", "dev", "eth0")
    ip(NAMES[0], "route", "add", "192.168.66.0/24", "nexthop", "via", "10.9.0.2", "weight", "2", "nexthop", "via", "10.9.0.3")
    ip(NAMES[0], "route", "add", "unreachable", "192.168.67.0/24")


def config(own, version):
    other = 3 - own
    new = version == "2"
    channel = "ipv4 { import all; export all; };" if new else "import all; export all;"
    kernel = f"learn; {channel}" if new else f"learn; scan time 1; {channel}"
    static = "ipv4; " if new else ""
    peers = [(f"Mesh_10_9_0_{other}", other, 64512), ("Global_10_9_0_77", 77, 64513)]
    protocols = "".join(
        f"protocol bgp {name} {{ local as 64512; neighbor 10.9.0.{peer} as {asn}; connect delay time 1;"
        f" connect retry time 2; {channel} }}\n" for name, peer, asn in peers)
    return (f"router id 10.9.0.{own};\nprotocol device {{ scan time 1; }}\nprotocol direct {{ {static}interface \"*\"; }}\n"
            f"protocol kernel {{ {kernel} }}\nprotocol static {{ {static}route 192.168.{own}.0/26 blackhole; }}\n{protocols}")


def raw(control, command):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(control)
        connection.settimeout(1)
        connection.sendall((command + "\n").encode())
        text = b""
        try:
            while chunk := connection.recv(65536):
                text += chunk
        except TimeoutError:
            pass
        return text.decode()


def main(folder, version):
    processes = []
    with tempfile.TemporaryDirectory() as scratch:
        try:
            build()
            for own, name in enumerate(NAMES, 1):
                file = os.path.join(scratch, f"{own}.cfg")
                with open(file, "w") as handle:
                    handle.write(config(own, version))
                control = os.path.join(scratch, f"{own}.ctl")
                processes.append(subprocess.Popen(
                    ["ip", "netns", "exec", name, os.path.join(folder, "bird"), "-f", "-s", control, "-c", file],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            control = os.path.join(scratch, "1.ctl")
            birdc = lambda command: run(os.path.join(folder, "birdc"), "-s", control, *command.split()).stdout
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and "Established" not in birdc("show protocols"):
                time.sleep(0.5)
            time.sleep(2)
            with open(os.path.join(scratch, "1.cfg")) as handle:
                told = handle.read()
            print(json.dumps({"config": told, "birdc": {command: birdc(command) for command in ASKED},
                              "socket": {command: raw(control, command) for command in ASKED}}))
        finally:
            for process in processes:
                process.terminate()
                process.wait()
            for name in NAMES:
                run("ip", "netns", "del", name)


main(*sys.argv[1:])
