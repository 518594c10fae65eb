import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { ROUTER_ROUTES, routerLab } from "../harness/router-lab.ts";
import { ROUTER_ROUTES6, routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const PROTOS: readonly Partial<ProbePacket>[] = [
  { proto: "udp", sport: 4000, dport: 80 },
  { proto: "tcp", flags: "S", sport: 4000, dport: 80, length: 0 },
];

const RULES = [
  ...["--src-type", "--dst-type"].flatMap((side) =>
    ["ANYCAST", "LOCAL", "UNICAST"].map((type) => `-A PREROUTING -m addrtype ${side} ${type}`),
  ),
  ...["", "--loose", "--accept-local"].map((option) => `-A PREROUTING -m rpfilter ${option}`),
];

/** fib_props[RTN_ANYCAST] (net/ipv4/fib_semantics.c): a scope and no more. What is sent goes to the link, what arrives is martian. */
describe.skipIf(!available)("routes of type anycast in IPv4", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const OUT = ["10.0.1.2", "10.7.7.7", "10.7.7.8", "10.7.9.1"];

  function duelOf(sysctls: Readonly<Record<string, string>>, staticNeighbours = true): Promise<Duel> {
    const lab = routerLab({
      staticNeighbours,
      router: {
        routes: [
          ...ROUTER_ROUTES,
          "anycast 10.7.7.7 dev out0",
          "anycast 10.7.7.8 dev in0 table main",
          "anycast 10.7.9.0/24 dev out0 src 10.0.2.1",
        ],
        ...(staticNeighbours
          ? {
              neighbours: [
                "10.7.7.7 out0 02:00:00:03:00:02",
                "10.7.7.8 in0 02:00:00:02:00:02",
                "10.7.9.1 out0 02:00:00:03:00:02",
              ],
            }
          : {}),
        rulesets: [{ family: 4, text: table("mangle", [...RULES, "-A FORWARD", "-A INPUT", "-A OUTPUT"]) }],
        sysctls,
      },
    });
    return Duel.of(oracle, lab, ["A", "B", "C"], true);
  }

  it.each(["0", "1"])("lead out what the host sends, and take in nothing: forwarding %s", async (forwarding) => {
    const ends = new Set<string>();
    for (const filter of ["0", "1", "2"]) {
      const duel = await duelOf({ "net.ipv4.ip_forward": forwarding, "net.ipv4.conf.all.rp_filter": filter });
      for (const proto of PROTOS) {
        for (const dst of OUT) {
          const sent = await duel.agree({ host: "R", src: "10.0.0.1", dst, ...proto });
          ends.add(`sent ${sent.kernel.outcome}`);
          const arrived = await duel.agree({ host: "R", interface: "in0", src: "10.0.0.2", dst, ...proto });
          ends.add(`arrived ${arrived.kernel.outcome}`);
        }
        for (const src of OUT) {
          for (const dst of ["10.0.0.1", "10.0.1.2"]) {
            await duel.agree({ host: "R", interface: "in0", src, dst, ...proto });
          }
        }
      }
    }
    for (const end of ["sent delivered", "arrived dropped"]) expect(ends).toContain(end);
  });

  it("ask on their link for who has the address", async () => {
    const duel = await duelOf({}, false);
    for (const dst of OUT) await duel.agree({ host: "R", src: "10.0.0.1", dst, ...PROTOS[0] });
  });
});

/** ip6_rt_init_dst(), ip6_rt_get_dev_rcu() (net/ipv6/route.c): RTF_ANYCAST, which leads to lo, only the kernel's own have. */
describe.skipIf(!available)("routes of type anycast in IPv6", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const OUT = [
    "fd00:b::2",
    "fd00:77::1",
    "fd00:77::2",
    "fd00:78::",
    "fd00:78::1",
    "fd00:79::",
    "fd00:79::5",
    "fd00:a::",
    "fd00:b::",
  ];

  function duelOf(sysctls: Readonly<Record<string, string>>, staticNeighbours = true): Promise<Duel> {
    const lab = routerLab6({
      staticNeighbours,
      router: {
        routes: [
          ...ROUTER_ROUTES6,
          "-6 anycast fd00:77::1 dev out0 table local",
          "-6 anycast fd00:77::2 dev in0",
          "-6 anycast fd00:78::/64 dev out0 table local",
          "-6 anycast fd00:79::/64 via fd00:b::2",
        ],
        ...(staticNeighbours
          ? {
              neighbours: [
                ...["fd00:77::1", "fd00:78::1", "fd00:78::"].map((one) => `${one} out0 02:00:00:03:00:02`),
                "fd00:77::2 in0 02:00:00:02:00:02",
              ],
            }
          : {}),
        rulesets: [{ family: 6, text: `${table("mangle", [...RULES, "-A FORWARD", "-A INPUT", "-A OUTPUT"])}` }],
        sysctls: { "net.ipv6.icmp.ratemask": "", ...sysctls },
      },
    });
    return Duel.of(oracle, lab, ["A", "B", "C"], true);
  }

  it.each(["0", "1"])("take in what arrives and lead out what the host sends: forwarding %s", async (forwarding) => {
    const ends = new Set<string>();
    const duel = await duelOf({ "net.ipv6.conf.all.forwarding": forwarding });
    for (const proto of [...PROTOS, { proto: "icmpv6", icmpType: 128, icmpId: 3, icmpSeq: 1 } as const]) {
      for (const dst of OUT) {
        const sent = await duel.agree({ host: "R", src: "fd00:a::1", dst, ...proto });
        ends.add(`sent ${sent.kernel.outcome}`);
        const arrived = await duel.agree({ host: "R", interface: "in0", src: "fd00:a::2", dst, ...proto });
        ends.add(`arrived ${arrived.kernel.outcome}`);
      }
      for (const src of OUT) {
        for (const dst of ["fd00:a::1", "fd00:b::2", "fd00:1:1::1"]) {
          await duel.agree({ host: "R", interface: "in0", src, dst, ...proto });
        }
      }
    }
    for (const end of ["sent delivered", "arrived delivered"]) expect(ends).toContain(end);
  });

  it("ask on their link for who has the address", async () => {
    const duel = await duelOf({}, false);
    for (const dst of OUT) await duel.agree({ host: "R", src: "fd00:a::1", dst, ...PROTOS[0] });
  });

  it.each(["OUTPUT", "PREROUTING"])("lead copies by TEE to their link, and changed marks: %s", async (chain) => {
    for (const gateway of ["fd00:77::1", "fd00:77::2", "fd00:a::"]) {
      const lab = routerLab6({
        router: {
          routes: [...ROUTER_ROUTES6, "-6 anycast fd00:77::1 dev out0 table local", "-6 anycast fd00:77::2 dev in0"],
          neighbours: ["fd00:77::1 out0 02:00:00:03:00:02", "fd00:77::2 in0 02:00:00:02:00:02"],
          rulesets: [
            {
              family: 6,
              text: table("mangle", [`-A ${chain} -j TEE --gateway ${gateway}`, "-A OUTPUT -j MARK --set-mark 1"]),
            },
          ],
        },
      });
      const duel = await Duel.of(oracle, lab, ["A", "B", "C"], true);
      for (const proto of PROTOS) {
        for (const dst of ["fd00:b::2", "fd00:77::1"]) {
          await duel.agree({ host: "R", src: "fd00:a::1", dst, ...proto });
          await duel.agree({ host: "R", interface: "in0", src: "fd00:a::2", dst, ...proto });
        }
      }
    }
  });
});
