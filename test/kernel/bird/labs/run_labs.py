"""Real BIRDs in namespaces of their own: many labs at once. `run_labs.py FOLDER < labs.json`; FOLDER has bird and birdc.

Each lab goes through stages: its events are carried out, then it runs for so many seconds; in the last of them the daemons are
asked again and again. Prints what was seen as JSON: for each lab and stage the dumps after the events, and what each daemon said.
"""

import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

DUMPS = {
    "ip-addr.txt": ["ip", "-d", "-s", "addr"],
    "ip-link.txt": ["ip", "-d", "-s", "link"],
    "ip-route.txt": ["ip", "-4", "route", "show", "table", "all"],
    "ip-route-v6.txt": ["ip", "-6", "route", "show", "table", "all"],
    "ip-rule.txt": ["ip", "-4", "rule"],
    "iptables-nft-save.txt": ["iptables-nft-save"],
    "sockets.txt": ["ss", "-H", "-lntup"],
    "sysctl.txt": ["sysctl", "net.ipv4.ip_forward", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.eth0.rp_filter",
                   "net.ipv4.icmp_ratelimit", "net.ipv4.tcp_syn_retries"],
}
TAKE_PORT = ("import socket,time;s=socket.socket();s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1);"
             "s.bind(('0.0.0.0',179));s.listen();time.sleep(600)")


def run(*words, check=False, data=None):
    done = subprocess.run(words, capture_output=True, text=True, input=data)
    if check and done.returncode != 0:
        raise SystemExit(f"{' '.join(words)}: {done.stderr}")
    return done.stdout


def inside(namespace, *words, check=False):
    return run("ip", "netns", "exec", namespace, *words, check=check)


def ask(control, command):
    """What the daemon answers on its control socket; None when nobody is there."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(3)
            connection.connect(control)
            connection.sendall((command + "\n").encode())
            text = b""
            # A code and a blank end the banner, and the reply.
            while len(re.findall(rb"^\d{4} .*\n", text, re.M)) < 2:
                chunk = connection.recv(65536)
                if not chunk:
                    break
                text += chunk
            return text.decode()
    except OSError:
        return None


CLONE_NEWTIME = 0x80


def shift_clock(nanoseconds):
    """BIRD's timers go off at whole seconds of the monotonic clock: machines of their own do not have them all at once."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWTIME) == 0:
        with open("/proc/self/timens_offsets", "w") as handle:
            handle.write(f"monotonic 0 {nanoseconds}")


