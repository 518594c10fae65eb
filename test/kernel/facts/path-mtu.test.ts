import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab, LabHost } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const ALL = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"].map((chain) => `:${chain} ACCEPT [0:0]\n`).join("");

/** A - R1 - R2 - B: the link between R2 and B takes 600 bytes, and B owns more than one address. */
function narrowLab(hosts: Partial<Record<"A" | "R1" | "R2" | "B", Partial<LabHost>>> = {}, mtu = 600): Lab {
  const quiet = { "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.send_redirects": "0" };
  const host = (name: "A" | "R1" | "R2" | "B", spec: Omit<LabHost, "name">): LabHost => ({
    name,
    ...spec,
    ...hosts[name],
    sysctls: { ...(name.startsWith("R") ? quiet : {}), ...hosts[name]?.sysctls },
  });
  return {
    hosts: [
      host("A", { interfaces: [{ name: "eth0", addresses: ["10.0.0.2/24"] }], routes: ["default via 10.0.0.1"] }),
      host("R1", {
        interfaces: [
          { name: "in0", addresses: ["10.0.0.1/24"] },
          { name: "out0", addresses: ["10.0.1.1/24"] },
        ],
        routes: ["default via 10.0.1.2"],
      }),
      host("R2", {
        interfaces: [
          { name: "in0", addresses: ["10.0.1.2/24"] },
          { name: "out0", addresses: ["10.0.2.1/24"], mtu },
        ],
        routes: ["default via 10.0.1.1"],
      }),
      host("B", {
        interfaces: [{ name: "eth0", addresses: ["10.0.2.2/24", "10.0.2.3/24"], mtu }],
        routes: ["default via 10.0.2.1"],
      }),
    ],
    links: [
      ["A:eth0", "R1:in0"],
      ["R1:out0", "R2:in0"],
      ["R2:out0", "B:eth0"],
    ],
    staticNeighbours: true,
  };
}

