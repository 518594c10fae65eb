import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
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
const TCP: ProbePacket = { ...UDP, proto: "tcp" };
const PING: ProbePacket = { host: "R", interface: "in0", src: "fd00:a::2", dst: "fd00:b::2", proto: "icmpv6" };

const CHAINS = {
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
} as const;

describe.skipIf(!available)("ip6tables, as the kernel runs it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function duelOf(
    backend: "legacy" | "nft",
    table: keyof typeof CHAINS,
    ...rules: readonly string[]
  ): Promise<Duel> {
    const lines = [`*${table}`, ...CHAINS[table].map((name) => `:${name} ACCEPT [0:0]`), ...rules, "COMMIT", ""];
    const rulesets = [{ family: 6 as const, backend, text: lines.join("\n") }];
    return Duel.of(oracle, routerLab6({ router: { rulesets } }), MUTE);
  }

  const KINDS = [
    ["icmp6-no-route", 0],
    ["icmp6-adm-prohibited", 1],
    ["icmp6-addr-unreachable", 3],
    ["icmp6-port-unreachable", 4],
    ["icmp6-policy-fail", 5],
    ["icmp6-reject-route", 6],
  ] as const;
  it.each(KINDS)("rejects with %s", async (how, code) => {
    for (const backend of ["legacy", "nft"] as const) {
      // iptables-nft 1.8.9 does not know it.
      if (backend === "nft" && code === 6) continue;
      const duel = await duelOf(backend, "filter", `-A FORWARD -j REJECT --reject-with ${how}`);
      expect(told(await duel.agree(UDP))).toBe(`rejected NETFILTER_DROP; 1/${code} fd00:a::1 > fd00:a::2`);
      expect(told(await duel.agree({ ...PING, icmpType: 129 }))).toBe(
        `rejected NETFILTER_DROP; 1/${code} fd00:a::1 > fd00:a::2`,
      );
    }
  });

  it("rejects what is for the host from the address that was asked", async () => {
    const duel = await duelOf("legacy", "filter", "-A INPUT -j REJECT");
    expect(told(await duel.agree({ ...UDP, dst: "fd00:b::1" }))).toBe(
      "rejected NETFILTER_DROP; 1/4 fd00:b::1 > fd00:a::2",
    );
    expect(told(await duel.agree({ ...UDP, dst: "fd00:b::" }))).toBe(
      "rejected NETFILTER_DROP; 1/4 fd00:b:: > fd00:a::2",
    );
    expect(told(await duel.agree({ ...UDP, dst: "ff02::1" }))).toBe("rejected NETFILTER_DROP");
    expect(told(await duel.agree({ ...UDP, src: "::", dst: "fd00:a::1" }))).toBe("rejected NETFILTER_DROP");
  });

  it("resets a connection between unicast addresses only, and answers no reset", async () => {
    const duel = await duelOf("legacy", "filter", "-A INPUT -p tcp -j REJECT --reject-with tcp-reset");
    const own = { ...TCP, dst: "fd00:a::1" };
    expect(told(await duel.agree(own))).toBe("rejected NETFILTER_DROP; tcp-reset fd00:a::1 > fd00:a::2");
    expect(told(await duel.agree({ ...own, flags: "R" }))).toBe("rejected NETFILTER_DROP");
    expect(told(await duel.agree({ ...own, dst: "ff02::1" }))).toBe("rejected NETFILTER_DROP");
    expect(told(await duel.agree({ ...own, src: "fe80::a", dst: "fe80::1" }))).toBe(
      "rejected NETFILTER_DROP; tcp-reset fe80::1 > fe80::a",
    );
  });

  it("tells a local sender EPERM, and itself why", async () => {
    const duel = await duelOf("legacy", "filter", "-A OUTPUT -p udp -j REJECT");
    const sent: ProbePacket = { host: "R", dst: "fd00:b::2", proto: "udp", sport: 1000, dport: 2000 };
    expect(told(await duel.agree(sent))).toBe("rejected EPERM; 1/4 fd00:b::1 > fd00:b::1");
  });

  it.each(["legacy", "nft"] as const)("translates there and back, %s", async (backend) => {
    const duel = await duelOf(
      backend,
      "nat",
      "-A PREROUTING -p tcp -j DNAT --to-destination [fd00:c::2]:8080",
      "-A POSTROUTING -p tcp -j SNAT --to-source fd00:77::9",
      "-A POSTROUTING -p udp -j MASQUERADE",
      "-A POSTROUTING -p ipv6-icmp -j NETMAP --to fd00:77::/64",
    );
    const there = await duel.agree({ ...TCP, id: "t" });
    expect(there.kernel.delivered?.packet).toMatchObject({ src: "fd00:77::9", dst: "fd00:c::2", dport: 8080 });
    await duel.agree({ replyTo: "t" });
    expect((await duel.agree({ ...UDP, id: "u" })).kernel.delivered?.packet.src).toBe("fd00:b::1");
    expect((await duel.agree({ replyTo: "u" })).kernel.delivered?.packet.dst).toBe("fd00:a::2");
    expect((await duel.agree({ ...PING, id: "p" })).kernel.delivered?.packet.src).toBe("fd00:77::2");
    expect((await duel.agree({ replyTo: "p" })).kernel.delivered?.packet.dst).toBe("fd00:a::2");
  });

  it("redirects to the incoming interface's first address, to a link-local one only what was sent to one", async () => {
    const duel = await duelOf("legacy", "nat", "-A PREROUTING -j REDIRECT", "-A OUTPUT -j REDIRECT");
    expect((await duel.agree(UDP)).kernel.delivered?.packet.dst).toBe("fd00:a::1");
    expect((await duel.agree({ ...UDP, src: "fe80::a", dst: "fe80::b" })).kernel.delivered?.packet.dst).toBe("fe80::1");
    for (const [group, to] of [
      ["ff02::5", "fe80::1"],
      ["ff05::5", undefined],
      ["ff08::5", "fd00:a::1"],
      ["ff0e::5", "fd00:a::1"],
    ] as const) {
      expect((await duel.agree({ ...UDP, dst: group })).kernel.delivered?.packet.dst).toBe(to);
    }
    const sent: ProbePacket = { host: "R", dst: "fd00:b::2", proto: "udp", sport: 1000, dport: 2000 };
    expect((await duel.agree(sent)).kernel.delivered?.packet.dst).toBe("::1");
  });

  it("tracks queries, but neither housekeeping nor redirects", async () => {
    const states = ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"];
    const rules = states.map((state) => `-A PREROUTING -m conntrack --ctstate ${state} -j MARK --set-mark 1`);
    const duel = await duelOf("legacy", "mangle", ...rules);
    const stateOf = async (packet: ProbePacket): Promise<string | undefined> => {
      const first = (await duel.agree(packet)).kernel.rules[0];
      return states[(first?.index ?? 0) - 1];
    };
    for (const icmpType of [128, 139]) expect(await stateOf({ ...PING, icmpType })).toBe("NEW");
    for (const icmpType of [129, 140, 144, 200]) expect(await stateOf({ ...PING, icmpType })).toBe("INVALID");
    for (const icmpType of [130, 131, 132, 143]) expect(await stateOf({ ...PING, icmpType })).toBe("UNTRACKED");
    await duel.agree({ ...UDP, id: "u" });
    const error: ProbePacket = { ...PING, interface: "out0", src: "fd00:b::2", dst: "fd00:a::2", fresh: false };
    const quoted = { src: "fd00:a::2", dst: "fd00:b::2", proto: "udp", sport: 1000, dport: 2000, ttl: 63 };
    expect(await stateOf({ ...error, icmpType: 1, icmpCode: 4, icmpInner: quoted })).toBe("RELATED");
    expect(await stateOf({ ...error, icmpType: 1, icmpCode: 4, icmpInner: { ...quoted, sport: 9 } })).toBe("INVALID");
  });

  it("calls an address local to a device that has it, be it one of several", async () => {
    const duel = await duelOf(
      "legacy",
      "filter",
      "-A INPUT -m addrtype --dst-type LOCAL --limit-iface-in -j ACCEPT",
      "-A INPUT -j DROP",
    );
    for (const device of ["in0", "out0", "out1"]) {
      const given = { ...UDP, interface: device, src: "fe80::abc", dst: "fe80::1" };
      expect((await duel.agree(given)).kernel.delivered?.host).toBe("R");
    }
    expect(told(await duel.agree({ ...UDP, dst: "fd00:a::1" }))).toContain("delivered R");
    expect(told(await duel.agree({ ...UDP, dst: "fd00:b::1" }))).toBe("dropped NETFILTER_DROP");
    expect(told(await duel.agree({ ...UDP, dst: "fd00:a::" }))).toBe("dropped NETFILTER_DROP");
  });

  it("calls the first address of a prefix on a link anycast, and an anycast address of the device", async () => {
    const router = {
      routes: ["-6 fd00:b::20/124 dev out0", "-6 fd00:b::30/127 dev out0", "-6 fd00:9::40/124 via fd00:b::2"],
    };
    const tests = ["--src-type ANYCAST", "--src-type ANYCAST --limit-iface-in", "--src-type LOCAL,ANYCAST"];
    const lines = [
      ...tests.map((test) => `-A FORWARD -m addrtype ${test}`),
      "-A FORWARD -m addrtype ! --src-type ANYCAST",
    ];
    const rulesets = (["legacy", "nft"] as const).map((backend) => ({
      family: 6 as const,
      backend,
      text: ["*filter", ":FORWARD ACCEPT", ...lines, "COMMIT", ""].join("\n"),
    }));
    for (const ruleset of rulesets) {
      const duel = await Duel.of(oracle, routerLab6({ router: { ...router, rulesets: [ruleset] } }), MUTE);
      const matched = async (src: string): Promise<readonly number[]> =>
        (await duel.agree({ ...UDP, src })).kernel.rules
          .filter(({ chain, index }) => chain === "FORWARD" && index !== 0)
          .flatMap(({ index }) => index ?? []);
      expect(await matched("fd00:b::20"), "first of a prefix").toEqual([1, 3]);
      for (const src of ["fd00:b::21", "fd00:b::30", "fd00:9::40"]) expect(await matched(src), src).toEqual([4]);
      // The router's own anycast addresses.
      for (const src of ["fd00:b::", "fd00:a::"]) await matched(src);
    }
  });

  it("answers no source that is the first address of a prefix on a link", async () => {
    const router = {
      routes: ["-6 fd00:b::20/124 dev out0", "-6 fd00:b::30/127 dev out0", "-6 fd00:9::40/124 via fd00:b::2"],
    };
    const duel = await Duel.of(oracle, routerLab6({ router }), MUTE);
    const answered = async (src: string): Promise<boolean> =>
      (await duel.agree({ ...UDP, src, dst: "fd00:66::1" })).kernel.responses.length === 1;
    expect(await answered("fd00:b::20")).toBe(false);
    expect(await answered("fd00:9::40")).toBe(true);
    for (const src of ["fd00:a::12", "fd00:a::2"]) expect(await answered(src)).toBe(true);
  });

  it("spoils the sum that conntrack kept of a frame with a software checksum, which no pod's packet is", async () => {
    const text = ["*mangle", ":PREROUTING ACCEPT", "-A PREROUTING -j TOS --set-tos 0x08/0x18", "COMMIT", ""];
    const tracked = ["*filter", ":INPUT ACCEPT", "-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT", "COMMIT", ""];
    const fateOf = async (checked: "0" | "1", length: number): Promise<string> => {
      const router = {
        rulesets: [{ family: 6 as const, text: [...text, ...tracked].join("\n") }],
        sysctls: { "net.netfilter.nf_conntrack_checksum": checked },
      };
      const duel = await Duel.of(oracle, routerLab6({ router }), MUTE);
      const round = await duel.ask({ ...UDP, dst: "fd00:a::1", length });
      return `${round?.kernel.reason} ${round?.kernel.responses.length}`;
    };
    expect(await fateOf("1", 68)).toBe("NO_SOCKET 1");
    expect(await fateOf("1", 69)).toBe("UDP_CSUM 0");
    expect(await fateOf("0", 69)).toBe("NO_SOCKET 1");
  });
});
