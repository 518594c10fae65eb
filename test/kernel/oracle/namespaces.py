"""Network namespaces, and the processes and files seen from inside them.

The whole oracle lives in a private mount namespace with its own /run: the names of its network
namespaces, the xtables lock and the tracefs mount are seen by nobody else, and the kernel takes
all of them away when the process ends, however it ends.
"""

import ctypes
import os
import re
import socket
import subprocess

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2

TRACEFS = "/run/oracle-tracefs"
NAMES = "/run/netns"
COMMAND_TIMEOUT_S = 120
READ_BYTES = 1 << 16

libc = ctypes.CDLL(None, use_errno=True)


class OracleError(Exception):
    """A request that cannot be carried out; its text is the reply."""


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OracleError(f"{what}: {os.strerror(number)}")


def mount(source, target, kind, flags, options=None):
    encode = lambda text: None if text is None else text.encode()
    _check(
        libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(options)),
        f"mount {target}",
    )


def enter_private_mounts():
    _check(libc.unshare(CLONE_NEWNS), "unshare mount namespace")
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("oracle", "/run", "tmpfs", 0, "mode=0755")
    os.mkdir(NAMES)


class Namespace:
    """A network namespace. `with namespace:` moves this thread into it and back."""

    home = None

    def __init__(self, name, fd):
        self.name = name
        self.fd = fd
        self.kept = {}

    @classmethod
    def remember_home(cls):
        cls.home = cls("home", os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))

    @classmethod
    def create(cls, name):
        path = f"{NAMES}/{name}"
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
        _check(libc.unshare(CLONE_NEWNET), "unshare network namespace")
        try:
            fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            mount("/proc/thread-self/ns/net", path, None, MS_BIND)
        finally:
            cls.home._enter()
        return cls(name, fd)

    def _enter(self):
        _check(libc.setns(self.fd, CLONE_NEWNET), f"setns {self.name}")

    def __enter__(self):
        self._enter()
        return self

    def __exit__(self, *_):
        self.home._enter()

    def close(self):
        for fd in self.kept.values():
            os.close(fd)
        path = f"{NAMES}/{self.name}"
        libc.umount2(path.encode(), MNT_DETACH)
        os.unlink(path)
        os.close(self.fd)

    def socket(self, *args):
        with self:
            return socket.socket(*args)

    def start(self, argv):
        """Start a program; several may run at once, see `finish`."""
        with self:
            return subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Every descriptor of ours is close-on-exec; not closing lets Python use vfork.
                close_fds=False,
            )

    def run(self, argv, text=""):
        return finish(self.start(argv), text)

    def read(self, path):
        # /proc/net and /proc/sys/net show the namespace of whoever opens them.
        with self, open(path) as file:
            return file.read()

    def read_often(self, path):
        """As `read`, of a file that stays open: looking it up costs more than reading it."""
        fd = self.kept.get(path)
        if fd is None:
            with self:
                fd = self.kept[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        parts, at = [], 0
        while part := os.pread(fd, READ_BYTES, at):
            parts.append(part)
            at += len(part)
        return b"".join(parts).decode()

    def sysctl(self, key, value):
        path = sysctl_path(key)
        try:
            with self, open(path, "w") as file:
                # An empty list is a line of its own: nothing at all would not be written.
                file.write(str(value) or "\n")
        except OSError as error:
            raise OracleError(f"sysctl {key}={value}: {error.strerror}") from None


def finish(process, text=""):
    try:
        out, err = process.communicate(text.encode(), timeout=COMMAND_TIMEOUT_S)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")


PER_INTERFACE = re.compile(r"^net\.(ipv[46])\.(conf|neigh)\.(.+)\.([^.]+)$")


def sysctl_path(key):
    """An interface name may itself hold dots (eth0.100), so those keys are cut from both ends; as sysctl(8) prints
    them (net.ipv4.conf.eth0/100.forwarding), the two separators have changed places."""
    if "/" in key:
        separators = str.maketrans("./", "/.")
        return "/proc/sys/" + (key if key.startswith("net/") else key.translate(separators))
    match = PER_INTERFACE.match(key)
    if match:
        return "/proc/sys/net/" + "/".join(match.groups())
    return "/proc/sys/" + key.replace(".", "/")


def sysctl_interface(key):
    """The interface that a sysctl key belongs to, if it is one that must exist first."""
    parts = sysctl_path(key).split("/")
    if len(parts) >= 7 and parts[5] in ("conf", "neigh") and parts[6] not in ("all", "default"):
        return parts[6]
    return None
