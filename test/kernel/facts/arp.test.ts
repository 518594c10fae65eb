import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab, LabHost } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** R (10.0.0.1 on in0, 10.0.1.1 on out0) between A (10.0.0.2) and B (10.0.1.2); nobody knows a MAC address. */
function lab(router: Partial<LabHost> = {}, a: Partial<LabHost> = {}, b: Partial<LabHost> = {}): Lab {
  return {
    hosts: [
      {
        name: "R",
        interfaces: [
          { name: "in0", addresses: ["10.0.0.1/24"] },
          { name: "out0", addresses: ["10.0.1.1/24"] },
        ],
        ...router,
        sysctls: {
          "net.ipv4.ip_forward": "1",
          "net.ipv4.neigh.in0.proxy_delay": "0",
          "net.ipv4.neigh.out0.proxy_delay": "0",
          ...router.sysctls,
        },
      },
      { name: "A", interfaces: [{ name: "eth0", addresses: ["10.0.0.2/24"] }], routes: ["default via 10.0.0.1"], ...a },
      { name: "B", interfaces: [{ name: "eth0", addresses: ["10.0.1.2/24"] }], routes: ["default via 10.0.1.1"], ...b },
    ],
    links: [
      ["R:in0", "A:eth0"],
      ["R:out0", "B:eth0"],
    ],
    forget: true,
  };
}

const PING: ProbePacket = { host: "A", src: "10.0.0.2", dst: "10.0.1.2", proto: "icmp", icmpType: 8, length: 8 };
/** A asks for the MAC address of whatever it sends to. */
const ON_LINK = { routes: ["default dev eth0"] };

