"""Why the kernel dropped a packet: the tracepoint skb:kfree_skb in a trace instance of our own.

A drop names neither its namespace nor its packet, only the address of the packet's buffer. So the
tracepoint net:netif_receive_skb is recorded with it: it fires when the stack begins with a received
packet, and everything up to the next one is the work of that host. (The time stamps of the packet
sockets cannot tell: they are taken when a packet is queued, not when its turn comes.)

No packet socket is shown what a host hears of itself (PACKET_LOOPBACK), the copy of what it sends to
many. dev_loopback_xmit() gives that no header of a frame, by which net:netif_rx_entry tells it as it is
queued.
"""

import bisect
import os
import re
import struct

from namespaces import TRACEFS, OracleError, mount
from packets import ETH_IPV6

PAGE = 4096
PREFIX = "ppo"
# Where every event has its task.
COMMON_PID = 4
# What timers drop, on whatever processor and in whatever task they fire.
LATE_REASONS = ("FRAG_REASM_TIMEOUT", "NEIGH_FAILED")
# In place of an interface: a host queued the copy that it hears itself.
LOOPED = ""


class DropObserver:
    def __init__(self, cpu):
        os.makedirs(TRACEFS, exist_ok=True)
        mount("none", TRACEFS, "tracefs", 0)
        self._remove_orphans()
        self.instance = f"{TRACEFS}/instances/{PREFIX}{os.getpid()}"
        os.mkdir(self.instance)
        try:
            self._start(cpu)
        except OSError as error:
            self.close()
            raise OracleError(f"tracefs: {error}") from None

    @staticmethod
    def _remove_orphans():
        """An oracle that was killed outright leaves its instance; those of dead processes go."""
        for name in os.listdir(f"{TRACEFS}/instances"):
            match = re.fullmatch(PREFIX + r"(\d+)", name)
            if match and not os.path.exists(f"/proc/{match[1]}"):
                try:
                    os.rmdir(f"{TRACEFS}/instances/{name}")
                except OSError:
                    # Another oracle that is starting at the same moment was quicker.
                    pass

    def _start(self, cpu):
        drop, receive, queue = (self._event(name) for name in ("skb/kfree_skb", "net/netif_receive_skb", "net/netif_rx_entry"))
        self.receive_type, self.queue_type = receive["id"], queue["id"]
        self.queued_skb_at = queue["fields"]["skbaddr"]
        self.name_at, self.size_at = receive["fields"]["name"], receive["fields"]["len"]
        self.skb_at = drop["fields"]["skbaddr"]
        self.location_at = drop["fields"]["location"]
        self.protocol_at = drop["fields"]["protocol"]
        self.reason_at = drop["fields"]["reason"]
        self.reasons = {int(number): name for number, name in re.findall(r'\{ (\d+), "(\w+)" \}', drop["text"])}
        # Packets are processed inside our own send(), or, when the scheduler interrupts that, in
        # the soft interrupt thread of the CPU we are pinned to.
        self.pids = {os.getpid(), *_kernel_threads(f"ksoftirqd/{cpu}")}
        own = [f"common_pid == {pid}" for pid in self.pids]
        late = [f"reason == {number}" for number, name in self.reasons.items() if name in LATE_REASONS]
        # Neighbours of IPv6 are given up without a reason.
        unspecified = next((number for number, name in self.reasons.items() if name == "NOT_SPECIFIED"), None)
        if unspecified is not None:
            late.append(f"(reason == {unspecified} && protocol == {ETH_IPV6})")
        for event, conditions, only in ((drop, own + late, ""), (receive, own, ""), (queue, own, " && mac_header == 0")):
            with open(f"{event['path']}/filter", "w") as file:
                file.write(f"({' || '.join(conditions)}){only}")
            with open(f"{event['path']}/enable", "w") as file:
                file.write("1")
        # Ours first: what others have to tell is about packets that were seen there.
        names = sorted(os.listdir(f"{self.instance}/per_cpu"), key=lambda name: name != f"cpu{cpu}")
        self.pipes = [
            os.open(f"{self.instance}/per_cpu/{name}/trace_pipe_raw", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            for name in names
        ]
        self.symbols = None

    def _event(self, name):
        path = f"{self.instance}/events/{name}"
        with open(f"{path}/format") as file:
            text = file.read()
        fields = {name: int(offset) for name, offset in re.findall(r"(\w+);\toffset:(\d+);", text)}
        return {"path": path, "text": text, "fields": fields, "id": int(re.search(r"^ID: (\d+)", text, re.M)[1])}

    def drain(self, record):
        for pipe in self.pipes:
            self._drain(pipe, record)

    def _drain(self, pipe, record):
        for _ in record.turns():
            try:
                page = os.read(pipe, PAGE)
            except BlockingIOError:
                return
            if not page:
                return
            self._decode(page, record)

    def _decode(self, page, record):
        commit = struct.unpack_from("=Q", page, 8)[0]
        at, end = 16, 16 + (commit & 0xFFFFF)
        while at < end:
            kind = page[at] & 31
            if kind == 29:
                # Padding: an event that the filter took back, or else the rest of the page is empty.
                if struct.unpack_from("=I", page, at)[0] >> 5 == 0:
                    break
                at += 4 + struct.unpack_from("=I", page, at + 4)[0]
                continue
            if kind == 30 or kind == 31:
                at += 8
                continue
            if kind == 0:
                start = at + 8
                at += 4 + struct.unpack_from("=I", page, at + 4)[0]
            else:
                start = at + 4
                at += 4 + kind * 4
            event = struct.unpack_from("=H", page, start)[0]
            if event == self.queue_type:
                record.work.append((struct.unpack_from("=Q", page, start + self.queued_skb_at)[0], LOOPED))
                continue
            skb = struct.unpack_from("=Q", page, start + self.skb_at)[0]
            if event == self.receive_type:
                where, size = struct.unpack_from("=HH", page, start + self.name_at)
                name = page[start + where : start + where + size - 1].decode()
                record.work.append((skb, name, struct.unpack_from("=I", page, start + self.size_at)[0]))
                continue
            number = struct.unpack_from("=I", page, start + self.reason_at)[0]
            protocol = struct.unpack_from("=H", page, start + self.protocol_at)[0]
            location = struct.unpack_from("=Q", page, start + self.location_at)[0]
            drop = (skb, None, self.reasons.get(number, str(number)), protocol, location)
            own = struct.unpack_from("=i", page, start + COMMON_PID)[0] in self.pids
            (record.work if own else record.late).append(drop)

    def location(self, address):
        """The kernel function that an address lies in."""
        if self.symbols is None:
            self.symbols = _text_symbols()
        addresses, names = self.symbols
        at = bisect.bisect_right(addresses, address) - 1
        return names[at] if at >= 0 else hex(address)

    def close(self):
        for pipe in getattr(self, "pipes", ()):
            os.close(pipe)
        # An enabled event keeps the instance busy.
        with open(f"{self.instance}/events/enable", "w") as file:
            file.write("0")
        os.rmdir(self.instance)


def _kernel_threads(name):
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                with open(f"/proc/{pid}/comm") as file:
                    if file.read().strip() == name:
                        yield int(pid)
            except OSError:
                # It ended while we were looking.
                continue


def _text_symbols():
    found = []
    with open("/proc/kallsyms") as file:
        for line in file:
            address, kind, name = line.split(None, 3)[:3]
            if kind in "tTwW":
                found.append((int(address, 16), name))
    found.sort()
    return [address for address, _ in found], [name for _, name in found]
