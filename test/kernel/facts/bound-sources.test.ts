import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../../src/emulator/applications/connect.ts";
import { ping } from "../../../src/emulator/applications/ping.ts";
import { request } from "../../../src/emulator/applications/request.ts";
import { connectTcp } from "../../../src/emulator/tcp/open.ts";
import { createWorld, runtimeOf, settle } from "../../../src/emulator/world.ts";
import type { Network } from "../../../src/model/network.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { address, type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** A has a device that is down, and asks B. */
const LAB: Lab = {
  hosts: [
    {
      name: "A",
      interfaces: [
        { name: "eth0", addresses: ["10.0.0.1/24", "fd00:a::1/64", "fe80::1/64"] },
        { name: "eth1", addresses: ["10.0.1.1/24"], up: false },
      ],
      routes: ["local 10.7.0.0/24 dev lo"],
    },
    {
      name: "B",
      interfaces: [{ name: "eth0", addresses: ["10.0.0.2/24", "fd00:a::2/64", "fd00:a::9/64", "fe80::2/64"] }],
      routes: ["10.7.0.0/16 via 10.0.0.1", "10.0.1.0/24 via 10.0.0.1", "-6 fd00:f::/64 via fd00:a::1"],
    },
    { name: "C", interfaces: [{ name: "eth0", addresses: ["10.0.1.2/24"], up: false }] },
  ],
  links: [
    ["A:eth0", "B:eth0"],
    ["A:eth1", "C:eth0"],
  ],
};

const PROGRAMS = ["tcp", "udp", "ping"] as const;
type Program = (typeof PROGRAMS)[number];

/** Sources of A: two of its own, one that a local route makes its own, two of nobody, and one that B has too. */
const SOURCES = ["10.0.0.1", "10.0.1.1", "10.7.0.7", "10.7.1.7", "fd00:a::1", "fd00:f::1", "fd00:a::9"] as const;

const SCRIPT = `
import errno, json, socket, sys
said = {}
for source in sys.argv[1:]:
    six = ":" in source
    family = socket.AF_INET6 if six else socket.AF_INET
    kinds = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0), "ping": (socket.SOCK_RAW, 58 if six else 1)}
    to = ("fd00:a::2" if six else "10.0.0.2", 80)
    for name, (kind, protocol) in kinds.items():
        s, call = socket.socket(family, kind, protocol), "bind"
        s.setblocking(False)
        try:
            s.bind((source, 0))
            call = "connect"
            if name == "ping":
                s.sendto(bytes([128 if six else 8, 0, 0, 0, 0, 0, 0, 0]), (to[0], 0))
            else:
                s.connect(to)
                if name == "udp":
                    s.send(b"x")
            error = None
        except BlockingIOError:
            error = None
        except OSError as failed:
            error = call + " " + errno.errorcode[failed.errno]
        said[source + " " + name] = error
print(json.dumps(said))
`;

const RULES = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

async function dumped(oracle: Oracle, nonlocal: string): Promise<Network> {
  const files = new Map<string, string>();
  for (const host of ["A", "B"]) {
    const run = async (command: string): Promise<string> => (await oracle.exec(host, ["sh", "-c", command])).stdout;
    const at = `nodes/${host.toLowerCase()}`;
    files.set(`${at}/ip-addr.txt`, await run("ip -d addr"));
    files.set(`${at}/ip-route.txt`, await run("ip route show table all"));
    files.set(`${at}/ip-route-v6.txt`, await run("ip -6 route show table all"));
    files.set(`${at}/ip-rule.txt`, await run("ip rule"));
    for (const name of ["iptables-legacy", "iptables-nft", "ip6tables-legacy", "ip6tables-nft"])
      files.set(`${at}/${name}-save.txt`, RULES);
    files.set(`${at}/nft-ruleset.txt`, "table inet empty {\n}\n");
    files.set(`${at}/sysctl.txt`, await run("sysctl -a 2>/dev/null | grep ^net"));
  }
  const { network } = readSnapshot({ name: "bound", files });
  expect(network.hosts.get("a")?.sysctls.get("net.ipv4.ip_nonlocal_bind")).toBe(nonlocal);
  return network;
}

