"""What arrives of what Linux programs send to `0.0.0.0` and `::`: `unshare --net python3 sent-to-nobody.py`.

The host has 10.0.0.1 and fd00::1 on a device that is up. Printed as JSON: by family, program and source (empty: bound to none)
the addresses that the receiver sees, [source, destination].
"""

import json
import socket
import struct
import subprocess

for words in (
    "link set lo up",
    "link add near type veth peer name far",
    "link set near up",
    "link set far up",
    "addr add 10.0.0.1/24 dev near",
    "addr add fd00::1/64 dev near nodad",
):
    subprocess.run(["ip", *words.split()], check=True)

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
NOBODY = {4: "0.0.0.0", 6: "::"}
SOURCES = {4: ("", "10.0.0.1", "127.0.0.1"), 6: ("", "fd00::1", "::1")}
IP_PKTINFO, IPV6_RECVPKTINFO = 8, 49
PORT = 8080


def sender(family, kind, source):
    made = socket.socket(FAMILIES[family], kind)
    made.settimeout(2)
    if source:
        made.bind((source, 0))
    return made


def datagram(family, source):
    with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as receiver:
        receiver.settimeout(2)
        if family == 4:
            receiver.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        else:
            receiver.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
        receiver.bind((NOBODY[family], PORT))
        with sender(family, socket.SOCK_DGRAM, source) as program:
            program.sendto(b"x", (NOBODY[family], PORT))
            _, said, _, origin = receiver.recvmsg(16, 256)
    data = said[0][2]
    destination = struct.unpack("I4s4s", data[:12])[2] if family == 4 else data[:16]
    return [origin[0], socket.inet_ntop(FAMILIES[family], destination)]


def stream(family, source):
    with socket.socket(FAMILIES[family], socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.settimeout(2)
        listener.bind((NOBODY[family], PORT))
        listener.listen()
        with sender(family, socket.SOCK_STREAM, source) as program:
            program.connect((NOBODY[family], PORT))
            accepted, origin = listener.accept()
            with accepted:
                return [origin[0], accepted.getsockname()[0]]


print(
    json.dumps(
        {
            family: {
                name: {source: program(family, source) for source in SOURCES[family]}
                for name, program in {"udp": datagram, "tcp": stream}.items()
            }
            for family in (4, 6)
        }
    )
)