describe.skipIf(!available)("ARP, as the kernel does it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function ask(made: Lab, packet: ProbePacket = PING): Promise<Round> {
    return (await Duel.of(oracle, made)).agree(packet);
  }
  async function outcome(made: Lab, packet: ProbePacket = PING): Promise<string> {
    return (await ask(made, packet)).kernel.outcome;
  }
  const conf = (device: string, settings: Readonly<Record<string, string>>): Partial<LabHost> => ({
    sysctls: Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [`net.ipv4.conf.${device}.${key}`, value]),
    ),
  });

  it("asks for each next hop, and whoever is asked knows the asker from then on", async () => {
    expect(await outcome(lab())).toBe("delivered");
    // R never answers on in0, so that A cannot ask; R itself can, and B's answer comes back to A all the same.
    expect(await outcome(lab(conf("in0", { arp_ignore: "8" })))).toBe("unresolved");
    expect(await outcome(lab({}, conf("eth0", { arp_ignore: "8" })))).toBe("delivered");
    expect(
      await outcome(lab({}, conf("eth0", { arp_ignore: "8" })), {
        ...PING,
        host: "B",
        src: "10.0.1.2",
        dst: "10.0.0.2",
      }),
    ).toBe("unresolved");
  });

  it("answers for an address of another interface unless arp_ignore is 1 or 2", async () => {
    const to = { ...PING, dst: "10.0.1.1" };
    for (const [arp_ignore, expected] of [
      ["0", "delivered"],
      ["1", "unresolved"],
      ["2", "unresolved"],
      ["3", "delivered"],
      ["8", "unresolved"],
    ] as const) {
      expect(await outcome(lab(conf("in0", { arp_ignore }), ON_LINK), to)).toBe(expected);
    }
  });

  it("answers nobody of another subnet where arp_ignore is 2", async () => {
    const foreign = { ...ON_LINK, interfaces: [{ name: "eth0", addresses: ["10.77.0.2/24"] }] };
    const from = { ...PING, src: "10.77.0.2", dst: "10.0.0.1" };
    const back = { routes: ["10.77.0.0/24 dev in0"] };
    expect(await outcome(lab({ ...back, ...conf("in0", { arp_ignore: "2" }) }, foreign), from)).toBe("unresolved");
    expect(await outcome(lab({ ...back, ...conf("in0", { arp_ignore: "1" }) }, foreign), from)).toBe("delivered");
  });

  it("keeps addresses of host scope to itself where arp_ignore is 3", async () => {
    const interfaces = [
      { name: "lo", addresses: ["10.5.5.5/32"] },
      { name: "in0", addresses: ["10.0.0.1/24"] },
      { name: "out0", addresses: ["10.0.1.1/24"] },
    ];
    const to = { ...PING, dst: "10.5.5.5" };
    for (const arp_ignore of ["0", "1", "3"])
      await ask(lab({ interfaces, ...conf("in0", { arp_ignore }) }, ON_LINK), to);
  });

  it("stands in for others with proxy_arp: only where it forwards, and not back where the question came from", async () => {
    const on = (more: Partial<LabHost> = {}): Partial<LabHost> => ({
      ...more,
      sysctls: { "net.ipv4.conf.in0.proxy_arp": "1", ...more.sysctls },
    });
    expect(await outcome(lab({}, ON_LINK))).toBe("unresolved");
    expect(await outcome(lab(on(), ON_LINK))).toBe("delivered");
    expect(await outcome(lab(on({ sysctls: { "net.ipv4.conf.in0.forwarding": "0" } }), ON_LINK))).toBe("unresolved");
    expect(await outcome(lab(on(), ON_LINK), { ...PING, dst: "10.0.0.77" })).toBe("unresolved");
    expect(await outcome(lab(on(), ON_LINK), { ...PING, dst: "10.99.0.1" })).toBe("unresolved");
    await ask(lab(on({ routes: ["blackhole 10.99.0.0/16"] }), ON_LINK), { ...PING, dst: "10.99.0.1" });
    await ask(lab(on({ routes: ["default via 10.0.1.2"] }), ON_LINK), { ...PING, dst: "10.99.0.1" });
  });

  it("stands in with proxy_arp for nobody on the same medium, and for nobody where medium_id is -1", async () => {
    for (const [own, other, expected] of [
      ["0", "0", "delivered"],
      ["0", "-1", "delivered"],
      ["1", "0", "delivered"],
      ["1", "1", "unresolved"],
      ["1", "2", "delivered"],
      ["1", "-1", "unresolved"],
      ["-1", "0", "unresolved"],
      ["-1", "2", "unresolved"],
    ] as const) {
      const media = { "net.ipv4.conf.in0.medium_id": own, "net.ipv4.conf.out0.medium_id": other };
      const sysctls = { "net.ipv4.conf.in0.proxy_arp": "1", "net.ipv4.conf.all.medium_id": "3", ...media };
      expect(await outcome(lab({ sysctls }, ON_LINK)), `${own} and ${other}`).toBe(expected);
    }
  });

  it("stands in for others on the same link with proxy_arp_pvlan, which `all` switches on too", async () => {
    const to = { ...PING, dst: "10.0.0.77" };
    expect(await outcome(lab(conf("in0", { proxy_arp_pvlan: "1" }), {}), to)).not.toBe("delivered");
    await ask(lab(conf("all", { proxy_arp_pvlan: "1" }), {}), to);
    await ask(lab(conf("in0", { proxy_arp_pvlan: "1" }), ON_LINK));
  });

  it("announces the packet's own source, or one on the link, as arp_announce says", async () => {
    // R answers only those of its own subnet, so that what A announces decides.
    const router = { routes: ["10.66.0.0/24 dev in0"], ...conf("in0", { arp_ignore: "2" }) };
    const two = [{ name: "eth0", addresses: ["10.0.0.2/24", "10.66.0.2/24"] }];
    const from = { ...PING, src: "10.66.0.2", dst: "10.0.0.1" };
    for (const [arp_announce, expected] of [
      ["0", "unresolved"],
      ["1", "delivered"],
      ["2", "delivered"],
    ] as const) {
      expect(await outcome(lab(router, { interfaces: two, ...conf("eth0", { arp_announce }) }), from)).toBe(expected);
    }
  });

  it("answers no question whose asker rp_filter would refuse", async () => {
    const foreign = { ...ON_LINK, interfaces: [{ name: "eth0", addresses: ["10.77.0.2/24"] }] };
    const from = { ...PING, src: "10.77.0.2", dst: "10.0.0.1" };
    const strict = conf("in0", { rp_filter: "1" });
    expect(await outcome(lab({ ...strict, routes: ["10.77.0.0/24 via 10.0.1.2"] }, foreign), from)).toBe("unresolved");
    await ask(lab({ ...strict, routes: ["10.77.0.0/24 dev in0"] }, foreign), from);
  });

  it("answers with arp_filter only on the interface it would send by", async () => {
    const foreign = { ...ON_LINK, interfaces: [{ name: "eth0", addresses: ["10.77.0.2/24"] }] };
    const from = { ...PING, src: "10.77.0.2", dst: "10.0.0.1" };
    const filter = conf("in0", { arp_filter: "1" });
    expect(await outcome(lab({ ...filter, routes: ["10.77.0.0/24 via 10.0.1.2"] }, foreign), from)).toBe("unresolved");
    expect(await outcome(lab({ ...filter, routes: ["10.77.0.0/24 dev in0"] }, foreign), from)).toBe("delivered");
    await ask(lab({ ...filter, routes: ["10.77.0.0/24 dev in0"] }, foreign), { ...from, dst: "10.0.1.1" });
  });

  it("sends to a wrong permanent MAC address, where the frame is for nobody", async () => {
    const neighbours = ["10.0.0.1 eth0 02:99:99:99:99:99"];
    const round = await ask(lab({}, { neighbours }));
    expect(round.kernel.reason).toBe("OTHERHOST");
    expect(round.kernel.host).toBe("R");
  });

  it("asks nobody on a device without ARP, and sends to its own MAC address", async () => {
    const interfaces = [{ name: "eth0", addresses: ["10.0.0.2/24"], noArp: true }];
    expect((await ask(lab({}, { interfaces }))).kernel.reason).toBe("OTHERHOST");
  });

  it("gets no answer from a device without ARP", async () => {
    const interfaces = [
      { name: "in0", addresses: ["10.0.0.1/24"], noArp: true },
      { name: "out0", addresses: ["10.0.1.1/24"] },
    ];
    expect(await outcome(lab({ interfaces }))).toBe("unresolved");
  });

  it("tells the sender after three seconds, by ICMP if it is another machine", async () => {
    const both = await Duel.of(oracle, lab());
    await both.agree({ ...PING, dst: "10.0.1.77" });
    const said = await oracle.exec("A", ["ping", "-c1", "-W5", "10.0.1.78"]);
    expect(said.stdout).toContain("From 10.0.0.1 icmp_seq=1 Destination Host Unreachable");
    const own = await oracle.exec("A", ["ping", "-c1", "-W5", "10.0.0.78"]);
    expect(own.stdout).toContain("From 10.0.0.2 icmp_seq=1 Destination Host Unreachable");
  });

  it("sends nothing where the other end of the link is down", async () => {
    const interfaces = [
      { name: "in0", addresses: ["10.0.0.1/24"], up: false },
      { name: "out0", addresses: ["10.0.1.1/24"] },
    ];
    await ask(lab({ interfaces }));
    const neighbours = ["10.0.0.1 eth0 02:00:00:01:00:02"];
    expect((await ask(lab({ interfaces }, { neighbours }))).kernel.reason).toBe("QDISC_DROP");
  });

  it("loses a frame longer than what the receiver's MTU and a VLAN tag let in", async () => {
    const interfaces = [
      { name: "in0", addresses: ["10.0.0.1/24"], mtu: 1000 },
      { name: "out0", addresses: ["10.0.1.1/24"] },
    ];
    for (const length of [972, 976, 977, 1400]) {
      await ask(lab({ interfaces }), { ...PING, proto: "udp", sport: 4000, dport: 9, length });
    }
  });
});
