"""Knowing that the kernel has finished with a packet.

A packet sent on a veth is processed to its end, through all namespaces, by soft interrupts inside
our own send(). Only when the scheduler wants the CPU is the rest left to the ksoftirqd thread. All
those packets wait in one queue per CPU, and we stay on one CPU, so a marker frame sent afterwards
cannot overtake them.
"""

import select
import socket

from inject import PACKET_QDISC_BYPASS, SOL_PACKET
from namespaces import OracleError

ETH_MARKER = 0x88B5
FRAME = b"\xff" * 6 + b"\x02\0\0\0\0\x01" + ETH_MARKER.to_bytes(2, "big") + bytes(46)
LATE_MS = 1000
# Names that no tested interface has.
SEND, RECEIVE = "~m0", "~m1"


class Fence:
    def __init__(self, namespace, run):
        for line in (f"link add {SEND} type veth peer name {RECEIVE}", f"link set {SEND} up", f"link set {RECEIVE} up"):
            run(["ip", "-n", namespace.name, *line.split()])
        self.sender = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sender.bind((SEND, 0))
        self.sender.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
        self.receiver = namespace.socket(
            socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(ETH_MARKER)
        )
        self.receiver.bind((RECEIVE, ETH_MARKER))
        self.poll = select.poll()
        self.poll.register(self.receiver, select.POLLIN)
        self.late = 0

    def close(self):
        self.sender.close()
        self.receiver.close()

    def wait(self):
        while True:
            self.sender.send(FRAME)
            try:
                self.receiver.recv(64)
                return
            except BlockingIOError:
                pass
            # Our turn was cut short. What waited before the marker may queue more behind it, so
            # after it came through late, another one has to come through at once.
            self.late += 1
            if not self.poll.poll(LATE_MS):
                raise OracleError("the kernel did not finish with a packet")
            self.receiver.recv(64)
