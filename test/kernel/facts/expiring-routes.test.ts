import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** Seconds; the namespaces are built in less. */
const EXPIRES = 6;

describe.skipIf(!available)("IPv6 routes that expire", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  it("give way to other metrics, then to shorter prefixes, then to none", async () => {
    const routes = [
      `-6 fd00:71::/64 via fd00:b::2 metric 10 expires ${EXPIRES}`,
      "-6 fd00:71::/64 via fd00:c::2 metric 20",
      `-6 fd00:72::/64 via fd00:b::2 expires ${EXPIRES}`,
      "-6 fd00:72::/48 via fd00:c::2",
      `-6 fd00:73::/64 via fd00:b::2 expires ${EXPIRES}`,
    ];
    const duel = await Duel.of(oracle, routerLab6({ router: { routes } }), ["A", "B", "C"]);
    const packets = ["71", "72", "73"].map(
      (net): ProbePacket => ({
        host: "R",
        interface: "in0",
        src: `fd00:a::${net}`,
        dst: `fd00:${net}::1`,
        proto: "udp",
        sport: 4000,
        dport: 53,
      }),
    );
    const ways = async (): Promise<readonly (string | undefined)[]> => {
      const taken: (string | undefined)[] = [];
      for (const packet of packets) {
        const { result } = await duel.agree(packet);
        taken.push(result.hops.find(({ dir, host }) => dir === "out" && host === "R")?.iface);
      }
      return taken;
    };
    expect(await ways()).toEqual(["out0", "out0", "out0"]);
    await sleep((EXPIRES + 1) * 1000);
    expect(await ways()).toEqual(["out1", "out1", undefined]);
  });
});
