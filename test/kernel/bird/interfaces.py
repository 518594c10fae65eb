"""A real BIRD 1.6 in a namespace with devices as a node has them: prints what ip and birdc say, as JSON. `interfaces.py FOLDER SEED`."""
import ipaddress
import json
import os
import random
import subprocess
import sys
import tempfile
import time

NAME = f"pp-ifs-{os.getpid()}"
KINDS = {
    "dummy": ["type", "dummy"],
    "bridge": ["type", "bridge"],
    "veth": ["type", "veth"],
    "vxlan": ["type", "vxlan", "id", "4096", "dstport", "4789", "nolearning"],
    "wireguard": ["type", "wireguard"],
    "vlan": ["type", "vlan", "id", "7"],
    "macvlan": ["type", "macvlan", "mode", "bridge"],
}


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


def ip(*words):
    return run("ip", "-n", NAME, *words).returncode == 0


def address(draw, family):
    if family == 6:
        start = draw.choice(["fd00::", "2001:db8::", "fec0::", "fe80::5:0"])
        own = ipaddress.ip_address(start) + draw.randrange(1, 4000)
        return f"{own}/{draw.choice([64, 126, 127, 128])}"
    start = draw.choice(["10.9.0.0", "172.20.3.0", "192.168.1.0", "169.254.7.0", "8.8.4.0", "100.64.0.0", "172.32.0.0"])
    own = ipaddress.ip_address(start) + draw.randrange(1, 250)
    if draw.random() < 0.2:
        return f"{own} peer {own + 3}/{draw.choice([32, 24])}".split()
    return f"{own}/{draw.choice([8, 24, 29, 30, 31, 32])}"


def build(draw):
    run("ip", "netns", "add", NAME)
    ip("link", "set", "lo", "up")
    names = []
    for number in range(draw.randrange(2, 8)):
        kind = draw.choice(list(KINDS))
        name = f"if{number}"
        below = ["link", draw.choice(names)] if kind in ("vlan", "macvlan") and names else []
        if kind in ("vlan", "macvlan") and not names:
            kind = "dummy"
        if ip("link", "add", *below, "name", name, *KINDS[kind]):
            names.append(name)
    if run("ip", "-n", NAME, "tuntap", "add", "dev", "tun0", "mode", draw.choice(["tun", "tap"])).returncode == 0:
        names.append("tun0")
    for name in [*names, "lo"]:
        if draw.random() < 0.3:
            ip("link", "set", name, "mtu", str(draw.choice([1280, 1450, 1480])))
        for _ in range(draw.randrange(0, 4)):
            own = address(draw, draw.choice([4, 6]))
            ip("addr", "add", *(own if isinstance(own, list) else [own]), "dev", name, *(["nodad"] if ":" in str(own) else []))
        if draw.random() < 0.8:
            ip("link", "set", name, "up")


def main(folder, seed):
    draw = random.Random(seed)
    processes = []
    with tempfile.TemporaryDirectory() as scratch:
        try:
            build(draw)
            time.sleep(2.2)
            path = os.path.join(scratch, "bird.conf")
            with open(path, "w") as file:
                file.write("router id 1.1.1.1;\nprotocol device { scan time 2; }\n")
            said = {}
            for program in ("bird", "bird6"):
                control = os.path.join(scratch, program)
                processes.append(subprocess.Popen(["ip", "netns", "exec", NAME, os.path.join(folder, program), "-f", "-s", control, "-c", path]))
                deadline = time.monotonic() + 10
                while time.monotonic() < deadline and not os.path.exists(control):
                    time.sleep(0.05)
                time.sleep(0.3)
                for words in (["show", "interfaces"], ["show", "interfaces", "summary"]):
                    said[f"{program} {' '.join(words)}"] = run(os.path.join(folder, "birdc"), "-s", control, *words).stdout
            print(json.dumps({"ip": run("ip", "-n", NAME, "-d", "addr").stdout, "said": said}))
        finally:
            for process in processes:
                process.terminate()
                process.wait()
            run("ip", "netns", "del", NAME)


main(sys.argv[1], int(sys.argv[2]))
