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

/** ipv6_chk_acast_addr_src() (net/ipv6/anycast.c) asks the devices, not the route. */
describe.skipIf(!available)("errors of ICMPv6 about what was for an anycast address", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const PEER = { address: "fd00:59::1 peer fd00:58::1/64", anycast: "fd00:59::", peers: "fd00:58::" };
  const ROUTED = "fd00:57::1";
  const text = (tee: string) => `${table("mangle", tee === "" ? [] : [`-A ${tee} -j TEE --gateway ::1`])}
${table("filter", ["-A FORWARD -j REJECT", "-A INPUT -p tcp -j REJECT", "-A OUTPUT ! -p icmpv6 -j REJECT"])}`;

  async function duelOf(tee: string, sysctls: Readonly<Record<string, string>>): Promise<Duel> {
    const lab = routerLab6({
      router: {
        interfaces: [
          { name: "in0", addresses: ["fd00:a::1/64", "fe80::1/64", PEER.address] },
          { name: "out0", addresses: ["fd00:b::1/64", "fe80::1/64"] },
          { name: "out1", addresses: ["fd00:c::1/127", "fe80::1/64"] },
        ],
        routes: [`-6 anycast ${ROUTED} dev in0 table local`],
        neighbours: ["fd00:a::2 in0 02:00:00:02:00:02"],
        rulesets: [{ family: 6, text: text(tee) }],
        sysctls: { "net.ipv6.icmp.ratemask": "", ...sysctls },
      },
    });
    return Duel.of(oracle, lab, ["A", "B", "C"], true);
  }

  const first: ProbePacket = {
    host: "R",
    interface: "in0",
    src: "fd00:a::2",
    dst: "",
    proto: "udp",
    sport: 4000,
    dport: 80,
  };
  const kinds: readonly ProbePacket[] = [
    first,
    { ...first, proto: "tcp", flags: "S" },
    { ...first, extensions: [{ header: "authentication", spi: 7 }] },
  ];
  const JOINED = ["fd00:a::", "fd00:b::", PEER.anycast, "fe80::"];
  const OTHERS = ["fd00:c::", PEER.peers, ROUTED];

  it.each(["", "PREROUTING", "INPUT"])(
    "go from it where a device has joined it, whatever the route is; TEE in %s",
    async (tee) => {
      for (const sysctls of [{}, { "net.ipv6.conf.out0.forwarding": "0" }, { "net.ipv6.conf.in0.forwarding": "0" }]) {
        const duel = await duelOf(tee, sysctls);
        const sourcesOf = async (destinations: readonly string[]): Promise<readonly (string | undefined)[]> => {
          const sources: (string | undefined)[] = [];
          for (const dst of destinations) {
            for (const packet of kinds) {
              sources.push((await duel.agree({ ...packet, dst })).kernel.responses[0]?.hops[0]?.packet.src);
            }
          }
          return sources;
        };
        const joined = await sourcesOf(JOINED);
        if (tee === "" && Object.keys(sysctls).length === 0) {
          expect(joined).toEqual(JOINED.flatMap((one) => kinds.map(() => one)));
        }
        expect(new Set(await sourcesOf(OTHERS))).toEqual(new Set(["fd00:a::1"]));
      }
    },
  );

  it("is found by its neighbours, also that of an address with a peer", async () => {
    const router = {
      interfaces: [
        { name: "in0", addresses: ["fd00:a::1/64", "fe80::1/64", PEER.address] },
        { name: "out0", addresses: ["fd00:b::1/64"] },
        { name: "out1", addresses: ["fd00:c::1/64"] },
      ],
      routes: [],
      sysctls: { "net.ipv6.neigh.in0.proxy_delay": "0" },
    };
    const A = { routes: ["-6 fd00:58::/31 dev eth0"] };
    const duel = await Duel.of(oracle, routerLab6({ staticNeighbours: false, router, hosts: { A } }), [], true);
    const outcomes: string[] = [];
    for (const dst of ["fd00:a::", PEER.anycast, PEER.peers, "fd00:59::7"]) {
      outcomes.push((await duel.agree({ host: "A", dst, proto: "udp", sport: 4000, dport: 80 })).kernel.outcome);
    }
    expect(outcomes).toEqual(["delivered", "delivered", "unresolved", "unresolved"]);
  });
});
