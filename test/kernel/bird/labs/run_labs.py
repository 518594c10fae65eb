"""Real BIRDs in namespaces of their own: many labs at once. `run_labs.py FOLDER [SECOND] < labs.json`; FOLDER has bird and bird6,
SECOND the bird of BIRD 2, which is started where a configuration for it is there.

Each lab goes through stages: its events are carried out, then it runs for so many seconds; in the last of them the daemons are
asked again and again. Prints what was seen as JSON: for each lab and stage the dumps after the events, and what each daemon said.
The daemons and this program run before all others of the machine, so that timers are in time however busy it is.
"""

import ctypes
import json
import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

FORWARD = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}
DUMPS = {
    "ip-addr.txt": ["ip", "-d", "-s", "addr"],
    "ip-link.txt": ["ip", "-d", "-s", "link"],
    "ip-route.txt": ["ip", "-4", "route", "show", "table", "all"],
    "ip-route-v6.txt": ["ip", "-6", "route", "show", "table", "all"],
    "ip-rule.txt": ["ip", "-4", "rule"],
    "sysctl.txt": ["sysctl", *FORWARD.values(), "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.eth0.rp_filter",
                   "net.ipv4.icmp_ratelimit", "net.ipv4.tcp_syn_retries", "net.ipv6.icmp.ratelimit",
                   "net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.eth0.disable_ipv6"],
}
RULES = {4: {"iptables-nft-save.txt": ["iptables-nft-save"]}, 6: {"ip6tables-nft-save.txt": ["ip6tables-nft-save"]}}
RULES[0] = {**RULES[4], **RULES[6]}
SOCKETS = ["ss", "-H", "-lntu"]
MARK = "-- dump -- "
TAKE_PORT = ("import socket,time;s=socket.socket({});s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1);"
             "s.bind(('{}',179));s.listen();time.sleep(3600)")
ANY = {4: ("socket.AF_INET", "0.0.0.0"), 6: ("socket.AF_INET6", "::")}


def run(*words, check=False, data=None):
    done = subprocess.run(words, capture_output=True, text=True, input=data)
    if check and done.returncode != 0:
        raise SystemExit(f"{' '.join(words)}: {done.stderr}")
    return done.stdout


@contextmanager
def inside(namespace):
    """This thread and what it starts are in the namespace: `ip netns exec` would be one more program, with mounts of its own."""
    enter(f"/run/netns/{namespace}")
    try:
        yield
    finally:
        enter("/proc/self/ns/net")


