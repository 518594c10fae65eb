import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { ROUTER_ROUTES, routerLab } from "../harness/router-lab.ts";
import { ROUTER_ROUTES6, routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** `all` and the device that packets come in by. */
const VALUES = [
  ["0", "0"],
  ["1", "0"],
  ["0", "1"],
  ["1", "1"],
] as const;

const FRAMES = ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01"];

/** ip_rcv_finish_core() and ip6_rcv_core(). */
describe.skipIf(!available).each([4, 6] as const)("packets of IPv%i for one, in frames for many", (family) => {
  const six = family === 6;
  const [src, dst] = six ? ["fd00:a::2", "fd00:b::2"] : ["10.0.0.2", "10.0.1.2"];
  const [own, another] = six ? ["fd00:a::1", "fd00:b::1"] : ["10.0.0.1", "10.0.1.1"];
  const nowhere = six
    ? ["fd00:1::1", "fd00:1:1::1", "fd00:1:2::1", "fd00:77::1"]
    : ["10.1.0.1", "10.1.1.1", "10.1.2.1", "10.77.0.1"];
  const many = six ? ["ff02::1", "ff00::1"] : ["224.0.0.1", "224.1.2.3", "255.255.255.255", "10.0.0.255", "10.0.1.255"];
  const martian = six ? ["::1", "ff02::5"] : ["127.0.0.1", "224.0.0.5", "255.255.255.255", "10.0.0.1"];
  const udp: ProbePacket = { host: "R", interface: "in0", src, dst, proto: "udp", sport: 4000, dport: 80 };
  const rules = table("raw", ["-A PREROUTING -m pkttype --pkt-type broadcast", "-A PREROUTING -p udp"]);

  const echo: ProbePacket = {
    host: "R",
    interface: "in0",
    src,
    dst,
    proto: six ? "icmpv6" : "icmp",
    icmpType: six ? 128 : 8,
  };
  const kinds: readonly ProbePacket[] = [
    udp,
    { ...udp, ttl: 1 },
    { ...udp, proto: "tcp", flags: "S" },
    { ...udp, badChecksum: true },
    { ...udp, badChecksum: true, length: 200 },
    { ...udp, proto: "tcp", flags: "S", badChecksum: true },
    echo,
    { ...echo, badChecksum: true },
    ...(six ? [] : [{ ...echo, icmpType: 13, length: 12 }]),
  ];

  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const duelOf = (sysctls: Readonly<Record<string, string>>, text = rules): Promise<Duel> => {
    const routes = six ? ROUTER_ROUTES6 : ROUTER_ROUTES;
    const options = { router: { routes, sysctls, rulesets: [{ family, text }] } };
    return Duel.of(oracle, six ? routerLab6(options) : routerLab(options), ["A", "B", "C"]);
  };
  const conf = (device: string): string => `net.ipv${family}.conf.${device}.drop_unicast_in_l2_multicast`;

  it.each(VALUES)(
    "are dropped where drop_unicast_in_l2_multicast says so: all %s, the device %s",
    async (all, own0) => {
      const duel = await duelOf({ [conf("all")]: all, [conf("in0")]: own0 });
      const drops = own0 === "1" || (!six && all === "1");
      for (const dmac of FRAMES) {
        for (const to of [dst, own, another, ...nowhere]) {
          for (const packet of kinds) {
            const { kernel } = await duel.agree({ ...packet, dmac, dst: to });
            expect(kernel.reason === "UNICAST_IN_L2_MULTICAST").toBe(drops);
          }
        }
        for (const to of many) {
          const { kernel } = await duel.agree({ ...udp, dmac, dst: to });
          expect(kernel.reason).not.toBe("UNICAST_IN_L2_MULTICAST");
        }
        for (const from of martian) await duel.agree({ ...udp, dmac, src: from });
      }
      for (const to of [dst, own, ...nowhere, ...many]) await duel.agree({ ...udp, dst: to });
    },
  );

  it("are told from others before NAT in IPv6, behind it in IPv4", async () => {
    const [other, group] = six ? ["[fd00:b::2]:80", "ff02::1"] : ["10.0.1.2:80", "224.0.0.1"];
    const text = table("nat", [`-A PREROUTING -p udp -m udp --dport 81 -j DNAT --to-destination ${other}`]);
    const duel = await duelOf({ [conf("in0")]: "1" }, text);
    for (const dmac of FRAMES) {
      for (const to of [dst, own, group]) await duel.agree({ ...udp, dmac, dst: to, dport: 81 });
    }
  });

  it("are rejected by rules as others are, but without ICMP errors", async () => {
    const answers = six ? ["icmp6-port-unreachable", "tcp-reset"] : ["icmp-port-unreachable", "tcp-reset"];
    for (const [index, proto] of ["udp", "tcp"].entries()) {
      const text = table("filter", [`-A INPUT -p ${proto} -j REJECT --reject-with ${answers[index]}`]);
      const duel = await duelOf({}, text);
      for (const dmac of [undefined, ...FRAMES]) {
        for (const to of [own, another, ...many]) {
          const packet: ProbePacket = { ...udp, ...(dmac === undefined ? {} : { dmac }), dst: to };
          await duel.agree(proto === "udp" ? packet : { ...packet, proto, flags: "S" });
        }
      }
    }
  });

  it("count as this host's from -m cluster on, where the frame is for a group", async () => {
    const half = "--cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 7";
    const marked = "-A PREROUTING -m mark --mark 1 -m cluster";
    const types = ["PREROUTING", "FORWARD", "INPUT"].map((chain) => `-A ${chain} -m pkttype --pkt-type unicast`);
    const text =
      table("raw", [
        `-A PREROUTING -p tcp -m cluster ${half}`,
        "-A PREROUTING -p udp -m udp --dport 80 -j MARK --set-mark 1",
      ]) + table("mangle", [`${marked} ${half} -m udp -p udp --dport 99`, ...types]);
    const duel = await duelOf({ [conf("in0")]: "1" }, text);
    let passed = 0;
    for (const dmac of FRAMES) {
      for (const to of [dst, own, ...nowhere, ...many]) {
        for (const packet of [udp, { ...udp, dport: 81 }, { ...udp, ttl: 1 }, { ...udp, proto: "tcp", flags: "S" }]) {
          const { kernel } = await duel.agree({ ...packet, dmac, dst: to });
          if (kernel.outcome === "delivered") passed++;
        }
      }
    }
    expect(passed).toBeGreaterThan(0);
  });

  if (six) return;
  it("and broadcasts that bc_forwarding lets on are none of them", async () => {
    const duel = await duelOf({
      [conf("all")]: "1",
      "net.ipv4.conf.all.bc_forwarding": "1",
      "net.ipv4.conf.in0.bc_forwarding": "1",
    });
    for (const dmac of [undefined, ...FRAMES]) {
      for (const to of many) await duel.agree({ ...udp, ...(dmac === undefined ? {} : { dmac }), dst: to });
    }
  });
});
