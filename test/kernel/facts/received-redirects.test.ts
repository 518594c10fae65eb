import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab, LabHost } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

type Name = "A" | "R1" | "R2" | "R3" | "B";

/**
 * A, R1, R2 and R3 on one link; B behind R2 and R3. A sends all to R1, which sends on to R2, which redirects to nobody; B answers by R2.
 * B has three addresses.
 */
function lan(hosts: Partial<Record<Name, Partial<LabHost>>> = {}, staticNeighbours = true): Lab {
  const host = (name: Name, spec: Omit<LabHost, "name">): LabHost => ({
    name,
    ...spec,
    ...hosts[name],
    sysctls: { ...(name.startsWith("R") ? ROUTER : HOST), ...hosts[name]?.sysctls },
  });
  return {
    hosts: [
      host("A", {
        interfaces: [{ name: "eth0", addresses: ["10.0.0.2/24", "fd00::2/64", "fe80::2/64"] }],
        routes: ["default via 10.0.0.1", "-6 default via fe80::1 dev eth0"],
      }),
      host("R1", {
        interfaces: [{ name: "in0", addresses: ["10.0.0.1/24", "10.0.0.11/24", "fd00::1/64", "fe80::1/64"] }],
        routes: ["default via 10.0.0.3", "-6 default via fe80::3 dev in0"],
      }),
      host("R2", {
        interfaces: [
          { name: "in0", addresses: ["10.0.0.3/24", "fd00::3/64", "fe80::3/64"] },
          { name: "out0", addresses: ["10.0.2.1/24", "fd02::1/64"] },
        ],
      }),
      host("R3", {
        interfaces: [
          { name: "in0", addresses: ["10.0.0.4/24", "fd00::4/64", "fe80::4/64"] },
          { name: "out0", addresses: ["10.0.2.4/24", "fd02::4/64"] },
        ],
      }),
      host("B", {
        interfaces: [
          {
            name: "eth0",
            addresses: ["10.0.2.2/24", "10.0.2.3/24", "10.0.2.5/24", "fd02::2/64", "fd02::3/64", "fd02::5/64"],
          },
        ],
        routes: ["default via 10.0.2.1", "-6 default via fd02::1"],
      }),
    ],
    links: [],
    segments: [
      { name: "lan", members: ["A:eth0", "R1:in0", "R2:in0", "R3:in0"] },
      { name: "far", members: ["B:eth0", "R2:out0", "R3:out0"] },
    ],
    staticNeighbours,
  };
}

/** Forwarding comes first: to switch it changes accept_redirects of all (inet_forward_change()). */
const HOST = {
  "net.ipv4.ip_forward": "0",
  "net.ipv4.conf.all.accept_redirects": "1",
  "net.ipv4.conf.default.accept_redirects": "1",
  "net.ipv6.conf.all.accept_redirects": "1",
  "net.ipv6.conf.default.accept_redirects": "1",
};
const ROUTER = { "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1" };

const four: ProbePacket = {
  host: "A",
  src: "10.0.0.2",
  dst: "10.0.2.2",
  proto: "udp",
  sport: 4000,
  dport: 80,
  raw: true,
  fresh: false,
};
const echo4: ProbePacket = {
  host: "A",
  src: "10.0.0.2",
  dst: "10.0.2.2",
  proto: "icmp",
  icmpType: 8,
  raw: true,
  fresh: false,
};
const echo6: ProbePacket = { ...echo4, src: "fd00::2", dst: "fd02::2", proto: "icmpv6", icmpType: 128 };
const six: ProbePacket = { ...four, src: "fd00::2", dst: "fd02::2" };

const FAR4 = ["10.0.2.2", "10.0.2.3"];
const FAR6 = ["fd02::2", "fd02::3"];

/** Milliseconds after which a router sends another redirect, and a third and a fourth (ip_rt_send_redirect()). */
const AGAIN = 200;

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** The machines that the packet went through. */
function through({ kernel }: Round): string {
  const seen = kernel.hops.filter(({ direction }) => direction === "in").map(({ host }) => host);
  return [...new Set(seen)].join(" ");
}

