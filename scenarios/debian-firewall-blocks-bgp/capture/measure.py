"""Measures with the real tools who gets an answer from whom. The rules of the words used are in README.md."""

import errno
import re
import socket
import subprocess
import threading
import time

import cluster

TIMEOUT = 1.5  # seconds a connect or request may take
WAIT = 1  # seconds that ping and traceroute wait for an answer
NODE_PORTS = [22, 6443, 10250]


def be_patient():
    """Waits longer than the three seconds after which a sender gives up to resolve its next hop."""
    global TIMEOUT, WAIT
    TIMEOUT, WAIT = 5.0, 5


# ICMP rate limits of the answering hosts: errors to one destination share a bucket of six, refilled once a second;
# a "net unreachable" for want of a route takes two. What one bucket pays for is spaced by these many seconds.
SPACE_TRACEROUTE = 1.1
SPACE_GATEWAY = 2.2


class Target:
    def __init__(self, endpoint, ip, tcp=(), udp=(), host=None):
        self.endpoint, self.ip, self.tcp, self.udp, self.host = endpoint, ip, list(tcp), list(udp), host

    @property
    def slug(self):
        return re.sub(r"^(pod|node|service|host)/", "", self.endpoint).replace("/", "-").replace(".", "-")


def ports(listens, protocol):
    return [int(port) for kind, port in (listen.split(":") for listen in listens) if kind == protocol]


def machines():
    """Everything that a probe can start from or go to, Services excepted."""
    targets = [Target(p.endpoint, p.ip, ports(p.listens, "tcp"), ports(p.listens, "udp"), p) for p in cluster.PODS]
    targets += [Target(n.endpoint, n.ip, NODE_PORTS, host=n) for n in cluster.NODES]
    return targets


def service_targets():
    for service in cluster.SERVICES:
        tcp = [port.port for port in service.ports if port.protocol == "tcp"]
        udp = [port.port for port in service.ports if port.protocol == "udp"]
        yield Target(f"service/{service.namespace}/{service.name}", service.cluster_ip, tcp, udp)


def all_probes():
    """Each source asks each target: ping, traceroute by UDP and TCP, connect, request."""
    external = Target("host/internet", cluster.EXTERNAL_HOST, [80])
    probes = []
    for source in machines():
        def add(kind, target, to, proto=None, port=None):
            name = [kind, source.slug, "to", target.slug]
            if kind == "traceroute":
                name.insert(1, proto)
            if port:
                name.append(f"{proto}-{port}" if kind != "traceroute" else str(port))
            probe = {"name": "-".join(name), "from": source.endpoint, "to": to, "kind": kind}
            if proto:
                probe["proto"] = proto
            if port:
                probe["port"] = port
            probes.append((source.host, target, probe))

        for target in [*machines(), *service_targets(), external]:
            if target.endpoint == source.endpoint:
                continue
            service = target.endpoint.startswith("service/")
            plain = target.ip if service else target.endpoint
            add("ping", target, plain)
            add("traceroute", target, plain, "udp")
            for index, port in enumerate(target.tcp):
                to = f"{target.endpoint}:{port}" if service else target.endpoint
                if index == 0:
                    add("traceroute", target, to, "tcp", port)
                add("connect", target, to, "tcp", port)
            for port in target.udp:
                add("request", target, f"{target.endpoint}:{port}" if service else target.endpoint, "udp", port)
    return probes


def some_probes():
    """A few sources and targets of each kind, one connection or request each: what a small capture asks."""
    sources = {"pod/default/a", "pod/default/c", "node/worker-1"}
    targets = {"pod/default/a", "pod/default/b", "pod/default/c", cluster.COREDNS[0].endpoint, "node/worker-1",
               "node/worker-2", "host/internet"}
    chosen, seen = [], set()
    for source, target, probe in all_probes():
        if probe["from"] not in sources or not (target.endpoint in targets or target.endpoint.startswith("service/")):
            continue
        if probe["kind"] == "traceroute" and probe["proto"] == "tcp":
            continue
        key = (probe["from"], target.endpoint, probe["kind"])
        if key not in seen:
            seen.add(key)
            chosen.append((source, target, probe))
    return chosen


# ---- the tools, and what their output means

def tool(command):
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [row.rstrip() for row in (done.stdout + done.stderr).splitlines() if row.strip()]
    return lines[:10]


def ping(ip):
    command = ["ping", "-n", "-c", "1", "-W", str(WAIT), ip]
    lines = tool(command)
    text = "\n".join(lines)
    if " 1 received" in text:
        result = "answered"
    elif "nreachable" in text:
        result = "unreachable"
    else:
        result = "timeout"
    return {"command": " ".join(command), "output": lines, "result": result}


