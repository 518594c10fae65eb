import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import type { RouterOptions } from "../harness/router-lab.ts";
import { ROUTER_ROUTES6, routerLab6 } from "../harness/router-lab-6.ts";
import { told } from "../harness/told.ts";

const available = await kernelAvailable();
const MUTE = ["A", "B", "C"];

const SENT: ProbePacket = { host: "R", dst: "fd00:b::2", proto: "udp", sport: 1000, dport: 2000 };

describe.skipIf(!available)("what an IPv6 host sends itself, as the kernel does it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const FATES: readonly (readonly [sentence: string, packet: ProbePacket, told: string])[] = [
    ["goes by its route", SENT, "delivered B"],
    ["fails without a route", { ...SENT, dst: "fd00:50::1" }, "dropped ENETUNREACH"],
    ["fails at a blackhole", { ...SENT, dst: "fd00:1::1" }, "dropped EINVAL"],
    ["fails at an unreachable route", { ...SENT, dst: "fd00:1:1::1" }, "dropped EHOSTUNREACH"],
    ["fails at a prohibit route", { ...SENT, dst: "fd00:1:2::1" }, "dropped EACCES"],
    ["finds nothing behind a throw route", { ...SENT, dst: "fd00:1:3::1" }, "dropped ENETUNREACH"],
    ["may leave with a hop limit of 1", { ...SENT, ttl: 1 }, "delivered B"],
    ["takes another interface's address if told to", { ...SENT, src: "fd00:c::1" }, "delivered B"],
    ["takes no link-local source without its interface", { ...SENT, src: "fe80::1" }, "dropped EINVAL"],
    ["takes a link-local source with one", { ...SENT, src: "fe80::1", bindInterface: "out0" }, "delivered B"],
    ["reaches a link-local neighbour over its link", { ...SENT, dst: "fe80::b", bindInterface: "out0" }, "delivered B"],
    [
      "finds nobody of that link-local address on another link",
      { ...SENT, dst: "fe80::b", bindInterface: "in0" },
      "unresolved",
    ],
    [
      "needs a route over the interface that its socket is bound to",
      { ...SENT, bindInterface: "in0" },
      "dropped ENETUNREACH",
    ],
    [
      "passes by a blackhole where its socket is bound elsewhere",
      { ...SENT, dst: "fd00:1::1", bindInterface: "out1" },
      "dropped ENETUNREACH",
    ],
    ["answers itself on ::1", { ...SENT, dst: "::1", proto: "icmpv6" }, "delivered R; echo-reply ::1 > ::1"],
    [
      "answers ::1 from the address that was asked",
      { ...SENT, src: "::1", dst: "fd00:a::1", proto: "icmpv6" },
      "delivered R; echo-reply fd00:a::1 > ::1",
    ],
    [
      "answers itself about an unknown protocol at a link-local address",
      { ...SENT, dst: "fe80::1", bindInterface: "in0", proto: 50, length: 8 },
      "delivered R; 4/1 mtu 6 fe80::1 > fe80::1",
    ],
  ];
  it.each(FATES)("%s", async (_sentence, packet, expected) => {
    const round = await (await Duel.of(oracle, routerLab6(), MUTE)).agree(packet);
    expect(told(round)).toBe(expected);
  });

  /** R with more addresses on out0, the newest last, and everything else beyond B. */
  const MANY: RouterOptions = {
    router: {
      interfaces: [
        { name: "in0", addresses: ["fd00:a::1/64", "fe80::1/64", "2001:db8:a::1/64"] },
        { name: "out0", addresses: ["fd00:b::1/64", "fe80::1/64", "2001:db8:b::1/64", "fd00:b:0:0:8000::1/64"] },
        { name: "out1", addresses: ["fd00:c::1/64", "fe80::1/64"] },
      ],
      routes: [...ROUTER_ROUTES6, "-6 default via fd00:b::2", "-6 fd00:70::/32 via fd00:b::2 src fd00:a::1"],
    },
  };
  const SOURCES: readonly (readonly [sentence: string, dst: string, source: string])[] = [
    ["of the destination's label (RFC 6724, rule 6)", "2001:db8:ff::1", "2001:db8:b::1"],
    ["of the destination's label also among unique local ones", "fd00:50::1", "fd00:b:0:0:8000::1"],
    ["that is newest where the subnet's bits do not tell (rule 8)", "fd00:b::2", "fd00:b:0:0:8000::1"],
    ["of the outgoing interface rather than of another (rule 5)", "2001:db8:a:1::1", "2001:db8:b::1"],
    ["that the route names", "fd00:70::1", "fd00:a::1"],
    ["that is the destination itself (rule 1)", "fd00:c::1", "fd00:c::1"],
  ];
  it.each(SOURCES)("takes the source address %s", async (_sentence, dst, source) => {
    const round = await (await Duel.of(oracle, routerLab6(MANY), MUTE)).agree({ ...SENT, dst, proto: "icmpv6" });
    const seen = round.kernel.hops[0]?.packet.src ?? round.kernel.delivered?.packet.src;
    expect(seen).toBe(source.replace("fd00:b:0:0:8000::1", "fd00:b::8000:0:0:1"));
  });

  it("looks up its route with the source that the socket is bound to", async () => {
    const options = { router: { routes: ROUTER_ROUTES6, rules: ["-6 from fd00:a::1 pref 10 table 100"] } };
    const duel = await Duel.of(oracle, routerLab6(options), MUTE);
    expect(told(await duel.agree({ ...SENT, src: "fd00:a::1", dst: "fd00:8::1" }))).toBe("delivered C");
    expect(told(await duel.agree({ ...SENT, src: "fd00:b::1", dst: "fd00:8::1" }))).toBe("dropped ENETUNREACH");
  });

  it("prefers for an echo reply the interface that the request came by, and rules may select by it", async () => {
    const options = { router: { rules: ["-6 oif in0 pref 10 prohibit"] } };
    const duel = await Duel.of(oracle, routerLab6(options), MUTE);
    const ping: ProbePacket = { host: "R", interface: "in0", src: "fd00:a::2", dst: "fd00:a::1", proto: "icmpv6" };
    expect(told(await duel.agree(ping))).toBe("delivered R");
  });
});