describe.skipIf(!available)("ICMP redirects that a host receives, as the kernel follows them", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  /** The time between two packets decides whether a router sends a second redirect: the clock of both sides runs. */
  const duel = async (hosts: Parameters<typeof lan>[0] = {}, staticNeighbours = true): Promise<Duel> => {
    const on = await Duel.of(oracle, lan(hosts, staticNeighbours));
    on.clockRuns = true;
    return on;
  };

  /** Where the packet goes so many times in a row. */
  const ways = async (on: Duel, packet: ProbePacket, times: number): Promise<readonly string[]> => {
    const seen: string[] = [];
    for (let i = 0; i < times; i++) {
      if (i > 0) await pause(AGAIN);
      seen.push(through(await on.agree({ ...packet, fresh: i === 0 })));
    }
    return seen;
  };

  it("are followed from the second packet on, for that destination alone", async () => {
    for (const packet of [four, echo4]) {
      const on = await duel();
      expect(await ways(on, packet, 3)).toEqual(["R1 R2 B", "R2 B", "R2 B"]);
      expect(through(await on.agree({ ...four, sport: 4001, dport: 81 }))).toBe("R2 B");
      expect(through(await on.agree({ ...four, proto: "tcp", flags: "S" }))).toBe("R2 B");
      expect(through(await on.agree({ ...four, dst: "10.0.2.3" }))).toBe("R1 R2 B");
    }
  });

  it("of IPv6 are followed where the packet was one of ICMPv6", async () => {
    const on = await duel();
    expect(await ways(on, echo6, 3)).toEqual(["R1 R2 B", "R2 B", "R2 B"]);
    expect(through(await on.agree(six))).toBe("R2 B");
    expect(through(await on.agree({ ...six, dst: "fd02::3" }))).toBe("R1 R2 B");
  });

  it("are followed only once the new gateway's MAC address is known, which the first of IPv4 asks for", async () => {
    const on = await duel({}, false);
    expect(through(await on.agree({ ...four, fresh: true }))).toBe("R1 R2 B");
    await pause(100);
    expect(through(await on.agree(four))).toBe("R1 R2 B");
    expect(through(await on.agree(four))).toBe("R2 B");
    const off = await duel({}, false);
    const first = (way: string): string => way.slice(0, 2);
    expect((await ways(off, echo6, 2)).map(first)).toEqual(["R1", "R2"]);
  });

  it("in IPv6 are not heard by datagram sockets that are bound to no device, nor by raw ones", async () => {
    expect(await ways(await duel(), six, 3)).toEqual(["R1 R2 B", "R1 R2 B", "R1 R2 B"]);
    expect(await ways(await duel(), { ...six, bindInterface: "eth0" }, 3)).toEqual(["R1 R2 B", "R1 R2 B", "R1 R2 B"]);
  });

  it("teach the kernel's own echo replies the way", async () => {
    // B asks by R3; A answers by R1.
    const back = { B: { routes: ["default via 10.0.2.4", "-6 default via fd02::4"] } };
    for (const [src, dst, proto, icmpType] of [
      ["10.0.2.2", "10.0.0.2", "icmp", 8],
      ["fd02::2", "fd00::2", "icmpv6", 128],
    ] as const) {
      const on = await duel(back);
      const asked = { host: "B", src, dst, proto, icmpType, raw: true, fresh: false };
      const answers: string[] = [];
      for (let i = 0; i < 3; i++) {
        const { kernel } = await on.agree({ ...asked, fresh: i === 0 });
        const reply = kernel.responses.find(({ packet }) => packet.icmpType === (proto === "icmp" ? 0 : 129));
        answers.push(
          [...new Set((reply?.hops ?? []).filter(({ direction }) => direction === "in").map(({ host }) => host))].join(
            " ",
          ),
        );
      }
      expect(answers).toEqual(["R1 R2 B", "R2 B", "R2 B"]);
    }
  });

  it("go by accept_redirects of all and the device: one of them where the host does not forward, both where it does", async () => {
    for (const forward of ["0", "1"]) {
      for (const all of ["0", "1"]) {
        for (const own of ["0", "1"]) {
          const sysctls = {
            "net.ipv4.ip_forward": forward,
            "net.ipv4.conf.all.accept_redirects": all,
            "net.ipv4.conf.eth0.accept_redirects": own,
          };
          const follows = forward === "1" ? all === "1" && own === "1" : all === "1" || own === "1";
          expect(await ways(await duel({ A: { sysctls } }), four, 3), JSON.stringify(sysctls)).toEqual(
            follows ? ["R1 R2 B", "R2 B", "R2 B"] : ["R1 R2 B", "R1 R2 B", "R1 R2 B"],
          );
        }
      }
    }
  });

  it("of IPv6 go by accept_redirects of the device, which is no router", async () => {
    for (const forward of ["0", "1"]) {
      for (const own of ["0", "1"]) {
        const sysctls = {
          "net.ipv6.conf.all.forwarding": forward,
          "net.ipv6.conf.all.accept_redirects": own === "0" ? "1" : "0",
          "net.ipv6.conf.eth0.accept_redirects": own,
        };
        expect(await ways(await duel({ A: { sysctls } }), echo6, 2), JSON.stringify(sysctls)).toEqual(
          forward === "0" && own === "1" ? ["R1 R2 B", "R2 B"] : ["R1 R2 B", "R1 R2 B"],
        );
      }
    }
  });

  it("without shared_media name only a gateway of the same subnet, with secure_redirects one that a route has", async () => {
    const other = "10.5.0.0/16 via 10.0.0.3";
    for (const [shared, secure, routes] of [
      ["1", "1", []],
      ["0", "1", []],
      ["0", "0", []],
      ["0", "1", [other]],
    ] as const) {
      const sysctls = {
        "net.ipv4.conf.all.shared_media": shared,
        "net.ipv4.conf.eth0.shared_media": shared,
        "net.ipv4.conf.all.secure_redirects": secure,
        "net.ipv4.conf.eth0.secure_redirects": secure,
      };
      const on = await duel({ A: { sysctls, routes: ["default via 10.0.0.1", ...routes] } });
      const follows = shared === "1" || secure === "0" || routes.length > 0;
      expect(await ways(on, four, 2), JSON.stringify(sysctls)).toEqual(["R1 R2 B", follows ? "R2 B" : "R1 R2 B"]);
    }
  });

  it("name a gateway of another subnet of the link, which shared_media lets them", async () => {
    // A and R1 share 10.0.0.0/24, R1 and R2 also 10.6.0.0/24.
    for (const shared of ["1", "0"]) {
      const on = await duel({
        A: {
          sysctls: {
            "net.ipv4.conf.all.shared_media": shared,
            "net.ipv4.conf.eth0.shared_media": shared,
            "net.ipv4.conf.all.secure_redirects": "0",
            "net.ipv4.conf.eth0.secure_redirects": "0",
          },
        },
        R1: {
          interfaces: [{ name: "in0", addresses: ["10.0.0.1/24", "10.6.0.1/24"] }],
          routes: ["default via 10.6.0.3"],
        },
        R2: {
          interfaces: [
            { name: "in0", addresses: ["10.0.0.3/24", "10.6.0.3/24"] },
            { name: "out0", addresses: ["10.0.2.1/24"] },
          ],
        },
      });
      expect(await ways(on, four, 2), shared).toEqual(["R1 R2 B", shared === "1" ? "R2 B" : "R1 R2 B"]);
    }
  });

  it("from another address than the gateway's are not followed", async () => {
    const on = await duel({ A: { routes: ["default via 10.0.0.11", "-6 default via fd00::1"] } });
    expect(await ways(on, four, 3)).toEqual(["R1 R2 B", "R1 R2 B", "R1 R2 B"]);
    expect(await ways(on, echo6, 3)).toEqual(["R1 R2 B", "R1 R2 B", "R1 R2 B"]);
  });

  it("are not followed where rules of INPUT stop them", async () => {
    const stops = [
      {
        text: "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p icmp -m icmp --icmp-type redirect -j DROP\nCOMMIT\n",
      },
      {
        family: 6,
        text: "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type redirect -j DROP\nCOMMIT\n",
      },
    ] as const;
    const tracked = [
      {
        text: "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n",
      },
    ] as const;
    expect(await ways(await duel({ A: { rulesets: stops } }), four, 3)).toEqual(["R1 R2 B", "R1 R2 B", "R1 R2 B"]);
    expect(await ways(await duel({ A: { rulesets: stops } }), echo6, 3)).toEqual(["R1 R2 B", "R1 R2 B", "R1 R2 B"]);
    expect(await ways(await duel({ A: { rulesets: tracked } }), four, 3)).toEqual(["R1 R2 B", "R2 B", "R2 B"]);
  });

  it("are not followed behind NAT, which cannot translate them", async () => {
    const nat = [
      {
        text: "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j SNAT --to-source 10.0.0.22\nCOMMIT\n",
      },
    ];
    const on = await duel({
      A: {
        rulesets: nat,
        interfaces: [{ name: "eth0", addresses: ["10.0.0.2/24", "10.0.0.22/24"] }],
        routes: ["default via 10.0.0.1"],
      },
    });
    expect(await ways(on, four, 3)).toEqual(["R1 R2 B", "R1 R2 B", "R1 R2 B"]);
  });

  it("are followed one after the other: each by the gateway that an earlier one named", async () => {
    // R1 sends on to R2, R2 to R3: the first packet is redirected twice.
    const on = await duel({
      R2: {
        interfaces: [{ name: "in0", addresses: ["10.0.0.3/24", "fd00::3/64", "fe80::3/64"] }, { name: "out0" }],
        routes: ["default via 10.0.0.4", "-6 default via fe80::4 dev in0"],
      },
      B: { routes: ["default via 10.0.2.4", "-6 default via fd02::4"] },
    });
    expect(await ways(on, four, 3)).toEqual(["R1 R2 R3 B", "R3 B", "R3 B"]);
    expect(await ways(on, echo6, 3)).toEqual(["R1 R2 R3 B", "R3 B", "R3 B"]);
  });

  it("name the destination itself where it is on the link", async () => {
    // A takes B for far, R1 has it on the link.
    const on = await duel({
      A: { interfaces: [{ name: "eth0", addresses: ["10.0.0.2/30", "fd00::2/126", "fe80::2/64"] }] },
    });
    const near4 = { ...four, dst: "10.0.0.4" };
    const near6 = { ...echo6, dst: "fd00::4" };
    expect(await ways(on, near4, 3)).toEqual(["R1 R3", "R3", "R3"]);
    expect(await ways(on, near6, 3)).toEqual(["R1 R3", "R3", "R3"]);
  });

  it("of IPv6 are not followed by a route with an mtu", async () => {
    const on = await duel({
      A: { routes: ["default via 10.0.0.1 mtu 1400", "-6 default via fe80::1 dev eth0 mtu 1400"] },
    });
    expect(await ways(on, four, 2)).toEqual(["R1 R2 B", "R2 B"]);
    expect(await ways(on, echo6, 2)).toEqual(["R1 R2 B", "R1 R2 B"]);
  });

  it("are followed by what a host forwards, too", async () => {
    // B's packets to 10.9.0.0/16 go over R2, which is redirected about what it sends itself: by R1 to R3, by R3 to A.
    const sysctls = { ...ROUTER, "net.ipv4.conf.all.accept_redirects": "1", "net.ipv4.conf.in0.accept_redirects": "1" };
    const on = await duel({
      A: { interfaces: [{ name: "eth0", addresses: ["10.0.0.2/24", "10.9.0.2/16"] }] },
      R1: { routes: ["10.9.0.0/16 via 10.0.0.4"] },
      R2: { sysctls, routes: ["10.9.0.0/16 via 10.0.0.1"] },
      R3: { routes: ["10.9.0.0/16 via 10.0.0.2"] },
    });
    const passing = { ...four, host: "B", src: "10.0.2.2", dst: "10.9.0.2" };
    expect(through(await on.agree({ ...passing, fresh: true }))).toBe("R2 R1 R3 A");
    expect(through(await on.agree({ ...four, host: "R2", src: "10.0.0.3", dst: "10.9.0.2" }))).toBe("R1 R3 A");
    expect(through(await on.agree(passing))).toBe("R2 A");
  });

  it("stand beside a path MTU, which IPv6 forgets when it is redirected", async () => {
    const narrow = 1300;
    const notLong = [
      {
        family: 6,
        text: "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type redirect -m length --length 500:65535 -j DROP\nCOMMIT\n",
      },
    ] as const;
    const hosts = {
      R2: {
        interfaces: [
          { name: "in0", addresses: ["10.0.0.3/24", "fd00::3/64", "fe80::3/64"] },
          { name: "out0", addresses: ["10.0.2.1/24", "fd02::1/64"], mtu: narrow },
        ],
      },
    };
    for (const packet of [four, echo6]) {
      const on = await duel(hosts);
      await on.agree({ ...packet, length: 1400, df: true, fresh: true });
      expect((await on.agree({ ...packet, length: 1400, df: true })).kernel.errno).toBe("EMSGSIZE");
      expect(through(await on.agree(packet))).toBe("R2 B");
    }
    const on = await duel({ ...hosts, A: { rulesets: notLong } });
    await on.agree({ ...echo6, length: 1400, df: true, fresh: true });
    expect((await on.agree({ ...echo6, length: 1400, df: true })).kernel.errno).toBe("EMSGSIZE");
    expect(through(await on.agree(echo6))).toBe("R1 R2 B");
    expect(through(await on.agree({ ...echo6, length: 1400, df: true }))).toBe("R2");
    expect((await on.agree({ ...echo6, length: 1400, df: true })).kernel.errno).toBe("EMSGSIZE");
    expect(through(await on.agree(echo6))).toBe("R2 B");
  });

  it("go by the way that the socket would take, whatever mark the packet has", async () => {
    const hosts = {
      A: {
        routes: [
          "default via 10.0.0.4",
          "default via 10.0.0.1 table 100",
          "-6 default via fe80::4 dev eth0",
          "-6 default via fe80::1 dev eth0 table 100",
        ],
        rules: ["fwmark 1 lookup 100 pref 1000", "-6 fwmark 1 lookup 100 pref 1000"],
      },
    };
    const on = await duel(hosts);
    expect(await ways(on, { ...four, mark: 1 }, 3)).toEqual(["R1 R2 B", "R1 R2 B", "R1 R2 B"]);
    expect(await ways(on, { ...echo6, mark: 1 }, 3)).toEqual(["R1 R2 B", "R1 R2 B", "R1 R2 B"]);
    const by = {
      A: { ...hosts.A, rules: ["to 10.0.2.0/24 lookup 100 pref 1000", "-6 to fd02::/64 lookup 100 pref 1000"] },
    };
    const to = await duel(by);
    expect(await ways(to, four, 3)).toEqual(["R1 R2 B", "R2 B", "R2 B"]);
    expect(await ways(to, echo6, 3)).toEqual(["R1 R2 B", "R2 B", "R2 B"]);
  });

  it("stand for the one of several next hops that the flow takes, or one by the hash of the redirect", async () => {
    for (const policy of ["0", "1"]) {
      const on = (): Promise<Duel> =>
        duel({
          A: {
            sysctls: { "net.ipv4.fib_multipath_hash_policy": policy, "net.ipv6.fib_multipath_hash_policy": policy },
            routes: [
              "default nexthop via 10.0.0.4 dev eth0 nexthop via 10.0.0.1 dev eth0",
              "-6 default nexthop via fe80::4 dev eth0 nexthop via fe80::1 dev eth0",
            ],
          },
        });
      for (const packet of [four, echo6]) {
        for (const dst of packet === echo6 ? FAR6 : FAR4) await ways(await on(), { ...packet, dst }, 2);
      }
    }
  });

  it("of IPv6 are forgotten by the garbage collection, whether they are used or not", async () => {
    const on = await duel({ A: { sysctls: { "net.ipv6.route.gc_interval": "3" } } });
    expect(through(await on.agree({ ...echo6, fresh: true }))).toBe("R1 R2 B");
    // Within one interval it is followed, after one it may be gone, after two it is.
    await on.agree(echo6);
    await pause(4500);
    await on.agree({ ...echo6, dst: "fd02::3" });
    await pause(3500);
    expect(through(await on.agree(echo6))).toBe("R1 R2 B");
  });
});
