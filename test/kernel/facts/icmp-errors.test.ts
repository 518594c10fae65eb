import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { ROUTER_ROUTES, type RouterOptions, routerLab } from "../harness/router-lab.ts";

const available = await kernelAvailable();

/** Rules that tell the length of every ICMP message. */
const LENGTHS = [84, 96, 128, 200, 300, 400, 548, 575, 576, 577, 1000].map(
  (length) => `-A OUTPUT -p icmp -m length --length ${length}:65535`,
);
const TELL_LENGTH = {
  text: `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${LENGTHS.join("\n")}\nCOMMIT\n`,
};

describe.skipIf(!available)("ICMP errors and answers, as the kernel sends them", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const duel = (options: RouterOptions = {}): Promise<Duel> => Duel.of(oracle, routerLab(options), ["A", "B", "C"]);
  const packet: ProbePacket = {
    host: "R",
    interface: "in0",
    src: "10.0.0.2",
    dst: "10.0.1.2",
    proto: "udp",
    sport: 1,
    dport: 2,
  };
  const error = ({ kernel }: Round): string | undefined =>
    kernel.responses.find(({ kind }) => kind === "icmp")?.packet.src;

  it("come from the address towards the sender, or with icmp_errors_use_inbound_ifaddr from the interface it came in by", async () => {
    for (const inbound of ["0", "1"]) {
      const on = await duel({ router: { sysctls: { "net.ipv4.icmp_errors_use_inbound_ifaddr": inbound } } });
      const round = await on.agree({ ...packet, src: "10.0.2.129", ttl: 1 });
      expect(error(round)).toBe(inbound === "1" ? "10.0.0.1" : "10.0.2.1");
      expect(error(await on.agree({ ...packet, src: "10.0.2.129", dst: "10.0.1.1" }))).toBe("10.0.1.1");
    }
  });

  it("come from another address where that interface has none, and from 192.0.0.8 where there is none at all", async () => {
    const bare = (extra: readonly string[]): RouterOptions => ({
      router: {
        interfaces: [{ name: "in0" }, { name: "out0", addresses: extra }, { name: "out1" }],
        routes: ["10.0.0.0/24 dev in0", "unreachable 10.1.1.0/24"],
        neighbours: ["10.0.0.2 in0 02:00:00:02:00:02"],
      },
    });
    for (const inbound of ["0", "1"]) {
      for (const addresses of [["10.0.1.1/24"], []]) {
        const options = bare(addresses);
        const sysctls = { "net.ipv4.icmp_errors_use_inbound_ifaddr": inbound };
        const on = await duel({ ...options, router: { ...options.router, sysctls } });
        const round = await on.agree({ ...packet, dst: "10.1.1.1" });
        expect(error(round)).toBe(addresses.length > 0 ? "10.0.1.1" : "192.0.0.8");
      }
    }
  });

  it("keep the type of service, with the precedence of internetwork control", async () => {
    const on = await duel();
    for (const tos of [0, 0x02, 0x08, 0x10, 0x1e, 0x20, 0xb8, 0xff]) {
      const { kernel } = await on.agree({ ...packet, tos, ttl: 1 });
      expect(kernel.responses[0]?.packet.tos).toBe((tos & 0x1e) | 0xc0);
    }
  });

  it("quote as much as makes 576 bytes, or what the way back takes", async () => {
    for (const mtu of [1500, 576, 560, 400, 128, 96]) {
      const on = await duel({
        router: {
          rulesets: [TELL_LENGTH],
          routes: [...ROUTER_ROUTES, `10.0.0.2/32 dev in0${mtu === 1500 ? "" : ` mtu ${mtu}`}`],
        },
      });
      for (const length of [0, 40, 60, 400, 519, 520, 521, 1000]) await on.agree({ ...packet, length, ttl: 1 });
    }
  });

  it("never answer an error, a fragment that is not the first, a broadcast frame, or an unknown ICMP type", async () => {
    const on = await duel();
    const inner: ProbePacket = { src: "10.0.1.2", dst: "10.0.0.2", proto: "udp", sport: 2, dport: 1 };
    for (const icmpType of [3, 4, 5, 11, 12]) {
      const { kernel } = await on.agree({ ...packet, proto: "icmp", icmpType, icmpInner: inner, ttl: 1 });
      expect(kernel.responses).toEqual([]);
    }
    for (const icmpType of [0, 8, 13, 14, 15, 16, 17, 18]) {
      const { kernel } = await on.agree({ ...packet, proto: "icmp", icmpType, length: 20, ttl: 1 });
      expect(kernel.responses).toHaveLength(1);
    }
    for (const icmpType of [19, 30, 42]) {
      const { kernel } = await on.agree({ ...packet, proto: "icmp", icmpType, length: 20, ttl: 1 });
      expect(kernel.responses).toEqual([]);
    }
    for (const dmac of ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01"]) {
      expect((await on.agree({ ...packet, dmac, dst: "10.0.0.1" })).kernel.responses).toEqual([]);
      expect((await on.agree({ ...packet, dmac, dst: "10.1.1.1" })).kernel.responses).toEqual([]);
      await on.agree({ ...packet, dmac });
    }
    await on.agree({ ...packet, dst: "10.0.0.255" });
  });

  it("are not sent where no route leads back", async () => {
    const on = await duel({
      router: { routes: [...ROUTER_ROUTES, "blackhole 10.44.0.0/16", "unreachable 10.45.0.0/16"] },
    });
    for (const src of ["10.44.0.1", "10.45.0.1", "10.46.0.1", "10.1.3.9"]) {
      for (const to of [{ ttl: 1 }, { dst: "10.0.0.1" }, { dst: "10.1.1.1" }, { dst: "10.5.0.1" }]) {
        expect((await on.agree({ ...packet, src, ...to })).kernel.responses).toEqual([]);
      }
    }
  });

  it("and other answers of the kernel carry the mark with fwmark_reflect, and are routed by it", async () => {
    const rules = {
      text: "*mangle\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -j MARK --set-mark 7\n-A OUTPUT -m mark --mark 7\nCOMMIT\n",
    };
    for (const reflect of ["0", "1"]) {
      const on = await duel({
        router: {
          rulesets: [rules],
          rules: ["pref 100 fwmark 7 iif lo table 100"],
          routes: [...ROUTER_ROUTES, "default via 10.0.2.2 table 100"],
          sysctls: { "net.ipv4.fwmark_reflect": reflect },
        },
      });
      const away = reflect === "1" ? "out1" : "in0";
      for (const probe of [
        { ttl: 1 },
        { dst: "10.0.0.1" },
        { dst: "10.1.1.1" },
        { dst: "10.0.0.1", proto: "icmp" },
        { dst: "10.0.0.1", proto: "icmp", icmpType: 13, length: 12 },
        { dst: "10.0.0.1", proto: "tcp", flags: "S" },
      ]) {
        const { kernel } = await on.agree({ ...packet, ...probe });
        expect(kernel.responses[0]?.hops[0]?.interface).toBe(away);
      }
    }
  });

  it("answer queries: echo and timestamp, as far as sysctls let them; no other", async () => {
    for (const all of ["0", "1"]) {
      for (const broadcasts of ["0", "1"]) {
        const on = await duel({
          router: {
            sysctls: { "net.ipv4.icmp_echo_ignore_all": all, "net.ipv4.icmp_echo_ignore_broadcasts": broadcasts },
          },
        });
        for (const dst of ["10.0.0.1", "10.0.1.1", "10.0.0.255", "255.255.255.255", "224.0.0.1"]) {
          for (const [icmpType, length] of [
            [8, 20],
            [13, 12],
            [13, 2],
            [15, 0],
            [17, 4],
            [42, 8],
          ]) {
            await on.agree({ ...packet, dst, proto: "icmp", icmpType: icmpType ?? 8, length: length ?? 0, tos: 0x10 });
          }
        }
      }
    }
  });
});
