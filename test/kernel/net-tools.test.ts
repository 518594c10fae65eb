import { execFileSync, spawn, spawnSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Interface } from "../../src/model/interface.ts";
import { originTable } from "../../src/model/origin.ts";
import { type Route, TABLE_LOCAL } from "../../src/model/route.ts";
import type { ListeningSocket } from "../../src/model/socket.ts";
import { formatAddress } from "../../src/net/address.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { readAddresses } from "../../src/readers/ip/address.ts";
import { readRoutes } from "../../src/readers/ip/route.ts";
import { readSockets } from "../../src/readers/ss.ts";

/** What the tools of net-tools and BusyBox show of a namespace is what `ip` and `ss` show, less what they leave out. */
const HOME = `ppn-${process.pid}`;
const isRoot = process.getuid?.() === 0;
if (!isRoot) {
  if (process.env["CI"]) throw new Error("test/kernel needs root: it makes network namespaces.");
  process.stderr.write("SKIPPED test/kernel/net-tools.test.ts: it needs root to make network namespaces.\n");
}

function run(command: string): string {
  const [program = "", ...args] = command.split(" ");
  return execFileSync(program, args, { encoding: "utf8", stdio: ["pipe", "pipe", "ignore"], maxBuffer: 1 << 26 });
}
const inside = (command: string): string => run(`ip netns exec ${HOME} ${command}`);

function available(command: string): boolean {
  try {
    run(`which ${command}`);
    return true;
  } catch {
    return false;
  }
}

/** Runs commands of `ip`; those that the kernel refuses are passed over. */
function batch(commands: readonly string[]): void {
  const args = ["netns", "exec", HOME, "ip", "-force", "-batch", "-"];
  spawnSync("ip", args, { input: `${commands.join("\n")}\n`, stdio: ["pipe", "ignore", "ignore"] });
}

const routesOf = (text: string, family: 4 | 6) => readRoutes(text, "f", originTable(), { family });

/** A route in the words that net-tools has for it. */
function shown(route: Route): string {
  const type = route.type === "prohibit" ? "unreachable" : route.type === "throw" ? "blackhole" : route.type;
  // an IPv6 table cannot tell a blackhole from the others that answer nothing or with an error
  const kind = route.family === 6 && type === "blackhole" ? "unreachable" : type;
  const hop = kind === "unicast" || kind === "local" ? route.nextHops[0] : undefined;
  const gateway = hop?.gateway ? formatAddress(hop.gateway) : "-";
  return `${kind} ${formatPrefix(route.destination)} via ${gateway} dev ${hop?.interface ?? "-"} metric ${route.metric}`;
}

const octet = fc.integer({ min: 0, max: 255 });
const arbitraryRoute = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("", "blackhole", "unreachable", "prohibit", "throw"),
      octet,
      octet,
      fc.integer({ min: 9, max: 32 }),
    )
    .map(([type, a, b, length]) => ({
      type,
      destination: `100.${a}.${b}.0/${Math.min(length, 24)}`,
      family: 4 as const,
    })),
  fc
    .tuple(fc.constantFrom("", "blackhole", "unreachable", "prohibit"), octet, fc.constantFrom(48, 64, 128))
    .map(([type, a, length]) => ({ type, destination: `2001:db8:${a.toString(16)}::/${length}`, family: 6 as const })),
);
const command = fc
  .tuple(arbitraryRoute, fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 0, max: 2 }))
  .map(([{ type, destination, family }, metric, hops]) => {
    const gateway = family === 4 ? "10.0.0.2" : "2001:db8:ffff::2";
    const via =
      type !== ""
        ? ""
        : hops === 0
          ? " dev v0"
          : hops === 1 || family === 6
            ? ` via ${gateway} dev v0`
            : ` nexthop via 10.0.0.3 weight 2 nexthop via 10.0.0.2`;
    return `route add ${type === "" ? "" : `${type} `}${destination}${via} metric ${metric}`;
  });

