import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../../src/emulator/applications/connect.ts";
import { createWorld, runtimeOf } from "../../../src/emulator/world.ts";
import type { Network } from "../../../src/model/network.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { address, type Lab, networkOf } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** Opens a connection to each address, and tells TTL, DF and MSS of the SYNs that leave by in0. */
const SCRIPT = `
import json, socket, struct, sys
seen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
seen.bind(("in0", 0))
seen.settimeout(5)
told = []
for port, to in enumerate(sys.argv[1:], 2000):
    six = ":" in to
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM)
    s.setblocking(False)
    s.bind(("::" if six else "0.0.0.0", port))
    s.connect_ex((to, 80))
    while True:
        frame = seen.recvfrom(2048)
        data = frame[0]
        if frame[1][2] != 4 or data[0] >> 4 != (6 if six else 4) or data[6 if six else 9] != 6:
            continue
        tcp = data[40:] if six else data[(data[0] & 15) * 4:]
        if struct.unpack("!H", tcp[:2])[0] == port:
            break
    told.append([data[7 if six else 8], not six and data[6] & 0x40 != 0, struct.unpack("!H", tcp[22:24])[0]])
print(json.dumps(told))
`;

/** Where R's own packets go: a network behind A for each of what a route may say, one that says nothing, and R itself. */
const WAYS = [
  { name: "plain", words: "", ttl: 64, mss: [1460, 1440] },
  { name: "hoplimit", words: "hoplimit 7", ttl: 7, mss: [1460, 1440] },
  { name: "a locked hoplimit", words: "hoplimit lock 200", ttl: 200, mss: [1460, 1440] },
  { name: "mtu", words: "mtu 1300", ttl: 64, mss: [1260, 1240] },
  { name: "mtu lock", words: "mtu lock 1300 hoplimit 9", ttl: 9, mss: [1260, 1240] },
  { name: "advmss", words: "advmss 900", ttl: 64, mss: [900, 900] },
  { name: "advmss above the MTU", words: "mtu 1400 advmss 9000", ttl: 64, mss: [9000, 9000] },
] as const;

