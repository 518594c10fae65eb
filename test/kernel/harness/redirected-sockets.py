"""Which sockets follow a redirect: `unshare --net python3 redirected-sockets.py`.

A, R1 and R2 stand on a bridge, R2 has the other end's addresses. A sends all to R1, which sends it on to R2 and redirects A.
The namespaces go away with this process. Printed as JSON: by family and case whether A follows after it.
"""

import ctypes
import json
import os
import socket
import subprocess
import time

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
HERE, FAR = {4: "10.0.0.2", 6: "fd00::2"}, {4: "10.0.2.2", 6: "fd02::2"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
MACS = {"A": "02:00:00:00:00:02", "R1": "02:00:00:00:00:01", "R2": "02:00:00:00:00:03"}


def here():
    return os.open("/proc/self/ns/net", os.O_RDONLY)


def enter(namespace):
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def run(words):
    subprocess.run(words.split(), check=True, capture_output=True)


def settings(values):
    for key, value in values:
        with open("/proc/sys/" + key.replace(".", "/"), "w") as file:
            file.write(value)


def build():
    """The namespaces by name."""
    middle = here()
    run("ip link add br0 type bridge mcast_snooping 0")
    run("ip link set br0 up")
    made = {}
    for name, mac in MACS.items():
        libc.unshare(CLONE_NEWNET)
        made[name] = here()
        forwards = "0" if name == "A" else "1"
        settings(
            [
                ("net.ipv4.ip_forward", forwards),
                ("net.ipv6.conf.all.forwarding", forwards),
                ("net.ipv4.conf.all.accept_redirects", "1"),
                ("net.ipv6.conf.default.accept_redirects", "1"),
                ("net.ipv6.conf.default.addr_gen_mode", "1"),
            ]
        )
        enter(middle)
        run(f"ip link add p{name} type veth peer name lan netns /proc/{os.getpid()}/fd/{made[name]}")
        run(f"ip link set p{name} master br0 up")
        enter(made[name])
        run(f"ip link set lan address {mac} up")
        run("ip link set lo up")
        last = int(mac[-1])
        run(f"ip addr add 10.0.0.{last}/24 dev lan")
        for address in (f"fd00::{last}/64", f"fe80::{last}/64"):
            run(f"ip addr add {address} dev lan nodad")
        for other, address in MACS.items():
            if other == name:
                continue
            for neighbour in ("10.0.0.", "fd00::", "fe80::"):
                run(f"ip neigh add {neighbour}{address[-1]} lladdr {address} dev lan nud permanent")
    enter(made["A"])
    run("ip route add default via 10.0.0.1")
    run("ip -6 route add default via fe80::1 dev lan")
    enter(made["R1"])
    run("ip route add default via 10.0.0.3")
    run("ip -6 route add default via fe80::3 dev lan")
    enter(made["R2"])
    run(f"ip addr add {FAR[4]}/32 dev lo")
    run(f"ip addr add {FAR[6]}/128 dev lo nodad")
    enter(middle)
    return made


def follows(made, family):
    enter(made["A"])
    time.sleep(0.1)
    out = subprocess.run(
        ["ip", f"-{family}", "route", "get", FAR[family]], check=True, capture_output=True, text=True
    ).stdout
    return (" via 10.0.0.3 " if family == 4 else " via fe80::3 ") in out


def opened(made, name, family, kind, *options):
    enter(made[name])
    made_socket = socket.socket(FAMILY[family], kind)
    made_socket.settimeout(3)
    for option in options:
        made_socket.setsockopt(*option)
    return made_socket


BOUND = (socket.SOL_SOCKET, 25, b"lan")


def datagram(made, family, connects, *options):
    with opened(made, "A", family, socket.SOCK_DGRAM, *options) as sender:
        if connects:
            sender.connect((FAR[family], 9))
            sender.send(b"x")
        else:
            sender.sendto(b"x", (FAR[family], 9))
        return [follows(made, family)]


def stream(made, family, client):
    """After the client has begun, after it has sent data, and after the server has."""
    server, asker = ("R2", "A") if client else ("A", "R2")
    with opened(made, server, family, socket.SOCK_STREAM) as listener:
        listener.bind((FAR[family] if client else HERE[family], 80))
        listener.listen()
        with opened(made, asker, family, socket.SOCK_STREAM) as one:
            one.bind((HERE[family] if client else FAR[family], 0))
            one.connect(listener.getsockname())
            other, _ = listener.accept()
            seen = [follows(made, family)]
            time.sleep(0.3)
            one.send(b"x")
            other.recv(1)
            seen.append(follows(made, family))
            time.sleep(0.3)
            other.send(b"y")
            one.recv(1)
            seen.append(follows(made, family))
            other.close()
            return seen


def slow(made):
    """A token bucket at R1, just emptied: what R1 says comes some milliseconds later, when A's call has let go of the socket."""
    enter(made["R1"])
    run("tc qdisc add dev lan root tbf rate 100kbit burst 1540 latency 400ms")
    with opened(made, "R1", 4, socket.SOCK_DGRAM) as sender:
        sender.sendto(bytes(1472), (HERE[4], 9))


def slow_stream(made, family):
    slow(made)
    return stream(made, family, True)


CASES = {
    "datagram": lambda made, family: datagram(made, family, False),
    "connected datagram": lambda made, family: datagram(made, family, True),
    "bound datagram": lambda made, family: datagram(made, family, False, BOUND),
    "client": lambda made, family: stream(made, family, True),
    "client of a slow router": slow_stream,
    "server": lambda made, family: stream(made, family, False),
}


def alone(case, family):
    """In namespaces of its own: what a router limits it counts from then."""
    read, write = os.pipe()
    if os.fork() == 0:
        libc.unshare(CLONE_NEWNET)
        try:
            os.write(write, json.dumps(CASES[case](build(), family)).encode())
        finally:
            os._exit(0)
    os.wait()
    os.close(write)
    with os.fdopen(read) as result:
        return json.load(result)


print(json.dumps({family: {case: alone(case, family) for case in CASES} for family in (4, 6)}))
