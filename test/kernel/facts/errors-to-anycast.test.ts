import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { ROUTER_ROUTES6, routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** The first addresses of prefixes on R's links: those of its own subnets, which are its own as well where it forwards, and another's. */
const OWN = ["fd00:a::", "fd00:c::"];
const ON_LINK = "fd00:55::";

/** icmpv6_route_lookup() (net/ipv6/icmp.c) */
describe.skipIf(!available).each(["0", "1"])("errors of ICMPv6 with error_anycast_as_unicast %s", (value) => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const udp: ProbePacket = { host: "R", interface: "in0", dst: "fd00:b::2", proto: "udp", sport: 4000, dport: 80 };
  const text = table("filter", ["-A FORWARD -p tcp -j REJECT", "-A INPUT -p tcp -j REJECT --reject-with tcp-reset"]);
  const duelOf = (forwarding: string): Promise<Duel> =>
    Duel.of(
      oracle,
      routerLab6({
        outMtu: 1300,
        router: {
          routes: [...ROUTER_ROUTES6, `-6 ${ON_LINK}/64 dev in0`, "-6 fd00:66::/64 via fd00:c::2"],
          neighbours: ["fd00:55::", "fd00:55::5", "fd00:a::", "fd00:a::2"].map((one) => `${one} in0 02:00:00:02:00:02`),
          rulesets: [{ family: 6, text }],
          sysctls: {
            "net.ipv6.conf.all.forwarding": forwarding,
            "net.ipv6.icmp.error_anycast_as_unicast": value,
            "net.ipv6.icmp.ratemask": "",
          },
        },
      }),
      ["A", "B", "C"],
    );
  /** What is about each of R's errors. */
  const causes: readonly ProbePacket[] = [
    { ttl: 1 },
    { length: 1400 },
    { proto: "tcp", flags: "S" },
    { dst: "fd00:77::1" },
    { dst: "fd00:1:1::1" },
    { dst: "fd00:1:2::1" },
    { dst: "fd00:a::1" },
    { dst: "fd00:a::" },
    { dst: "fd00:b::" },
    { dst: "fd00:b::", proto: "tcp", flags: "S" },
  ];

  it.each(["0", "1"])(
    "go to an anycast address where it lets them, and to others anyhow: forwarding %s",
    async (forwarding) => {
      const duel = await duelOf(forwarding);
      let answered = 0;
      for (const src of ["fd00:a::2", "fd00:55::5", "fd00:66::", ...OWN, ON_LINK]) {
        for (const cause of causes) {
          const { kernel } = await duel.agree({ ...udp, src, ...cause });
          if (src === ON_LINK) answered += kernel.responses.length;
        }
      }
      // The rest are resets.
      expect(answered > 2).toBe(value === "1");
    },
  );

  it("go from the anycast address that the packet was for, whatever it says", async () => {
    const duel = await duelOf("1");
    const { kernel } = await duel.agree({ ...udp, src: "fd00:a::2", dst: "fd00:b::" });
    expect(kernel.responses[0]?.hops[0]?.packet.src).toBe("fd00:b::");
  });
});