describe.skipIf(!available).each([4, 6] as const)("metrics of the route that an answer takes, IPv%i", (family) => {
  const six = family === 6;
  const oracle = new Oracle();
  afterAll(() => oracle.close());
  let duel: Duel;
  let network: Network;
  const sender = (index: number): string => (six ? `fd00:7:${index}::7` : `10.7.${index}.7`);
  const own = six ? "fd00:a::1" : "10.0.0.1";
  beforeAll(async () => {
    const routes = WAYS.map(({ words }, index) =>
      six ? `-6 fd00:7:${index}::/64 via fd00:a::2 ${words}` : `10.7.${index}.0/24 via 10.0.0.2 ${words}`,
    );
    const local = six ? "-6 local fd00:77::1 dev lo hoplimit 11" : "local 10.77.0.1 dev lo hoplimit 11";
    const through = six ? "-6 fd00:8::/64 via fd00:b::2 hoplimit 13" : "10.88.0.0/16 via 10.0.1.2 hoplimit 13";
    const refused = ["INPUT", "FORWARD"].map(
      (chain) => `-A ${chain} -p tcp --dport 81 -j REJECT --reject-with tcp-reset`,
    );
    const text = `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${refused.join("\n")}\nCOMMIT\n`;
    const router = {
      routes: [...routes, local, through],
      listen: ["tcp/80"],
      sysctls: { "net.ipv4.icmp_ratemask": "0", "net.ipv6.icmp.ratelimit": "0" },
      rulesets: [{ family, backend: "legacy" as const, text }],
    };
    const back = (way: number): string =>
      six ? `-6 local fd00:7:${way}::/64 dev lo` : `local 10.7.${way}.0/24 dev lo`;
    const hosts = {
      A: { routes: [six ? "-6 default via fd00:a::1" : "default via 10.0.0.1", ...WAYS.map((_, way) => back(way))] },
    };
    const lab: Lab = six ? routerLab6({ router, hosts }) : routerLab({ router, hosts });
    network = networkOf(lab);
    duel = await Duel.of(oracle, lab, ["A", "B", "C"]);
  });

  const icmp = six ? { proto: "icmpv6", icmpType: 128 } : { proto: "icmp", icmpType: 8 };
  const asks: readonly { readonly about: string; readonly packet: Partial<ProbePacket> }[] = [
    { about: "an echo reply", packet: { ...icmp, icmpId: 7, icmpSeq: 1 } },
    { about: "a reset", packet: { proto: "tcp", sport: 4000, dport: 82, flags: "S" } },
    { about: "a reset by REJECT", packet: { proto: "tcp", sport: 4000, dport: 81, flags: "S" } },
    { about: "an ICMP error", packet: { proto: "udp", sport: 4000, dport: 82, length: 8 } },
    { about: "a SYN-ACK", packet: { proto: "tcp", sport: 4001, dport: 80, flags: "S", mss: 1460 } },
  ];

  it.each(WAYS.flatMap((way, index) => asks.map((ask) => [ask.about, way.name, index, ask.packet] as const)))(
    "%s by a route with %s",
    async (_, __, index, packet) => {
      const way = WAYS[index];
      if (way === undefined) throw new Error("no such way");
      const { kernel } = await duel.agree({ host: "R", interface: "in0", src: sender(index), dst: own, ...packet });
      const answer = kernel.responses[0]?.packet;
      // That of IPv4's REJECT is the TTL of the way that the packet was on.
      expect(answer?.ttl).toBe(!six && packet.dport === 81 ? 64 : way.ttl);
      if (answer?.flags !== "SA") return;
      expect(answer.mss).toBe(way.mss[six ? 1 : 0]);
      if (!six) expect(answer.df).toBe(true);
    },
  );

  it("a reset by REJECT about a packet on its way through, and to a local route with a hop limit", async () => {
    const segment = { proto: "tcp", sport: 4000, dport: 81, flags: "S" };
    const from = { host: "R", interface: "in0", src: sender(0), ...segment };
    const through = await duel.agree({ ...from, dst: six ? "fd00:8::1" : "10.88.0.1" });
    const here = await duel.agree({ ...from, dst: six ? "fd00:77::1" : "10.77.0.1" });
    const itself = await duel.agree({ host: "R", ...segment, dst: six ? "fd00:77::1" : "10.77.0.1" });
    const ttls = [through, here, itself].map(({ kernel }) => kernel.responses[0]?.packet.ttl);
    expect(ttls).toEqual(six ? [64, 64, 64] : [13, 64, 11]);
  });

  it("what programs send, and DF of IPv4 where the MTU is locked", async () => {
    const { stdout } = await oracle.exec("R", ["python3", "-c", SCRIPT, ...WAYS.map((_, way) => sender(way))]);
    const kernel: unknown = JSON.parse(stdout);
    const ours = WAYS.map((_, way) => {
      const world = createWorld(network, { choose: () => 0, answers: false });
      const runtime = runtimeOf(world, "R");
      if (runtime === null) throw new Error("no R");
      const target = { destination: address(sender(way)), source: null, port: 80, sport: null, size: 1, df: false };
      connect(world, runtime, target);
      const sent = world.journeys[0]?.packet;
      return [sent?.ttl, !six && sent?.df === true, sent?.mss];
    });
    expect(ours).toEqual(kernel);
    expect(ours.map(([, df]) => df)).toEqual(WAYS.map(({ words }) => !six && !words.includes("mtu lock")));
  });

  it("a local route has a hop limit too", async () => {
    const dst = six ? "fd00:77::1" : "10.77.0.1";
    const { kernel } = await duel.agree({ host: "R", dst, ...icmp, icmpId: 7, icmpSeq: 1, ttl: 30 });
    expect(kernel.outcome).toBe("delivered");
  });
});