def traceroute(ip, proto, port):
    command = ["traceroute", "-n", "-q", "1", "-w", str(WAIT), "-N", "1", "-m", "4"]
    command += (["-T", "-p", str(port)] if proto == "tcp" else []) + [ip]
    lines = tool(command)
    hops, mark = [], ""
    for row in lines[1:]:
        words = row.split()
        if not words[0].isdigit():
            continue
        hops.append(words[1])
        mark = words[-1] if words[-1].startswith("!") else ""
    last = max((i for i, hop in enumerate(hops) if hop != "*"), default=-1)
    if not hops:
        result = "unreachable"  # the tool could not even send
    elif mark:
        result = "unreachable"
    elif hops[-1] == "*":
        result, hops = "timeout", hops[: last + 2]  # a silent tail is one "*"
    else:
        result = "answered"
    return {"command": " ".join(command), "output": lines, "result": result, "hops": hops}


def exchange(kind, ip, port):
    """One fresh connection, or one datagram, and one answer."""
    stream = kind == "connect"
    result, detail = "answered", ""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM) as client:
        client.settimeout(TIMEOUT)
        started = time.monotonic()
        try:
            client.connect((ip, port))
            client.sendall(b"podpath")
            detail = "received " + repr(client.recv(2048).decode())
        except TimeoutError:
            result = "timeout"
        except OSError as error:
            detail = f"{errno.errorcode.get(error.errno, error.errno)} after {time.monotonic() - started:.1f} s"
            if error.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
                result = "refused"
            elif error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
                result = "unreachable"
            else:
                raise
    return {"command": f"{kind} {'tcp' if stream else 'udp'} {ip} port {port}", "output": [detail] if detail else [],
            "result": result}


def ask(target, probe):
    if probe["kind"] == "ping":
        return ping(target.ip)
    if probe["kind"] == "traceroute":
        return traceroute(target.ip, probe["proto"], probe.get("port"))
    return exchange(probe["kind"], target.ip, probe["port"])


# ---- pacing

class Spacing:
    """Hands out moments that are far enough apart for one ICMP rate limit."""

    def __init__(self):
        self.lock = threading.Lock()
        self.next = {}

    def wait(self, key, seconds):
        with self.lock:
            moment = max(time.monotonic(), self.next.get(key, 0))
            self.next[key] = moment + seconds
        time.sleep(max(0, moment - time.monotonic()))


def gateway_may_object(source, target, probe):
    """Whether the gateway may answer with an error to the *node's* address, which its pods share."""
    from_node = isinstance(source, cluster.Node)
    if target.host is None:  # a Service or the external host
        return probe["kind"] in ("ping", "traceroute") or (from_node and target.endpoint.startswith("service/"))
    return from_node and isinstance(target.host, cluster.Pod) and target.host.node != source.name


def measure(namespaces, probes, log):
    """Runs all probes, per source one thread for the traceroutes and one for the rest.

    Whatever stayed silent is asked a second time, later.
    """
    spacing = Spacing()
    by_source = {}
    for source, target, probe in probes:
        key = (probe["from"], probe["kind"] == "traceroute")
        by_source.setdefault(key, (source, []))[1].append((target, probe))
    answers, failures = {}, []

    def worker(source, work):
        try:
            namespaces.source(source).enter()
            node = source.name if isinstance(source, cluster.Node) else source.node
            silent = work
            for attempt in (1, 2):
                work, silent = silent, []
                for target, probe in work:
                    if gateway_may_object(source, target, probe):
                        spacing.wait(("gateway", node), SPACE_GATEWAY)
                    if probe["kind"] == "traceroute":
                        spacing.wait(("traceroute", probe["from"]), SPACE_TRACEROUTE)
                    answer = ask(target, probe)
                    previous = answers.get(probe["name"])
                    if previous and (previous["result"], previous.get("hops")) != (answer["result"],
                                                                                   answer.get("hops")):
                        answer["first"] = previous
                        log(f"differs when asked again: {probe['name']}: {previous['result']} "
                            f"{previous.get('hops', '')} then {answer['result']} {answer.get('hops', '')}")
                    answer["attempts"] = attempt
                    answers[probe["name"]] = answer
                    if answer["result"] == "timeout" or "*" in answer.get("hops", []):
                        silent.append((target, probe))
        except BaseException as error:  # shown by the main thread
            failures.append(error)

    threads = [threading.Thread(target=worker, args=item, daemon=True) for item in by_source.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return [dict(probe, **answers[probe["name"]]) for _, _, probe in probes]
