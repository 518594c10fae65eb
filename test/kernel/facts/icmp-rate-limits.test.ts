import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { ROUTER_ROUTES, routerLab } from "../harness/router-lab.ts";

const available = await kernelAvailable();

/** What a fresh namespace has. */
const LIMITED = {
  "net.ipv4.icmp_ratemask": "6168",
  "net.ipv4.icmp_msgs_burst": "50",
  "net.ipv4.icmp_msgs_per_sec": "1000",
};

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

// On a busy machine a burst may take longer than the limit that it is to meet.
describe.skipIf(!available)("ICMP rate limits, as the kernel keeps them", { retry: 3 }, () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const duel = async (sysctls: Readonly<Record<string, string>> = {}): Promise<Duel> => {
    const lab = routerLab({
      redirects: true,
      router: { sysctls: { ...LIMITED, ...sysctls }, routes: [...ROUTER_ROUTES, "10.7.0.0/16 via 10.0.0.2"] },
    });
    const on = await Duel.of(oracle, lab, ["A", "B", "C"]);
    on.clockRuns = true;
    return on;
  };

  const expired: ProbePacket = { dst: "10.0.1.2", ttl: 1 };
  const closed: ProbePacket = { dst: "10.0.0.1", dport: 9 };
  const noRoute: ProbePacket = { dst: "10.5.0.1" };
  const unreachable: ProbePacket = { dst: "10.1.1.1" };
  const prohibited: ProbePacket = { dst: "10.1.2.1" };
  const redirected: ProbePacket = { dst: "10.7.0.1" };
  const tooBig: ProbePacket = { dst: "10.0.1.2", df: true, length: 1480 };

  /** Sends so many packets from one source, and tells which were answered. */
  async function burst(on: Duel, source: number, count: number, packet: ProbePacket): Promise<readonly string[]> {
    const answers: string[] = [];
    for (let i = 0; i < count; i++) {
      const { kernel } = await on.agree({
        host: "R",
        interface: "in0",
        src: `10.0.0.${source}`,
        proto: "udp",
        sport: 1,
        fresh: false,
        ...packet,
      });
      answers.push(kernel.responses.map(({ packet: it }) => `${it.icmpType}/${it.icmpCode}`).join() || "-");
    }
    return answers;
  }

  it("send six errors to one address at once", async () => {
    const on = await duel();
    // The first packet of a laboratory takes a while.
    await burst(on, 140, 1, expired);
    expect(await burst(on, 130, 8, expired)).toEqual([..."123456"].map(() => "11/0").concat("-", "-"));
    expect((await burst(on, 131, 8, closed)).filter((word) => word === "3/3")).toHaveLength(6);
    expect((await burst(on, 132, 3, expired)).concat(await burst(on, 132, 5, closed))).toEqual([
      "11/0",
      "11/0",
      "11/0",
      "3/3",
      "3/3",
      "3/3",
      "-",
      "-",
    ]);
  });

  it("pay errors of routes twice: for the route, and as an error", async () => {
    const on = await duel();
    expect(await burst(on, 130, 4, noRoute)).toEqual(["3/0", "3/0", "-", "-"]);
    expect(await burst(on, 131, 4, unreachable)).toEqual(["3/1", "3/1", "-", "-"]);
    expect(await burst(on, 132, 4, prohibited)).toEqual(["3/13", "3/13", "-", "-"]);
    expect(await burst(on, 130, 2, expired)).toEqual(["-", "-"]);
    expect(await burst(on, 133, 4, expired)).toEqual(["11/0", "11/0", "11/0", "11/0"]);
    expect(await burst(on, 133, 2, noRoute)).toEqual(["3/0", "-"]);
  });

  it("send five errors of routes where other errors are not limited", async () => {
    const on = await duel({ "net.ipv4.icmp_ratemask": "0" });
    expect(await burst(on, 130, 7, noRoute)).toEqual(["3/0", "3/0", "3/0", "3/0", "3/0", "-", "-"]);
    expect((await burst(on, 130, 9, expired)).filter((word) => word === "11/0")).toHaveLength(9);
  });

  it("never limit fragmentation needed", async () => {
    const on = await Duel.of(oracle, routerLab({ outMtu: 1400, router: { sysctls: LIMITED } }), ["A", "B", "C"]);
    expect((await burst(on, 130, 9, { ...tooBig, length: 1380 })).filter((word) => word === "3/4")).toHaveLength(9);
  });

  it("let one more go each second, and no more than the burst after a pause", async () => {
    const on = await duel();
    await burst(on, 130, 7, expired);
    await burst(on, 131, 4, noRoute);
    await sleep(1.3);
    expect(await burst(on, 130, 2, expired)).toEqual(["11/0", "-"]);
    expect(await burst(on, 131, 2, noRoute)).toEqual(["-", "-"]);
    await sleep(2.2);
    expect(await burst(on, 130, 3, expired)).toEqual(["11/0", "11/0", "-"]);
    expect(await burst(on, 131, 2, noRoute)).toEqual(["3/0", "-"]);
  });

  it("go by icmp_ratelimit", async () => {
    const on = await duel({ "net.ipv4.icmp_ratelimit": "300" });
    expect((await burst(on, 130, 7, expired)).slice(0, 6)).toEqual([..."123456"].map(() => "11/0"));
    await sleep(0.75);
    expect((await burst(on, 130, 3, expired)).slice(0, 2)).toEqual(["11/0", "11/0"]);
  });

  it("send redirects less and less often, and the first empties the bucket of errors", async () => {
    const on = await duel();
    expect(await burst(on, 130, 3, redirected)).toEqual(["5/1", "-", "-"]);
    expect(await burst(on, 130, 2, expired)).toEqual(["-", "-"]);
    await sleep(1.2);
    expect(await burst(on, 130, 2, expired)).toEqual(["11/0", "-"]);
    const seen: string[] = [];
    for (let i = 0; i < 14; i++) {
      await sleep(0.31);
      seen.push(...(await burst(on, 131, 1, redirected)));
    }
    expect(seen.slice(0, 4)).toEqual(["5/1", "5/1", "5/1", "5/1"]);
    expect(seen.filter((word) => word === "-").length).toBeGreaterThan(4);
  });

  it("limit echo replies where the mask says so", async () => {
    const on = await duel({ "net.ipv4.icmp_ratemask": "1" });
    const answers: number[] = [];
    for (let i = 0; i < 8; i++) {
      const { kernel } = await on.agree({
        host: "R",
        interface: "in0",
        src: "10.0.0.140",
        dst: "10.0.0.1",
        fresh: false,
      });
      answers.push(kernel.responses.length);
    }
    expect(answers).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
  });

  it("send so many messages to all addresses together, by a draw for each", async () => {
    const on = await duel({ "net.ipv4.icmp_msgs_per_sec": "50", "net.ipv4.icmp_msgs_burst": "20" });
    // The first nine cost 18 at the most.
    for (let i = 0; i < 9; i++) expect(await burst(on, 130 + i, 1, expired)).toEqual(["11/0"]);
    // Afterwards it depends on the draws, and the credit grows by one each 20 ms.
    const silent: number[] = [];
    for (let i = 0; i < 60; i++) {
      const packet = { host: "R", interface: "in0", src: `10.0.0.${140 + i}`, proto: "udp", ...expired };
      const { responses } = await oracle.probe(packet, false);
      if (responses.length === 0) silent.push(i);
    }
    expect(silent.length).toBeGreaterThan(10);
  });
});
