import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../../src/emulator/applications/connect.ts";
import { request } from "../../../src/emulator/applications/request.ts";
import { createWorld, runtimeOf } from "../../../src/emulator/world.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { explore } from "../../../src/trace/explorer.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { address, type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** What a program on R saw: the errno of the call that failed, or its source address and the device it left by. */
interface Sent {
  readonly errno: string | null;
  readonly source: string | null;
  readonly device: string | null;
}

interface Program {
  readonly proto: "tcp" | "udp";
  readonly to: string;
  readonly from?: string;
  readonly sport?: number;
}

/** Opens a socket as the program would, connects, sends, and looks which device counted a packet. */
const SCRIPT = `
import errno, json, socket, sys, time
def counts():
    lines = (line.split() for line in open("/proc/self/net/dev") if ":" in line)
    return {words[0][:-1]: int(words[10]) for words in lines}
p = json.loads(sys.argv[1])
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if p["proto"] == "tcp" else socket.SOCK_DGRAM)
s.setblocking(False)
before, failed = counts(), None
try:
    if "from" in p or "sport" in p:
        s.bind((p.get("from", "0.0.0.0"), p.get("sport", 0)))
    try:
        s.connect((p["to"], 80))
    except BlockingIOError:
        pass
    if p["proto"] == "udp":
        s.send(b"x")
    source = s.getsockname()[0]
except OSError as error:
    failed, source = errno.errorcode[error.errno], None
time.sleep(0.02)
after = counts()
moved = [d for d in after if after[d] > before[d]]
print(json.dumps({"errno": failed, "source": source, "device": moved[0] if moved and failed is None else None}))
`;

/** The device of R that leads to a host. */
function deviceOf(host: string): string {
  return host === "R" ? "lo" : `e${host.slice(1)}`;
}

function lab(routes: readonly string[], rules: readonly string[], portRange: string): Lab {
  const devices = [0, 1, 2];
  return {
    hosts: [
      {
        name: "R",
        interfaces: devices.map((n) => ({ name: `e${n}`, addresses: [`10.0.${n}.1/24`, `10.0.${n}.7/24`] })),
        routes: [
          "default via 10.0.0.2",
          "default via 10.0.1.2 table 101",
          "default via 10.0.2.2 src 10.0.2.7 table 102",
          ...routes,
        ],
        rules,
        sysctls: { "net.ipv4.ip_local_port_range": portRange },
        neighbours: devices.map((n) => `10.0.${n}.2 e${n} 02:00:00:0${n + 2}:00:02`),
      },
      ...devices.map((n) => ({
        name: `H${n}`,
        interfaces: [{ name: "eth0", mac: `02:00:00:0${n + 2}:00:02`, addresses: [`10.0.${n}.2/24`] }],
      })),
    ],
    links: devices.map((n) => [`R:e${n}`, `H${n}:eth0`] as const),
  };
}

const CASES: readonly {
  readonly about: string;
  readonly routes?: readonly string[];
  readonly rules: readonly string[];
  readonly programs: readonly Program[];
}[] = [
  {
    about: "a rule about the source that the first look-up gave",
    rules: ["from 10.0.0.1 pref 100 table 101"],
    programs: [
      { proto: "tcp", to: "192.0.2.1" },
      { proto: "udp", to: "192.0.2.1" },
      { proto: "udp", to: "192.0.2.1", from: "10.0.0.1" },
      { proto: "tcp", to: "192.0.2.1", from: "10.0.2.7" },
    ],
  },
  {
    about: "a rule about the source port, which TCP does not know yet when it looks for a source",
    rules: ["sport 5000-5009 pref 100 table 102"],
    programs: [
      { proto: "tcp", to: "192.0.2.1" },
      { proto: "udp", to: "192.0.2.1" },
      { proto: "tcp", to: "192.0.2.1", sport: 5001 },
      { proto: "udp", to: "192.0.2.1", sport: 5003 },
      { proto: "udp", to: "192.0.2.1", sport: 5050 },
    ],
  },
  {
    about: "rules about the protocol and the destination port",
    rules: ["ipproto tcp dport 80 pref 100 table 101", "ipproto udp pref 101 table 102"],
    programs: [
      { proto: "tcp", to: "192.0.2.1" },
      { proto: "udp", to: "192.0.2.1" },
    ],
  },
  {
    about: "a source that the second look-up has no route for",
    rules: ["from 10.0.0.1 pref 100 prohibit"],
    programs: [
      { proto: "tcp", to: "192.0.2.1" },
      { proto: "udp", to: "192.0.2.1" },
      { proto: "udp", to: "192.0.2.1", from: "10.0.0.7" },
    ],
  },
  {
    about: "routes that refuse",
    routes: [
      "unreachable 192.0.2.0/25",
      "prohibit 192.0.2.128/25",
      "blackhole 198.51.100.0/24",
      "throw 203.0.113.0/24",
    ],
    rules: ["from all pref 100 goto 32766"],
    programs: [
      { proto: "tcp", to: "192.0.2.1" },
      { proto: "udp", to: "192.0.2.130" },
      { proto: "tcp", to: "198.51.100.1" },
      { proto: "udp", to: "203.0.113.1" },
    ],
  },
  {
    about: "a destination of 0.0.0.0, which is the host itself",
    rules: [],
    programs: [
      { proto: "udp", to: "0.0.0.0" },
      { proto: "tcp", to: "0.0.0.0" },
      { proto: "udp", to: "0.0.0.0", from: "10.0.1.1" },
      { proto: "tcp", to: "0.0.0.0", from: "10.0.1.1" },
    ],
  },
  {
    about: "the source: secondary addresses, `src`, and the subnet of the gateway",
    routes: ["198.51.100.0/24 via 10.0.1.2 src 10.0.2.7", "203.0.113.0/24 dev e2"],
    rules: ["to 203.0.113.0/24 pref 100 table 254"],
    programs: [
      { proto: "udp", to: "198.51.100.1" },
      { proto: "tcp", to: "198.51.100.1" },
      { proto: "udp", to: "10.0.1.2" },
      { proto: "udp", to: "10.0.1.2", from: "10.0.1.7" },
    ],
  },
];

describe.skipIf(!available)("sockets of the host's own", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  it.each(CASES)("look for their route as podpath does: $about", async ({ routes = [], rules, programs }) => {
    const network = networkOf(lab(routes, rules, "5000 5009"));
    await oracle.build(toBuildRequest(network, { mute: ["H0", "H1", "H2"] }));
    for (const program of programs) {
      const { stdout, stderr } = await oracle.exec("R", ["python3", "-c", SCRIPT, JSON.stringify(program)]);
      if (stdout === "") throw new Error(stderr);
      const kernel: Sent = JSON.parse(stdout);
      const { leaves } = explore((choose): Sent => {
        const world = createWorld(network, { choose, answers: false });
        const runtime = runtimeOf(world, "R");
        if (runtime === null) throw new Error("no such host");
        const run = program.proto === "tcp" ? connect : request;
        run(world, runtime, {
          destination: address(program.to),
          port: 80,
          source: program.from === undefined ? null : address(program.from),
          sport: program.sport ?? null,
          size: 1,
          df: false,
        });
        const [journey] = world.journeys;
        const errno = journey?.error ?? null;
        return {
          errno,
          source: errno === null && journey !== undefined ? formatAddress(journey.packet.src) : null,
          device: errno === null ? deviceOf(journey?.end?.host ?? "") : null,
        };
      });
      const possible = new Set(leaves.map(({ value }) => JSON.stringify(value)));
      expect([...possible], JSON.stringify(program)).toEqual([JSON.stringify(kernel)]);
    }
  });
});