/** What podpath's own programs say, as the script does. */
function said(network: Network, source: string, program: Program): string | null {
  const world = createWorld(network, { choose: () => 0, answers: false });
  const runtime = runtimeOf(world, "a");
  if (runtime === null) throw new Error("no A");
  const run = { tcp: connect, udp: request, ping }[program];
  run(world, runtime, {
    source: address(source),
    destination: address(source.includes(":") ? "fd00:a::2" : "10.0.0.2"),
    port: 80,
    sport: null,
    size: 1,
    df: false,
  });
  const [journey] = world.journeys;
  if (journey === undefined) throw new Error("nothing was sent");
  if (journey.error === null) {
    expect(journey.end?.ending.outcome).not.toBe("dropped");
    expect(formatAddress(journey.packet.src)).toBe(source);
    return null;
  }
  return `${journey.error === "EADDRNOTAVAIL" ? "bind" : "connect"} ${journey.error}`;
}

/** The same of the TCP that routing daemons speak. */
function connected(network: Network, source: string): string | null {
  const world = createWorld(network, { choose: () => 0 });
  const runtime = runtimeOf(world, "a");
  if (runtime === null) throw new Error("no A");
  const options = { ttl: 64, minTtl: 0, tos: 0, key: null, device: null };
  const ignored = (): void => {};
  const events = { connected: ignored, received: ignored, lost: ignored };
  const opened = connectTcp(world, runtime, {
    local: address(source),
    remote: address(source.includes(":") ? "fd00:a::2" : "10.0.0.2"),
    port: 80,
    options,
    events,
  });
  settle(world);
  if (typeof opened !== "string") return null;
  return `${opened === "EADDRNOTAVAIL" ? "bind" : "connect"} ${opened}`;
}

describe.skipIf(!available).each(["0", "1"])(
  "sockets that are bound to a source, ip_nonlocal_bind = %s",
  (nonlocal) => {
    const oracle = new Oracle();
    let network: Network;
    let kernel: Readonly<Record<string, string | null>>;
    beforeAll(async () => {
      await oracle.build(toBuildRequest(networkOf(LAB), {}));
      await oracle.exec("A", [
        "sh",
        "-c",
        `sysctl -qw net.ipv4.ip_nonlocal_bind=${nonlocal} net.ipv6.ip_nonlocal_bind=${nonlocal}
       sysctl -qw net.ipv6.conf.all.accept_dad=1 net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=1
       ip addr add fd00:a::9/64 dev eth0
       for wait in $(seq 100); do ip addr show eth0 | grep -q dadfailed && break; sleep 0.1; done`,
      ]);
      network = await dumped(oracle, nonlocal);
      kernel = JSON.parse((await oracle.exec("A", ["python3", "-c", SCRIPT, ...SOURCES])).stdout);
    });
    afterAll(() => oracle.close());

    it("an address of nobody is refused, unless it is set; IPv4 then has no route from it", () => {
      const foreign = nonlocal === "1" ? "connect ENETUNREACH" : "bind EADDRNOTAVAIL";
      expect([kernel["10.7.1.7 tcp"], kernel["10.0.1.1 tcp"], kernel["10.7.0.7 udp"]]).toEqual([foreign, null, null]);
      const foreign6 = nonlocal === "1" ? null : "bind EADDRNOTAVAIL";
      expect([kernel["fd00:f::1 udp"], kernel["fd00:a::9 tcp"]]).toEqual([foreign6, foreign6]);
    });

    it.each(SOURCES.flatMap((source) => PROGRAMS.map((program) => [program, source] as const)))(
      "%s from %s",
      (program, source) => {
        expect(said(network, source, program)).toBe(kernel[`${source} ${program}`]);
      },
    );

    it.each(SOURCES)("a daemon's connection from %s", (source) => {
      expect(connected(network, source)).toBe(kernel[`${source} tcp`]);
    });
  },
);
