import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { ROUTER_ROUTES6, routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** What a fresh namespace has, but ten times the pause, which is 100 ms there. */
const LIMITED = {
  "net.ipv6.icmp.ratemask": "0-1,3-127",
  "net.ipv6.icmp.ratelimit": "1000",
  "net.ipv4.icmp_msgs_burst": "50",
  "net.ipv4.icmp_msgs_per_sec": "1000",
};

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

describe.skipIf(!available)("ICMPv6 rate limits, as the kernel keeps them", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const duel = async (sysctls: Readonly<Record<string, string>> = {}): Promise<Duel> => {
    const hosts = Array.from({ length: 8 }, (_, index) => `-6 fd00:77::${index + 1}/128 via fd00:a::2`);
    const lab = routerLab6({
      outMtu: 1400,
      router: {
        sysctls: { ...LIMITED, ...sysctls },
        routes: [...ROUTER_ROUTES6, ...hosts, "-6 fd00:78::/64 via fd00:a::2", "-6 fd00:7a::/64 via fe80::a dev in0"],
      },
    });
    const on = await Duel.of(oracle, lab, ["A", "B", "C"]);
    on.clockRuns = true;
    return on;
  };

  const expired: ProbePacket = { dst: "fd00:b::2", ttl: 1 };
  const closed: ProbePacket = { dst: "fd00:a::1", dport: 9 };
  const noRoute: ProbePacket = { dst: "fd00:50::1" };
  const tooBig: ProbePacket = { dst: "fd00:b::2", length: 1380 };

  /** Sends so many packets from one source, and tells which were answered. */
  async function burst(on: Duel, src: string, count: number, packet: ProbePacket): Promise<readonly string[]> {
    const answers: string[] = [];
    for (let i = 0; i < count; i++) {
      const { kernel } = await on.agree({
        host: "R",
        interface: "in0",
        src,
        proto: "udp",
        sport: 1,
        fresh: false,
        ...packet,
      });
      answers.push(kernel.responses.map(({ packet: it }) => `${it.icmpType}/${it.icmpCode}`).join() || "-");
    }
    return answers;
  }

  it("send six errors to one address at once, of whatever type", async () => {
    const on = await duel();
    // The first packet of a laboratory takes a while.
    await burst(on, "fd00:77::8", 1, expired);
    expect(await burst(on, "fd00:77::1", 8, expired)).toEqual([..."123456"].map(() => "3/0").concat("-", "-"));
    expect((await burst(on, "fd00:77::2", 8, closed)).filter((word) => word === "1/4")).toHaveLength(6);
    expect((await burst(on, "fd00:77::3", 8, noRoute)).filter((word) => word === "1/0")).toHaveLength(6);
    const mixed = (await burst(on, "fd00:77::4", 3, expired)).concat(await burst(on, "fd00:77::4", 5, closed));
    expect(mixed).toEqual(["3/0", "3/0", "3/0", "1/4", "1/4", "1/4", "-", "-"]);
  });

  it("never limit packet too big", async () => {
    const on = await duel();
    expect(await burst(on, "fd00:77::1", 9, tooBig)).toEqual(Array.from({ length: 9 }, () => "2/0"));
  });

  it.each(["fd00:77::1", "fd00:78::1", "fd00:a::12"])(
    "let one more go each second, however wide the route to %s is",
    async (source) => {
      const on = await duel();
      await burst(on, source, 9, expired);
      await sleep(1.2);
      expect(await burst(on, source, 2, expired)).toEqual(["3/0", "-"]);
    },
  );

  it("are off where ratelimit is 0", async () => {
    const on = await duel({ "net.ipv6.icmp.ratelimit": "0" });
    expect(await burst(on, "fd00:78::1", 9, expired)).toEqual(Array.from({ length: 9 }, () => "3/0"));
  });

  it("let six redirects go at once to one source, and as many about one destination", async () => {
    const on = await duel({ "net.ipv6.icmp.ratemask": "" });
    const sent = async (src: string, dst: string): Promise<string> => (await burst(on, src, 1, { dst })).join();
    await sent("fd00:a::1f", "fd00:7a::1f");
    const one: string[] = [];
    for (let i = 1; i <= 7; i++) one.push(await sent("fd00:a::11", `fd00:7a::${i}`));
    expect(one).toEqual([..."123456"].map(() => "137/0").concat("-"));
    const other: string[] = [];
    for (let i = 2; i <= 8; i++) other.push(await sent(`fd00:a::1${i}`, "fd00:7a::99"));
    expect(other).toEqual([..."123456"].map(() => "137/0").concat("-"));
  });

  it("limit only the types that the mask names, and nothing where it is empty", async () => {
    const on = await duel({ "net.ipv6.icmp.ratemask": "1,129" });
    const echo: ProbePacket = { dst: "fd00:a::1", proto: "icmpv6", icmpType: 128 };
    expect((await burst(on, "fd00:77::3", 8, echo)).filter((word) => word === "129/0")).toHaveLength(6);
    expect(await burst(on, "fd00:77::1", 8, expired)).toEqual(Array.from({ length: 8 }, () => "3/0"));
    expect((await burst(on, "fd00:77::2", 8, closed)).filter((word) => word === "1/4")).toHaveLength(6);
  });
});
