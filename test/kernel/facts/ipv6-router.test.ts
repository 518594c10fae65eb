import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import type { RouterOptions } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";
import { told } from "../harness/told.ts";

const available = await kernelAvailable();
const MUTE = ["A", "B", "C"];

const UDP: ProbePacket = {
  host: "R",
  interface: "in0",
  src: "fd00:a::2",
  dst: "fd00:b::2",
  proto: "udp",
  sport: 1000,
  dport: 2000,
};
const PING: ProbePacket = { host: "R", interface: "in0", src: "fd00:a::2", dst: "fd00:b::2", proto: "icmpv6" };

type Fact = readonly [sentence: string, packet: ProbePacket, told: string];

describe.skipIf(!available)("an IPv6 router, as the kernel is one", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function ask(options: RouterOptions, packet: ProbePacket): Promise<string> {
    return told(await (await Duel.of(oracle, routerLab6(options), MUTE)).agree(packet));
  }

  const ROUTES: readonly Fact[] = [
    ["forwards", UDP, "delivered B"],
    ["takes the route of the longest prefix", { ...UDP, dst: "fd00:9::1" }, "delivered B"],
    ["says no route", { ...UDP, dst: "fd00:50::1" }, "rejected IP_INNOROUTES; 1/0 fd00:a::1 > fd00:a::2"],
    ["is silent about a blackhole", { ...UDP, dst: "fd00:1::1" }, "dropped NOT_SPECIFIED"],
    [
      "says no route of an unreachable route",
      { ...UDP, dst: "fd00:1:1::1" },
      "rejected IP_INNOROUTES; 1/0 fd00:a::1 > fd00:a::2",
    ],
    [
      "says prohibited of a prohibit route",
      { ...UDP, dst: "fd00:1:2::1" },
      "rejected IP_INNOROUTES; 1/1 fd00:a::1 > fd00:a::2",
    ],
    [
      "finds nothing behind a throw route",
      { ...UDP, dst: "fd00:1:3::1" },
      "rejected IP_INNOROUTES; 1/0 fd00:a::1 > fd00:a::2",
    ],
    [
      "answers what is for ::, with a reason of its own",
      { ...UDP, dst: "::" },
      "rejected IP_INADDRERRORS; 1/0 fd00:a::1 > fd00:a::2",
    ],
    ["ends a hop limit of 1", { ...UDP, ttl: 1 }, "rejected IP_INHDR; 3/0 fd00:a::1 > fd00:a::2"],
    ["ends a hop limit of 0", { ...UDP, ttl: 0 }, "rejected IP_INHDR; 3/0 fd00:a::1 > fd00:a::2"],
    ["forwards a hop limit of 2", { ...UDP, ttl: 2 }, "delivered B"],
    ["waits for a neighbour that nobody is", { ...UDP, dst: "fd00:b::77" }, "unresolved"],
    [
      "sends no error to a source without a route",
      { ...UDP, src: "fd00:77::1", dst: "fd00:50::1" },
      "rejected IP_INNOROUTES",
    ],
    [
      "sends no error about an error",
      { ...PING, icmpType: 1, dst: "fd00:50::1", icmpInner: { ...UDP, src: "fd00:50::1", dst: "fd00:a::2" } },
      "rejected IP_INNOROUTES",
    ],
    [
      "tells a neighbour of a shorter way, and forwards",
      { ...UDP, dst: "fd00:a::10" },
      "delivered A; 137/0 fe80::1 > fd00:a::2",
    ],
  ];
  it.each(ROUTES)("%s", async (_sentence, packet, expected) => {
    expect(await ask({}, packet)).toBe(expected);
  });

  const SCOPES: readonly Fact[] = [
    [
      "forwards no link-local source to another link",
      { ...UDP, src: "fe80::a" },
      "rejected IP_INADDRERRORS; 1/2 fe80::1 > fe80::a",
    ],
    ["but on the same link", { ...UDP, src: "fe80::a", dst: "fd00:a::10" }, "delivered A; 137/0 fe80::1 > fe80::a"],
    ["looks for a hop limit first", { ...UDP, src: "fe80::a", ttl: 1 }, "rejected IP_INHDR; 3/0 fe80::1 > fe80::a"],
    [
      "takes link-local packets for itself",
      { ...PING, src: "fe80::a", dst: "fe80::1" },
      "delivered R; echo-reply fe80::1 > fe80::a",
    ],
    [
      "answers a link-local source from another link's address",
      { ...PING, src: "fe80::a", dst: "fd00:b::1" },
      "delivered R; echo-reply fd00:b::1 > fe80::a",
    ],
    ["does not forward the unspecified source", { ...UDP, src: "::" }, "dropped IP_INADDRERRORS"],
    ["takes the unspecified source for itself", { ...UDP, src: "::", dst: "fd00:a::1" }, "delivered R"],
    ["refuses a multicast source", { ...UDP, src: "ff02::1" }, "dropped IP_INHDR"],
    ["refuses ::1 as a source from the wire", { ...UDP, src: "::1" }, "dropped IP_INHDR"],
    ["refuses ::1 as a destination from the wire", { ...UDP, dst: "::1" }, "dropped IP_INHDR"],
    ["does not mind its own addresses as sources", { ...UDP, src: "fd00:b::1" }, "delivered B"],
    ["forwards mapped addresses", { ...UDP, src: "::ffff:10.0.0.1" }, "delivered B"],
  ];
  it.each(SCOPES)("%s", async (_sentence, packet, expected) => {
    expect(await ask({}, packet)).toBe(expected);
  });

  const GROUPS: readonly Fact[] = [
    [
      "answers an echo to all nodes from its own address",
      { ...PING, dst: "ff02::1" },
      "delivered R; echo-reply fd00:a::1 > fd00:a::2",
    ],
    ["hears all routers, being one", { ...PING, dst: "ff02::2" }, "delivered R; echo-reply fd00:a::1 > fd00:a::2"],
    [
      "hears the group of its address",
      { ...PING, dst: "ff02::1:ff00:1" },
      "delivered R; echo-reply fd00:a::1 > fd00:a::2",
    ],
    ["hears no other group", { ...PING, dst: "ff02::5" }, "dropped NOT_SPECIFIED"],
    ["forwards no group", { ...PING, dst: "ff0e::1" }, "dropped NOT_SPECIFIED"],
    ["refuses groups of one interface", { ...PING, dst: "ff01::1" }, "dropped IP_INHDR"],
    ["refuses groups of no scope", { ...PING, dst: "ff00::1" }, "dropped IP_INHDR"],
    ["tells no sender to a group of a closed port", { ...UDP, dst: "ff02::1" }, "delivered R"],
    ["answers for the subnet", { ...PING, dst: "fd00:a::" }, "delivered R; echo-reply fd00:a::1 > fd00:a::2"],
    ["answers for its other subnet", { ...PING, dst: "fd00:b::" }, "delivered R; echo-reply fd00:a::1 > fd00:a::2"],
    [
      "tells of a closed port from the subnet's address",
      { ...UDP, dst: "fd00:b::" },
      "delivered R; 1/4 fd00:b:: > fd00:a::2",
    ],
    [
      "says which protocol nothing handles",
      { ...UDP, dst: "fd00:a::1", proto: 47, length: 8 },
      "delivered R; 4/1 mtu 6 fd00:a::1 > fd00:a::2",
    ],
  ];
  it.each(GROUPS)("%s", async (_sentence, packet, expected) => {
    expect(await ask({}, packet)).toBe(expected);
  });

  /** The sender's subnet is behind out0; R heard of it on in0. */
  const elsewhere = { ...PING, src: "fd00:b::16", dst: "ff02::1:ff00:1" };
  const behind = (routes: readonly string[], rules: readonly string[] = []): RouterOptions => ({
    router: { routes, rules },
  });
  const IN_TABLE = ["-6 default via fd00:a::2 dev in0 table 100"];
  const ANSWERS_TO_GROUPS: readonly (readonly [sentence: string, options: RouterOptions, told: string])[] = [
    ["answers a group over no other interface", behind([]), "delivered R"],
    ["nor because there are rules", behind([], ["-6 from fd00:a::1 pref 110 blackhole"]), "delivered R"],
    [
      "answers a group by a worse route of that interface",
      behind(["-6 default via fd00:a::2 dev in0"]),
      "delivered R; echo-reply fd00:a::1 > fd00:b::16",
    ],
    [
      "answers a group by a rule for the source that it chooses without a route, which is of any interface",
      behind(IN_TABLE, ["-6 from fd00:b::1 pref 110 lookup 100"]),
      "delivered R; echo-reply fd00:b::1 > fd00:b::16",
    ],
    [
      "does not answer by a rule for the source of that interface",
      behind(IN_TABLE, ["-6 from fd00:a::1 pref 110 lookup 100"]),
      "delivered R",
    ],
  ];
  it.each(ANSWERS_TO_GROUPS)("%s", async (_sentence, options, expected) => {
    expect(await ask(options, elsewhere)).toBe(expected);
  });

  const forwarding = (values: Readonly<Record<string, string>>): RouterOptions => ({
    router: {
      sysctls: Object.fromEntries(Object.entries(values).map(([key, value]) => [`net.ipv6.conf.${key}`, value])),
    },
  });

  it("forwards nothing without all.forwarding, but still says no route and prohibited", async () => {
    const off = forwarding({ "all.forwarding": "0" });
    expect(await ask(off, UDP)).toBe("dropped IP_INADDRERRORS");
    expect(await ask(off, { ...UDP, ttl: 1 })).toBe("dropped IP_INADDRERRORS");
    expect(await ask(off, { ...UDP, dst: "fd00:50::1" })).toBe("rejected IP_INNOROUTES; 1/0 fd00:a::1 > fd00:a::2");
    expect(await ask(off, { ...PING, dst: "ff02::2" })).toBe("dropped NOT_SPECIFIED");
    expect(await ask(off, { ...PING, dst: "fd00:a::" })).toBe("dropped IP_INADDRERRORS");
  });

  it("forwards with all.forwarding whatever the interface's own forwarding says", async () => {
    expect(await ask(forwarding({ "in0.forwarding": "0" }), UDP)).toBe("delivered B");
    expect(await ask(forwarding({ "in0.forwarding": "0" }), { ...PING, dst: "ff02::2" })).toBe("dropped NOT_SPECIFIED");
    const only = forwarding({ "all.forwarding": "0", "in0.forwarding": "1" });
    expect(await ask(only, UDP)).toBe("dropped IP_INADDRERRORS");
  });

  it("forwards what comes in by an interface with force_forwarding", async () => {
    const forced = forwarding({ "all.forwarding": "0", "in0.force_forwarding": "1" });
    expect(await ask(forced, UDP)).toBe("delivered B");
    expect(await ask(forced, { ...UDP, interface: "out0", src: "fd00:b::2", dst: "fd00:a::2" })).toBe(
      "dropped IP_INADDRERRORS",
    );
  });

  it("cuts nothing: packets longer than the link's MTU are answered", async () => {
    expect(await ask({ outMtu: 1280 }, { ...UDP, length: 1232 })).toBe("delivered B");
    expect(await ask({ outMtu: 1280 }, { ...UDP, length: 1233 })).toBe(
      "rejected PKT_TOO_BIG; 2/0 mtu 1280 fd00:a::1 > fd00:a::2",
    );
  });

  it("looks at the MTU of a route only behind POSTROUTING, and believes any", async () => {
    const routed = (mtu: number): RouterOptions => ({ router: { routes: [`-6 fd00:b::2 dev out0 mtu ${mtu}`] } });
    expect(await ask(routed(1280), { ...UDP, length: 1232 })).toBe("delivered B");
    expect(await ask(routed(1280), { ...UDP, length: 1233 })).toBe(
      "rejected NOT_SPECIFIED; 2/0 mtu 1280 fd00:a::1 > fd00:a::2",
    );
    expect(await ask(routed(1000), { ...UDP, length: 1000 })).toBe(
      "rejected NOT_SPECIFIED; 2/0 mtu 1000 fd00:a::1 > fd00:a::2",
    );
    const text =
      "*nat\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n";
    const masked = { router: { ...routed(1000).router, rulesets: [{ family: 6 as const, text }] } };
    expect(await ask(masked, { ...UDP, length: 1000 })).toBe(
      "rejected NOT_SPECIFIED; 2/0 mtu 1000 fd00:b::1 > fd00:a::2",
    );
  });
});