def enter(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns", path)
    finally:
        os.close(descriptor)


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


LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
CLONE_NEWTIME = 0x80
# Not the process number: it comes again, and the machines of a run that was killed are still there.
PREFIX = f"ppbl{secrets.token_hex(4)}-"


def shift_clock(nanoseconds):
    """BIRD's timers go off at whole seconds of the monotonic clock: machines of their own do not have them all at once."""
    if LIBC.unshare(CLONE_NEWTIME) == 0:
        with open("/proc/self/timens_offsets", "w") as handle:
            handle.write(f"monotonic 0 {nanoseconds}")


def first(policy=os.SCHED_RR):
    """Before all others, with all that this thread starts: BIRD counts by a clock, and asks who is late."""
    try:
        os.sched_setscheduler(0, policy, os.sched_param(1))
    except OSError:
        pass


def first_alone():
    """Before all others; what this thread starts may wait: the tools that build and dump. (Said so, and not by what runs between
    fork and exec: for that Python copies itself, which takes longer than most tools.)"""
    first(os.SCHED_RR | os.SCHED_RESET_ON_FORK)


class Lab:
    def __init__(self, number, lab, folders, scratch):
        self.lab, self.folders, self.number = lab, folders, number
        self.scratch = os.path.join(scratch, str(number))
        os.mkdir(self.scratch)
        self.switch = f"{PREFIX}{number}-sw"
        self.birds, self.others = {}, []

    def namespace(self, node):
        return f"{PREFIX}{self.number}-{node}"

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
            both = self.lab.get("both", False)
            off = 0 if both or self.lab["family"] == 6 else 1
            families = [4, 6] if both else [self.lab["family"]]
            with inside(name):
                for key, value in [*((FORWARD[family], 1 if node["forwards"] else 0) for family in families),
                                   ("net.ipv6.conf.all.disable_ipv6", off), ("net.ipv6.conf.default.disable_ipv6", off),
                                   ("net.ipv6.conf.default.accept_dad", 0), ("net.ipv6.conf.default.router_solicitations", 0)]:
                    with open(f"/proc/sys/{key.replace('.', '/')}", "w") as handle:
                        handle.write(str(value))
            commands = ["link set lo up"]
            cables = []
            for port in node["interfaces"]:
                device = f"{node['name']}{port['name']}"[:15]
                cables += [f"link add {device} type veth peer name {port['name']} netns {name}",
                           f"link set {device} master {port['segment']} up"]
                commands += [f"addr add {address} dev {port['name']}" for address in port["address"].split()]
                commands += [f"link set {port['name']} up"]
            commands += [f"route add {route}" for route in node["routes"]]
            run("ip", "-n", self.switch, "-batch", "-", check=True, data="\n".join(cables) + "\n")
            version = [] if both else [f"-{self.lab['family']}"]
            run("ip", *version, "-n", name, "-batch", "-", check=True, data="\n".join(commands) + "\n")

    def dump(self):
        found = {}
        for node in self.lab["nodes"]:
            # who holds a socket is asked where it matters: that takes a walk through all processes of the machine
            sockets = [*SOCKETS, "-p"] if self.others else SOCKETS
            rules = RULES[0 if self.lab.get("both", False) else self.lab["family"]]
            commands = {**DUMPS, **rules, "sockets.txt": sockets}
            script = "".join(f"echo {shlex.quote(MARK + file)}; {shlex.join(command)}\n" for file, command in commands.items())
            with inside(self.namespace(node["name"])):
                text = run("sh", "-c", script)
            for part in text.split(MARK)[1:]:
                file, _, content = part.partition("\n")
                found[f"nodes/{node['name']}/{file}"] = content
        return found

    def event(self, event):
        node = event["node"]
        name = self.namespace(node)
        if event["kind"] == "run":
            with inside(name):
                run(*event["words"], check=True)
        elif event["kind"] == "start":
            config = os.path.join(self.scratch, node, "bird.cfg")
            for file, text in {"bird.cfg": event.get("second", event["config"]), **event.get("files", {})}.items():
                path = os.path.join(self.scratch, node, file)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as handle:
                    handle.write(text)
            program = os.path.join(self.folders[1], "bird") if "second" in event else os.path.join(self.folders[0], self.lab["program"])
            command = [program, "-f", "-s", self.control(node)]
            phase = len(self.birds) * 170_000_000

            def prepare():
                first()
                shift_clock(phase)

            with open(os.path.join(self.scratch, f"{node}.log"), "a") as log, inside(name):
                self.birds[node] = subprocess.Popen([*command, *event["flags"], "-c", config], stdout=log, stderr=log,
                                                    preexec_fn=prepare)
        elif event["kind"] == "signal":
            self.birds[node].send_signal(getattr(signal, event["signal"]))
            self.birds[node].wait()
        elif event["kind"] == "freeze":
            self.birds[node].send_signal(signal.SIGSTOP)
        elif event["kind"] == "take-port":
            with inside(name):
                self.others.append(subprocess.Popen(["python3", "-c", TAKE_PORT.format(*ANY[self.lab["family"]])],
                                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
                while "179" not in run("ss", "-Hlnt"):
                    time.sleep(0.05)
        elif event["kind"] == "birdc":
            ask(self.control(node), event["command"])

    def sample(self):
        return {node: ask(self.control(node), "show protocols") for node in self.birds}

    def say(self):
        return {node: {command: ask(self.control(node), command) for command in self.lab["asked"]} for node in self.birds}

    def routes(self):
        families = [4, 6] if self.lab.get("both", False) else [self.lab["family"]]
        return {node["name"]: "".join(run("ip", "-n", self.namespace(node["name"]), f"-{family}", "route", "show")
                                      for family in families)
                for node in self.lab["nodes"]}

    def remove(self):
        for process in [*self.birds.values(), *self.others]:
            process.kill()
            process.wait()
        for name in [self.switch, *(self.namespace(node["name"]) for node in self.lab["nodes"])]:
            run("ip", "netns", "del", name)


class Play:
    """A lab on its way through its stages."""

    def __init__(self, lab, pool, askers):
        self.lab, self.pool, self.askers = lab, pool, askers
        self.stages, self.asked, self.ended = [], 0, 0
        self.work = pool.submit(self.begin)

    def begin(self):
        stage = self.lab.lab["stages"][len(self.stages)]
        starts = [event for event in stage["events"] if event["kind"] == "start"]
        begun = time.monotonic()
        for event in stage["events"]:
            if event["kind"] != "start":
                self.lab.event(event)
        seen = {"dumps": self.lab.dump(), "samples": [], "times": [], "pause": 0}
        # daemons start after the dump: then the time counts from there
        self.begun = time.monotonic() if starts else begun
        for event in starts:
            self.lab.event(event)
        if self.stages:
            seen["pause"] = self.begun - self.ended
        self.until = self.begun + stage["seconds"]
        self.sampled = stage["sampled"]
        self.stages.append(seen)

    def end(self):
        self.ended = time.monotonic()
        self.stages[-1].update({"time": self.ended - self.begun, "said": self.lab.say(), "routes": self.lab.routes()})
        if len(self.stages) < len(self.lab.lab["stages"]):
            self.work = self.pool.submit(self.begin)

    def go_on(self):
        """Asks what is due; False when the lab is over."""
        if not self.work.done():
            return True
        self.work.result()
        now = time.monotonic()
        if "routes" in self.stages[-1]:
            return False
        if now < max(self.until - self.sampled, self.asked + 0.5):
            return True
        self.asked = now
        self.stages[-1]["samples"].append(self.lab.sample())
        self.stages[-1]["times"].append(time.monotonic() - self.begun)
        if now >= self.until:
            self.work = self.askers.submit(self.end)
        return True


def main(*folders):
    first_alone()
    labs = json.load(sys.stdin)
    with (tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(4, initializer=first_alone) as pool,
          ThreadPoolExecutor(8, initializer=first) as askers):
        made = [Lab(number, lab, folders, scratch) for number, lab in enumerate(labs)]
        try:
            list(pool.map(Lab.build, made))
            plays = [Play(lab, pool, askers) for lab in made]
            at_work = plays
            while at_work:
                at_work = [play for play in at_work if play.go_on()]
                time.sleep(0.05)
            json.dump([{"stages": play.stages} for play in plays], sys.stdout)
        finally:
            list(pool.map(Lab.remove, made))


main(*sys.argv[1:])