describe.skipIf(!isRoot || !available("netstat"))("net-tools", () => {
  beforeAll(() => {
    run(`ip netns add ${HOME}`);
    inside("ip link add v0 type veth peer name v1");
    // link-local addresses would come while the tools run
    for (const device of ["v0", "v1"]) inside(`ip link set ${device} addrgenmode none`);
    for (const device of ["lo", "v0", "v1"]) inside(`ip link set ${device} up`);
    inside("ip addr add 10.0.0.1/24 dev v0");
    inside("ip addr add 10.0.9.1/24 brd + dev v0 label v0:9");
    inside("ip addr add 2001:db8:ffff::1/64 dev v0 nodad");
    inside("ip link add br0 type bridge");
    inside("ip tuntap add t0 mode tun");
    inside("ip addr add 10.7.0.1 peer 10.7.0.2/32 dev t0");
  });
  afterAll(() => {
    if (isRoot) run(`ip netns del ${HOME}`);
  });

  test("route -n, netstat -rn and route -A inet6 -n show the routes of ip route, as far as they can", () => {
    let compared = 0;
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 12 }), (commands) => {
        batch(commands);
        try {
          const truth = routesOf(inside("ip -d -j route"), 4).routes.map(shown);
          for (const tool of ["route -n", "netstat -rne", ...(available("busybox") ? ["busybox route -n"] : [])]) {
            const dump = routesOf(inside(tool), 4);
            expect(dump.lossy).toBe(true);
            // BusyBox shows `*` for every type without a device
            const told = (text: string): string =>
              tool.startsWith("busybox") ? text.replace(/^blackhole/, "unreachable") : text;
            expect(dump.routes.map(shown).map(told).sort(), tool).toEqual(truth.map(told).sort());
          }
          compared += truth.length;
          const truth6 = routesOf(inside("ip -6 -d -j route show table all"), 6).routes.map(shown).sort();
          const six = routesOf(inside("route -A inet6 -n"), 6);
          expect(six.routes.map(shown).sort()).toEqual(truth6);
          const locals = six.routes.filter((route) => route.table === TABLE_LOCAL);
          expect(
            locals.every((route) => route.type === "local" || route.type === "multicast" || route.type === "anycast"),
          ).toBe(true);
        } finally {
          batch(commands.map((done) => done.replace("route add", "route del")));
        }
      }),
      { numRuns: 10 },
    );
    expect(compared).toBeGreaterThan(10);
  });

  test("ifconfig -a shows the addresses and devices of ip addr, in both of its forms", () => {
    const brief = (device: Interface): unknown => ({
      ...device,
      index: 0,
      peerIndex: 0,
      lower: null,
      kind: "",
      group: null,
      origin: 0,
      addresses: device.addresses
        .map((one) => ({ ...one, origin: 0, peer: one.peer === null ? null : formatAddress(one.peer) }))
        .sort((x, y) => (formatAddress(x.address) < formatAddress(y.address) ? -1 : 1)),
    });
    const byName = (text: string): unknown =>
      readAddresses(text, "f", originTable())
        .interfaces.map((device) => brief(device))
        .sort((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1));
    const truth = byName(inside("ip -j addr"));
    expect(byName(inside("ifconfig -a"))).toEqual(truth);
    if (available("busybox")) expect(byName(inside("busybox ifconfig -a"))).toEqual(truth);
  });

  test("netstat -lntupW shows the sockets of ss, less the devices that they are bound to", async () => {
    const program = `
import socket,sys
s=[]
def on(f,t,a,p,v6only=None):
    k=socket.socket(f,t)
    if v6only is not None: k.setsockopt(socket.IPPROTO_IPV6,socket.IPV6_V6ONLY,v6only)
    k.bind((a,p)); s.append(k)
    if t==socket.SOCK_STREAM: k.listen(1)
i,j,t,u=socket.AF_INET,socket.AF_INET6,socket.SOCK_STREAM,socket.SOCK_DGRAM
on(i,t,'0.0.0.0',22); on(j,t,'::',22,1); on(j,t,'::',80,0); on(i,t,'127.0.0.1',179); on(j,t,'2001:db8:ffff::1',9443,1)
on(j,t,'::ffff:10.0.0.1',8081,0); on(i,u,'0.0.0.0',53); on(j,u,'::',123,0); on(j,u,'::1',546,1)
c=socket.socket(); c.connect(('127.0.0.1',179))
print('ready',flush=True); sys.stdin.read()`;
    const child = spawn("ip", ["netns", "exec", HOME, "python3", "-c", program], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    try {
      await new Promise((resolve) => child.stdout.once("data", resolve));
      const brief = (socket: ListeningSocket): string =>
        `${socket.protocol} ${socket.family} ${socket.address === null ? "*" : formatAddress(socket.address)} ${socket.port} ${socket.process}`;
      const socketsOf = (text: string): readonly string[] =>
        readSockets(text, "f", originTable()).sockets.map(brief).sort();
      const truth = socketsOf(inside("ss -H -lntup"));
      expect(truth).toHaveLength(9);
      for (const tool of ["netstat -lntupW", "netstat -lnpW", "netstat -anpW", "netstat -lntupeW", "netstat -lntup"]) {
        expect(socketsOf(inside(tool)), tool).toEqual(truth);
      }
      for (const tool of [
        "ss -lntup",
        "ss -lntupe",
        "ss -anp",
        "ss -tulpn",
        "ss -lntupO",
        "ss -tulp",
        "ss -lntupemi",
      ]) {
        expect(socketsOf(inside(tool)), tool).toEqual(truth);
      }
      const nameless = (list: readonly string[]): readonly string[] => list.map((text) => text.replace(/\S+$/, ""));
      expect(nameless(socketsOf(inside("netstat -lntu")))).toEqual(nameless(truth));
    } finally {
      child.kill();
    }
  });
});
