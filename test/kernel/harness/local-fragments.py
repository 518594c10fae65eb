"""The pieces in which Linux sends long datagrams of its own: `unshare --net python3 local-fragments.py [--then MTU] MTU LENGTH…`.

Both ends of a veth pair stand in the namespace of this process, which goes away with it; with `--then`, DNAT of OUTPUT sends
over a second pair, of that MTU, what was made for the first. Printed as JSON: by family and length a list of [offset, bytes
after the IP and fragment headers, more].
"""

import argparse
import json
import socket
import struct
import subprocess

parser = argparse.ArgumentParser()
parser.add_argument("--then", type=int)
parser.add_argument("mtu", type=int)
parser.add_argument("lengths", type=int, nargs="+")
given = parser.parse_args()

PEER = {4: "10.0.0.2", 6: "fd00::2"}
BEHIND = {4: "10.0.1.2", 6: "fd00:1::2"}
TOOLS = {4: "iptables", 6: "ip6tables"}
IP_MTU_DISCOVER, IP_PMTUDISC_DONT = 10, 0


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def pair(near, far, mtu, peers):
    ip("link", "add", near, "type", "veth", "peer", "name", far)
    ip("link", "set", far, "address", "02:00:00:00:00:02")
    ip("link", "set", near, "mtu", str(mtu), "up")
    ip("link", "set", far, "mtu", str(mtu), "up")
    ip("addr", "add", peers[4].replace(".2", ".1") + "/24", "dev", near)
    ip("addr", "add", peers[6].replace("::2", "::1") + "/64", "dev", near, "nodad")
    for peer in peers.values():
        ip("neigh", "add", peer, "lladdr", "02:00:00:00:00:02", "dev", near, "nud", "permanent")


pair("near", "far", given.mtu, PEER)
if given.then is not None:
    pair("other", "behind", given.then, BEHIND)
    for family, tool in TOOLS.items():
        subprocess.run(
            [tool, "-t", "nat", "-A", "OUTPUT", "-d", PEER[family], "-j", "DNAT", "--to-destination", BEHIND[family]],
            check=True,
        )

wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind(("far" if given.then is None else "behind", 0))
wire.settimeout(0.3)


def piece(frame, family):
    """What a frame says of its piece; None for frames of another kind."""
    kind, packet = struct.unpack("!H", frame[12:14])[0], frame[14:]
    if family == 4 and kind == 0x0800 and packet[9] == 17:
        length, flags = struct.unpack("!H", packet[2:4])[0], struct.unpack("!H", packet[6:8])[0]
        return [(flags & 0x1FFF) * 8, length - 20, bool(flags & 0x2000)]
    if family == 6 and kind == 0x86DD:
        length, following = struct.unpack("!HB", packet[4:7])
        if following == 17:
            return [0, length, False]
        if following == 44 and packet[40] == 17:
            offset = struct.unpack("!H", packet[42:44])[0]
            return [offset & ~7, length - 8, bool(offset & 1)]
    return None


def sent(family, length):
    with socket.socket({4: socket.AF_INET, 6: socket.AF_INET6}[family], socket.SOCK_DGRAM) as process:
        if family == 4:
            process.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
        process.sendto(bytes(length), (PEER[family], 9))
    pieces = []
    while True:
        try:
            found = piece(wire.recv(70000), family)
        except TimeoutError:
            return pieces
        if found is not None:
            pieces.append(found)
            if not found[2] and (found[0] or len(pieces) == 1):
                return pieces


print(json.dumps({family: {length: sent(family, length) for length in given.lengths} for family in (4, 6)}))