describe.skipIf(!available)("path MTU, as the kernel learns it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const duel = (hosts: Parameters<typeof narrowLab>[0] = {}, mtu = 600): Promise<Duel> =>
    Duel.of(oracle, narrowLab(hosts, mtu));

  const own: ProbePacket = {
    host: "A",
    raw: true,
    src: "10.0.0.2",
    dst: "10.0.2.2",
    proto: "udp",
    sport: 4000,
    dport: 80,
    fresh: false,
  };
  const passing: ProbePacket = { ...own, host: "R1", interface: "in0", raw: false };
  const long = { length: 1300 };

  it("is told by the router before the narrow link, and a DF packet that is too long then fails at once", async () => {
    const on = await duel();
    const first = await on.agree({ ...own, ...long, df: true, fresh: true });
    expect(first.kernel.responses[0]?.packet).toMatchObject({ icmpType: 3, icmpCode: 4, mtu: 600, src: "10.0.1.2" });
    expect((await on.agree({ ...own, ...long, df: true })).kernel.errno).toBe("EMSGSIZE");
    expect((await on.agree({ ...own, length: 572, df: true })).kernel.outcome).toBe("delivered");
    expect((await on.agree({ ...own, length: 573, df: true })).kernel.errno).toBe("EMSGSIZE");
    const cut = await on.agree({ ...own, ...long });
    expect(cut.kernel.hops.filter(({ host, direction }) => host === "A" && direction === "out")).toHaveLength(3);
  });

  it("holds for one destination", async () => {
    const on = await duel();
    await on.agree({ ...own, ...long, df: true, fresh: true });
    expect((await on.agree({ ...own, ...long, df: true, dst: "10.0.2.3" })).kernel.errno).toBeNull();
    expect((await on.agree({ ...own, ...long, df: true, dst: "10.0.2.3" })).kernel.errno).toBe("EMSGSIZE");
  });

  it("does not matter to forwarded packets, but with ip_forward_use_pmtu", async () => {
    for (const use of ["0", "1"]) {
      const on = await duel({ R1: { sysctls: { "net.ipv4.ip_forward_use_pmtu": use } } });
      await on.agree({ ...own, host: "R1", src: "10.0.1.1", ...long, df: true, fresh: true });
      const { kernel } = await on.agree({ ...passing, ...long, df: true });
      expect(kernel.responses[0]?.packet.src).toBe(use === "1" ? "10.0.0.1" : "10.0.1.2");
      await on.agree({ ...passing, ...long });
    }
  });

  it("below min_pmtu is raised to it, and forwarding obeys it", async () => {
    const on = await duel({}, 300);
    await on.agree({ ...own, host: "R1", src: "10.0.1.1", ...long, df: true, fresh: true });
    expect((await on.agree({ ...passing, ...long, df: true })).kernel.responses[0]?.packet).toMatchObject({ mtu: 552 });
    await on.agree({ ...passing, ...long });
    await on.agree({ ...own, host: "R1", src: "10.0.1.1", length: 400, df: true });
    await on.agree({ ...own, host: "R1", src: "10.0.1.1", length: 600, df: true });
  });

  it("goes by ip_no_pmtu_disc", async () => {
    for (const mode of ["0", "1", "2", "3"]) {
      for (const proto of ["udp", "tcp", "icmp"]) {
        const on = await duel({ A: { sysctls: { "net.ipv4.ip_no_pmtu_disc": mode } } });
        await on.agree({ ...own, proto, ...long, df: true, fresh: true });
        await on.agree({ ...own, proto, ...long, df: true });
        await on.agree({ ...own, proto, length: 540, df: true });
        await on.agree({ ...own, proto, length: 560 });
      }
    }
  });

  it("goes by the route's own mtu before the device's", async () => {
    const on = await duel({ R1: { routes: ["default via 10.0.1.2 mtu 900"] } });
    const { kernel } = await on.agree({ ...passing, ...long, df: true, fresh: true });
    expect(kernel.responses[0]?.packet).toMatchObject({ mtu: 900, src: "10.0.0.1" });
    await on.agree({ ...passing, ...long });
    await on.agree({ ...own, host: "R1", src: "10.0.1.1", ...long, df: true });
    await on.agree({ ...own, host: "R1", src: "10.0.1.1", ...long });
  });

  it("is never learnt where ICMP is filtered: a black hole", async () => {
    const on = await duel({
      R1: { rulesets: [{ text: "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p icmp -j DROP\nCOMMIT\n" }] },
    });
    for (let i = 0; i < 3; i++) {
      const { kernel } = await on.agree({ ...own, ...long, df: true, fresh: i === 0 });
      expect(kernel).toMatchObject({ outcome: "rejected", errno: null, reason: "PKT_TOO_BIG" });
      expect(kernel.responses[0]?.deliveredTo).toBeNull();
    }
  });

  it("reaches the sender behind masquerading, with what it quotes translated back", async () => {
    const nat = `*nat\n${ALL}-A POSTROUTING -o out0 -j MASQUERADE\nCOMMIT\n`;
    const on = await duel({ R1: { rulesets: [{ text: nat }] } });
    const { kernel } = await on.agree({ ...own, ...long, df: true, fresh: true });
    expect(kernel.responses[0]?.deliveredTo).toBe("A");
    expect((await on.agree({ ...own, ...long, df: true })).kernel.errno).toBe("EMSGSIZE");
    await on.agree({ ...own, ...long });
  });

  it("reaches the sender behind a translated destination", async () => {
    const nat = `*nat\n${ALL}-A PREROUTING -d 10.9.9.9/32 -p udp -j DNAT --to-destination 10.0.2.2\nCOMMIT\n`;
    const on = await duel({ R1: { rulesets: [{ text: nat }] } });
    const to = { ...own, dst: "10.9.9.9" };
    const { kernel } = await on.agree({ ...to, ...long, df: true, fresh: true });
    expect(kernel.responses[0]?.packet.inner?.dst).toBe("10.0.2.2");
    expect((await on.agree({ ...to, ...long, df: true })).kernel.errno).toBe("EMSGSIZE");
  });

  it("of a link is what its ends say; a veth loses what is longer by more than a VLAN tag", async () => {
    const on = await duel({
      R2: {
        interfaces: [
          { name: "in0", addresses: ["10.0.1.2/24"] },
          { name: "out0", addresses: ["10.0.2.1/24"], mtu: 1000 },
        ],
      },
    });
    for (const length of [572, 573, 575, 576, 577, 578, 700, 972]) {
      await on.agree({ ...passing, length, df: true, fresh: true });
      await on.agree({ ...passing, length, fresh: true });
    }
  });
});
