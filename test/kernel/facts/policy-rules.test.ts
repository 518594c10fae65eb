import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { type Lab, networkOf } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { muted } from "../harness/podpath-network.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** SPIs whose halves are the ports that rules ask for: 1500 and 80, then 4000 and 80. */
const HEADERS: readonly NonNullable<ProbePacket["extensions"]>[] = [
  [{ header: "authentication", spi: 1500 * 0x10000 + 80 }],
  [{ header: "hop-by-hop" }, { header: "authentication", spi: 4000 * 0x10000 + 80 }],
  [{ header: "destination" }],
  [{ header: "fragment" }],
  [{ header: "fragment" }, { header: "destination" }],
  [{ header: "fragment" }, { header: "authentication", spi: 4000 * 0x10000 + 80 }],
];

/** Policy rules of the kernel, by the packets that they send elsewhere: each selector, negated too, and each action. */
describe.skipIf(!available).each([4, 6] as const)("policy rules, IPv%i", (family) => {
  const six = family === 6;
  const flag = six ? "-6 " : "";
  const [src, far, other] = six ? ["fd00:a::2", "fd00:77::1", "fd00:a::11"] : ["10.0.0.2", "10.77.0.1", "10.0.0.131"];
  const [viaB, viaC] = six ? ["fd00:b::2", "fd00:c::2"] : ["10.0.1.2", "10.0.2.2"];
  const [own, net, farNet] = six
    ? ["fd00:a::1", "fd00:a::/64", "fd00:77::/64"]
    : ["10.0.0.1", "10.0.0.0/24", "10.77.0.0/16"];
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const routes = [
    `${flag}${farNet} via ${viaB}`,
    `${flag}${farNet} via ${viaC} table 100`,
    `${flag}default via ${viaC} table 101`,
    `${flag}throw ${farNet} table 102`,
    `${flag}unreachable ${farNet} table 103`,
  ];
  const udp: ProbePacket = { host: "R", interface: "in0", src, dst: far, proto: "udp", sport: 4000, dport: 80 };
  const tcp: ProbePacket = { ...udp, proto: "tcp", flags: "S" };
  const local: ProbePacket = { host: "R", src: own, dst: far, proto: "udp", sport: 4000, dport: 80 };

  const duelOf = (...rules: readonly string[]): Promise<Duel> => {
    const numbered = rules.map((rule, at) => flag + (rule.includes(" pref ") ? rule : `${rule} pref ${100 + at}`));
    const router = { routes, rules: numbered };
    return Duel.of(oracle, six ? routerLab6({ router }) : routerLab({ router }), ["A", "B", "C"]);
  };

  const PACKETS: readonly ProbePacket[] = [
    udp,
    tcp,
    { ...udp, src: other },
    { ...udp, sport: 1500, dport: 53, tos: 0x10 },
    { ...tcp, sport: 1501, tos: 0x1c },
    { ...udp, proto: six ? "icmpv6" : "icmp" },
    { ...udp, tos: 0x08 },
    { ...udp, tos: 0xb8 },
    { ...udp, dst: six ? "fd00:78::1" : "10.78.0.1" },
    local,
    { ...local, uid: 1500 },
    { ...local, uid: 2000, tos: 0x10 },
    { ...local, mark: 1 },
    { ...local, mark: 0x11 },
    { ...local, bindInterface: "out0" },
    { ...local, proto: "tcp", flags: "S", dport: 443 },
    // Nothing tracks it, so that it is routed as a fragment.
    { ...udp, length: 64, ipid: 1, mf: true, df: false },
    { ...udp, length: 64, ipid: 1, fragOffset: 64, df: false },
    { host: "R", interface: "in0", src, dst: far, proto: 50 },
    ...(six ? HEADERS.map((extensions) => ({ ...udp, extensions })) : []),
  ];

  const SELECTORS = [
    `from ${src}`,
    `from ${net}`,
    `from all to ${farNet}`,
    `from ${net} to ${farNet}`,
    "iif in0",
    "iif lo",
    "iif out0",
    "oif out0",
    "fwmark 1",
    "fwmark 0x10/0x10",
    "fwmark 0/0x1",
    "tos 0x10",
    "tos 0x08",
    "ipproto udp",
    "ipproto tcp dport 80",
    "ipproto udp sport 4000",
    "sport 1400-1600",
    "dport 50-60",
    "uidrange 1000-1999",
    "uidrange 0-0",
    `from ${net} iif in0 ipproto udp dport 53`,
  ];

  it.each(SELECTORS)("%s", async (selector) => {
    for (const rule of [selector, `not ${selector}`]) {
      const duel = await duelOf(`${rule} lookup 100`);
      for (const packet of PACKETS) {
        // Of the raw socket that sends them here, the kernel's look-up knows neither port nor protocol.
        if (packet.interface === undefined && /port|ipproto/.test(selector)) continue;
        await duel.agree(packet);
      }
    }
  });

  // Numbers of include/uapi/linux/fib_rules.h: older versions of ip know neither attribute.
  const ADD_DSCP = `
import socket, struct, sys
family, dscp, mask = (int(text) for text in sys.argv[1:])
attribute = lambda kind, data: struct.pack("=HH", 4 + len(data), kind) + data.ljust((len(data) + 3) & ~3, bytes(1))
FRA_PRIORITY, FRA_TABLE, FRA_DSCP, FRA_DSCP_MASK = 6, 15, 25, 30
attributes = attribute(FRA_PRIORITY, struct.pack("=I", 100)) + attribute(FRA_TABLE, struct.pack("=I", 100))
attributes += attribute(FRA_DSCP, bytes([dscp]))
if mask: attributes += attribute(FRA_DSCP_MASK, bytes([mask]))
header = struct.pack("=BBBBBBBBI", socket.AF_INET6 if family == 6 else socket.AF_INET, 0, 0, 0, 100, 0, 0, 1, 0)
RTM_NEWRULE, REQUEST_ACK_CREATE_EXCL = 32, 0x605
body = header + attributes
link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
link.sendto(struct.pack("=IHHII", 16 + len(body), RTM_NEWRULE, REQUEST_ACK_CREATE_EXCL, 1, 0) + body, (0, 0))
sys.exit(-struct.unpack_from("=i", link.recv(4096), 16)[0])
`;

  it.each([
    ["46", 46, 0],
    ["0", 0, 0],
    ["4", 4, 0],
    ["0x28/0x38", 0x28, 0x38],
  ] as const)("dscp %s", async (words, dscp, mask) => {
    const lab = (rules: readonly string[]): Lab => {
      const router = { routes, rules };
      return six ? routerLab6({ router }) : routerLab({ router });
    };
    const duel = await Duel.of(oracle, lab([]), ["A", "B", "C"]);
    const argv = ["python3", "-c", ADD_DSCP, String(family), String(dscp), String(mask)];
    expect((await oracle.exec("R", argv)).code).toBe(0);
    duel.use(muted(networkOf(lab([`${flag}dscp ${words} lookup 100 pref 100`])), ["A", "B", "C"]));
    for (const tos of [0, 1, 3, 0x10, 0x13, 0xa0, 0xa4, 0xb8, 0xbb, 0xfc]) {
      await duel.agree({ ...udp, tos });
      await duel.agree({ ...local, tos });
    }
  });

  const ACTIONS: readonly (readonly string[])[] = [
    ["from all lookup 100"],
    ["from all lookup 102", "from all lookup 100"],
    ["from all lookup 103"],
    ["from all lookup 77", "from all lookup 101"],
    ["from all lookup main suppress_prefixlength 0", "from all lookup 101"],
    ["from all lookup main suppress_prefixlength 64", "from all lookup 101"],
    ["from all lookup 101 suppress_prefixlength 0"],
    ["from all lookup 100 suppress_ifgroup 0", "from all lookup 103"],
    ["from all lookup 100 suppress_ifgroup 3"],
    ["iif in0 goto 200 pref 100", "from all lookup 103 pref 150", "from all lookup 100 pref 200"],
    ["from all goto 32766 pref 100", "from all lookup 103 pref 150"],
    ["not from all goto 300 pref 100", "from all lookup 100 pref 300"],
    ["from all nop pref 100", "from all lookup 100 pref 101"],
    ["iif in0 blackhole"],
    ["iif in0 unreachable"],
    ["iif in0 prohibit"],
    [`from all to ${farNet} unreachable`],
  ];

  it.each(ACTIONS.map((rules) => [rules.join("; "), rules] as const))("%s", async (_, rules) => {
    const duel = await duelOf(...rules);
    for (const packet of PACKETS) await duel.agree(packet);
    expect(PACKETS.length).toBeGreaterThan(0);
  });
});