class Lab:
    def __init__(self, number, lab, folder, scratch):
        self.lab, self.folder, self.number = lab, folder, number
        self.scratch = os.path.join(scratch, str(number))
        os.mkdir(self.scratch)
        self.switch = f"ppbl{number}-sw"
        self.birds, self.others = {}, []

    def namespace(self, node):
        return f"ppbl{self.number}-{node}"

    def control(self, node):
        return os.path.join(self.scratch, f"{node}.ctl")

    def build(self):
        run("ip", "netns", "add", self.switch, check=True)
        commands = []
        for segment in self.lab["segments"]:
            commands += [f"link add {segment} type bridge", f"link set {segment} up"]
        run("ip", "-n", self.switch, "-batch", "-", check=True, data="\n".join(commands) + "\n")
        for node in self.lab["nodes"]:
            name = self.namespace(node["name"])
            run("ip", "netns", "add", name, check=True)
            inside(name, "sysctl", "-q", "-w", f"net.ipv4.ip_forward={1 if node['forwards'] else 0}",
                   "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
            commands = ["link set lo up"]
            for port in node["interfaces"]:
                device = f"{node['name']}{port['name']}"[:15]
                run("ip", "-n", self.switch, "link", "add", device, "type", "veth", "peer", "name", port["name"], "netns", name,
                    check=True)
                run("ip", "-n", self.switch, "link", "set", device, "master", port["segment"], "up", check=True)
                commands += [f"addr add {port['address']} dev {port['name']}", f"link set {port['name']} up"]
            commands += [f"route add {route}" for route in node["routes"]]
            run("ip", "-n", name, "-batch", "-", check=True, data="\n".join(commands) + "\n")

    def dump(self):
        found = {}
        for node in self.lab["nodes"]:
            name = self.namespace(node["name"])
            for file, command in DUMPS.items():
                found[f"nodes/{node['name']}/{file}"] = inside(name, *command)
        return found

    def event(self, event):
        node = event["node"]
        name = self.namespace(node)
        if event["kind"] == "run":
            inside(name, *event["words"], check=True)
        elif event["kind"] == "start":
            config = os.path.join(self.scratch, f"{node}.cfg")
            with open(config, "w") as handle:
                handle.write(event["config"])
            log = open(os.path.join(self.scratch, f"{node}.log"), "w")
            self.birds[node] = subprocess.Popen(
                ["ip", "netns", "exec", name, os.path.join(self.folder, "bird"), "-f", "-s", self.control(node), "-c", config],
                stdout=log, stderr=log, preexec_fn=lambda: shift_clock(len(self.birds) * 170_000_000))
        elif event["kind"] == "signal":
            self.birds[node].send_signal(getattr(signal, event["signal"]))
            self.birds[node].wait()
        elif event["kind"] == "take-port":
            self.others.append(subprocess.Popen(["ip", "netns", "exec", name, "python3", "-c", TAKE_PORT],
                                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            while "179" not in inside(name, "ss", "-Hlnt"):
                time.sleep(0.05)
        elif event["kind"] == "birdc":
            ask(self.control(node), event["command"])

    def sample(self):
        return {node: ask(self.control(node), "show protocols") for node in self.birds}

    def end(self):
        commands = ["show protocols all", "show route all", "show status", "show interfaces"]
        return {node: {command: ask(self.control(node), command) for command in commands} for node in self.birds}

    def routes(self):
        return {node["name"]: inside(self.namespace(node["name"]), "ip", "-4", "route", "show") for node in self.lab["nodes"]}

    def remove(self):
        for process in [*self.birds.values(), *self.others]:
            process.kill()
            process.wait()
        for name in [self.switch, *(self.namespace(node["name"]) for node in self.lab["nodes"])]:
            run("ip", "netns", "del", name)


def main(folder):
    labs = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(4) as pool:
        made = [Lab(number, lab, folder, scratch) for number, lab in enumerate(labs)]
        results = [{"stages": []} for _ in made]
        try:
            list(pool.map(Lab.build, made))
            for number in range(max(len(lab["stages"]) for lab in labs)):
                at_work = [(item, result) for item, result in zip(made, results) if number < len(item.lab["stages"])]

                def begin(pair):
                    item, result = pair
                    stage = item.lab["stages"][number]
                    for event in stage["events"]:
                        if event["kind"] != "start":
                            item.event(event)
                    result["stages"].append({"dumps": item.dump(), "samples": [], "times": []})
                    for event in stage["events"]:
                        if event["kind"] == "start":
                            item.event(event)
                    item.begun = time.monotonic()

                list(pool.map(begin, at_work))
                last = max(item.begun for item, _ in at_work)
                seconds = max(item.lab["stages"][number]["seconds"] for item, _ in at_work)
                sampled = max(item.lab["stages"][number]["sampled"] for item, _ in at_work)
                time.sleep(max(0, last + seconds - sampled - time.monotonic()))
                while time.monotonic() < last + seconds:
                    started = time.monotonic()
                    for item, result in at_work:
                        result["stages"][-1]["samples"].append(item.sample())
                        result["stages"][-1]["times"].append(time.monotonic() - item.begun)
                    time.sleep(max(0, 0.5 - (time.monotonic() - started)))
                for item, result in at_work:
                    result["stages"][-1]["time"] = time.monotonic() - item.begun
                    result["stages"][-1]["said"] = item.end()
                    result["stages"][-1]["routes"] = item.routes()
            json.dump(results, sys.stdout)
        finally:
            list(pool.map(Lab.remove, made))


main(sys.argv[1])
