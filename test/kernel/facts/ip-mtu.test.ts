import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const FAR = ["A", "B", "C"];

/** What a router's advertisement may have said: IPv6 takes less than the device does. */
describe.skipIf(!available)("the `mtu` of a device in IPv6", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const passing: ProbePacket = {
    host: "R",
    interface: "in0",
    src: "fd00:a::2",
    dst: "fd00:b::2",
    proto: "udp",
    sport: 4000,
    dport: 80,
  };
  const own: ProbePacket = {
    host: "R",
    src: "fd00:b::1",
    dst: "fd00:b::2",
    proto: "udp",
    sport: 4000,
    dport: 80,
    raw: true,
  };
  const lengths = [1232, 1233, 1252, 1253, 1302, 1303, 1352, 1353, 1452];

  const duelOf = (settings: Readonly<Record<string, string>>, rules: readonly string[] = []): Promise<Duel> =>
    Duel.of(
      oracle,
      routerLab6({
        router: {
          listen: ["tcp/80", "udp/80"],
          routes: ["-6 fd00:9::/32 via fd00:b::2 mtu 1450", "-6 fd00:7::/32 via fd00:b::2 mtu lock 1350"],
          rulesets: [{ family: 6, text: table("mangle", rules) }],
          sysctls: { "net.ipv6.icmp.ratemask": "", ...settings },
        },
      }),
      FAR,
      true,
    );

  it.each([1280, 1300, 1400, 1500])("is what forwarding and its own packets go by: %i", async (mtu) => {
    const duel = await duelOf({ "net.ipv6.conf.out0.mtu": String(mtu) });
    for (const length of lengths) {
      await duel.agree({ ...passing, length });
      await duel.agree({ ...passing, dst: "fd00:9::5", length });
      await duel.agree({ ...passing, dst: "fd00:7::5", length });
      await duel.agree({ ...own, length });
      await duel.agree({ ...own, dst: "fd00:9::5", length });
      await duel.agree({ ...own, dst: "fd00:7::5", length });
    }
    const { kernel } = await duel.agree({ ...passing, length: 1452 });
    expect(kernel.responses.map(({ packet }) => packet.mtu)).toEqual(mtu < 1500 ? [mtu] : []);
  });

  it.each(["", "lock "])("does not keep a route from taking less than any link may: mtu %s1000", async (lock) => {
    const routes = [`-6 fd00:9::/32 via fd00:b::2 mtu ${lock}1000`];
    const sysctls = { "net.ipv6.icmp.ratemask": "" };
    const duel = await Duel.of(oracle, routerLab6({ router: { routes, sysctls } }), FAR, true);
    for (const length of [952, 953, 1232, 1233, 1452]) {
      await duel.agree({ ...passing, dst: "fd00:9::5", length });
      await duel.agree({ ...own, dst: "fd00:9::5", length });
    }
    const { kernel } = await duel.agree({ ...passing, dst: "fd00:9::5", length: 953 });
    expect(kernel.responses.map(({ packet }) => packet.mtu)).toEqual([1000]);
  });

  it("is what a SYN-ACK tells and TCPMSS clamps to", async () => {
    const rules = ["FORWARD", "POSTROUTING"].map((chain) => `-A ${chain} -p tcp --syn -j TCPMSS --clamp-mss-to-pmtu`);
    for (const device of ["in0", "out0"]) {
      const duel = await duelOf({ [`net.ipv6.conf.${device}.mtu`]: "1300" }, rules);
      const syn: ProbePacket = { ...passing, proto: "tcp", flags: "S", mss: 1440, length: 0 };
      await duel.agree(syn);
      await duel.agree({ ...syn, dst: "fd00:9::5" });
      await duel.agree({ ...own, proto: "tcp", flags: "S", mss: 1440, length: 0 });
      const { kernel } = await duel.agree({ ...syn, dst: "fd00:a::1" });
      expect(kernel.responses[0]?.packet.mss).toBe(device === "in0" ? 1240 : 1440);
    }
  });

  it("of lo is what the host sends itself", async () => {
    const duel = await duelOf({ "net.ipv6.conf.lo.mtu": "1300" });
    for (const length of [1252, 1253, 2000]) await duel.agree({ ...own, dst: "fd00:a::1", length, dport: 81 });
  });

  it("of a local route holds before it", async () => {
    const routes = ["-6 local fd00:79::/64 dev lo mtu 1300", "local 10.79.0.0/24 dev lo mtu 1300"];
    const listen = ["udp/80"];
    const six = await Duel.of(oracle, routerLab6({ router: { routes: routes.slice(0, 1), listen } }), FAR, true);
    for (const length of [1252, 1253, 1400]) await six.agree({ ...own, dst: "fd00:79::1", length });
    const four = await Duel.of(oracle, routerLab({ router: { routes: routes.slice(1), listen } }), FAR, true);
    for (const length of [1272, 1273, 1400]) {
      for (const df of [false, true]) await four.agree({ ...own, src: "10.0.1.1", dst: "10.79.0.1", length, df });
    }
  });

  it("below 1280 is refused", async () => {
    await expect(duelOf({ "net.ipv6.conf.out0.mtu": "1279" })).rejects.toThrow("Invalid argument");
  });
});

/** tcpmss_mangle_packet() asks dst_mtu(), which a learnt path MTU is part of. */
describe.skipIf(!available).each([4, 6] as const)(
  "what TCPMSS clamps to where a path MTU was learnt, IPv%i",
  (family) => {
    const six = family === 6;
    let oracle: Oracle;
    beforeAll(() => {
      oracle = new Oracle();
    });
    afterAll(() => oracle.close());

    it("is that, on the way there and back", async () => {
      const rules = ["FORWARD", "POSTROUTING"].map((chain) => `-A ${chain} -p tcp --syn -j TCPMSS --clamp-mss-to-pmtu`);
      const router = {
        rulesets: [{ family, text: table("mangle", rules) }],
        sysctls: { "net.ipv6.icmp.ratemask": "", "net.ipv4.icmp_ratemask": "0" },
      };
      const duel = await Duel.of(oracle, six ? routerLab6({ router }) : routerLab({ router }), FAR);
      const near = six ? "fd00:a::2" : "10.0.0.2";
      const far = six ? "fd00:b::2" : "10.0.1.2";
      const self = six ? "fd00:b::1" : "10.0.1.1";
      const echo = { proto: six ? "icmpv6" : "icmp", icmpType: six ? 128 : 8, icmpId: 1, icmpSeq: 1 };
      const local: ProbePacket = { host: "R", src: self, dst: far, ...echo, raw: true, df: true };
      await duel.agree({ ...local, length: 1300 });
      await duel.agree({
        host: "R",
        interface: "out0",
        src: far,
        dst: self,
        proto: echo.proto,
        icmpType: six ? 2 : 3,
        icmpCode: six ? 0 : 4,
        icmpMtu: 1300,
        icmpInner: { ...local, length: 20 },
        fresh: false,
      });
      const syn = { proto: "tcp", sport: 4000, dport: 80, flags: "S", mss: 1460, length: 0, fresh: false };
      const ways = [
        { host: "R", interface: "in0", src: near, dst: far },
        { host: "R", interface: "out0", src: far, dst: near },
        { host: "R", src: self, dst: far, raw: true },
      ];
      const clamped: (number | undefined)[] = [];
      for (const way of ways) {
        const { kernel } = await duel.agree({ ...syn, ...way });
        clamped.push(kernel.hops.at(-1)?.packet.mss);
      }
      expect(clamped).toEqual(ways.map(() => 1300 - (six ? 60 : 40)));
    });
  },
);
