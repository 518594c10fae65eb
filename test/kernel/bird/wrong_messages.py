"""What a real BIRD answers to octets that a neighbour sends: `wrong_messages.py FOLDER < cases.json`; FOLDER has bird.

Each case is the neighbour's AS and a list of writes, in hexadecimal digits. Prints as JSON all that BIRD sent to each, in digits."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time

NAMES = [f"ppwm{os.getpid()}-{side}" for side in "ab"]


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def talk(address, writes):
    said = b""
    with socket.socket() as peer:
        peer.bind((address, 0))
        peer.settimeout(3)
        peer.connect(("10.9.0.1", 179))
        peer.settimeout(1)
        for octets in writes:
            peer.sendall(bytes.fromhex(octets))
            time.sleep(0.2)
        try:
            while chunk := peer.recv(65536):
                said += chunk
        except (TimeoutError, ConnectionError):
            pass
    return said


def main(folder):
    cases = json.load(sys.stdin)
    bird = None
    with tempfile.TemporaryDirectory() as scratch:
        try:
            for name in NAMES:
                ip("netns", "add", name)
                ip("-n", name, "link", "set", "lo", "up")
            ip("-n", NAMES[0], "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", NAMES[1])
            ip("-n", NAMES[0], "addr", "add", "10.9.0.1/24", "dev", "eth0")
            for number in range(len(cases)):
                ip("-n", NAMES[1], "addr", "add", f"10.9.0.{number + 2}/24", "dev", "eth0")
            for name in NAMES:
                ip("-n", name, "link", "set", "eth0", "up")
            file = os.path.join(scratch, "bird.cfg")
            with open(file, "w") as handle:
                handle.write("router id 10.9.0.1;\nprotocol device { }\n" + "".join(
                    f"protocol bgp p{number} {{ local as 64512; neighbor 10.9.0.{number + 2} as {case['as']}; source address 10.9.0.1;"
                    f" passive on; import all; export none; }}\n" for number, case in enumerate(cases)))
            bird = subprocess.Popen(["ip", "netns", "exec", NAMES[0], os.path.join(folder, "bird"), "-f", "-c", file,
                                     "-s", os.path.join(scratch, "ctl")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(3)
            with open(f"/run/netns/{NAMES[1]}") as space:
                os.setns(space.fileno(), 0x40000000) if hasattr(os, "setns") else enter(space.fileno())
            print(json.dumps([talk(f"10.9.0.{number + 2}", case["writes"]).hex() for number, case in enumerate(cases)]))
        finally:
            if bird is not None:
                bird.terminate()
                bird.wait()
            for name in NAMES:
                subprocess.run(["ip", "netns", "del", name], capture_output=True)


def enter(descriptor):
    import ctypes
    ctypes.CDLL(None).setns(descriptor, 0x40000000)


main(*sys.argv[1:])
