import { afterAll, describe, it } from "vitest";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { LabRuleset } from "../harness/lab.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** Seconds after which the kernel gives up, and those after which it has been seen to, on a busy machine too. */
const SETTING = "1";
const WAIT = 3;

/** What hosts give up when a time is over, and whom they tell: comparisons that wait for it, all at once. */
describe.skipIf(!available).concurrent.each([4, 6] as const)("what is given up, IPv%i", (family) => {
  const six = family === 6;
  const [src, dst, own] = six ? ["fd00:a::2", "fd00:b::2", "fd00:a::1"] : ["10.0.0.2", "10.0.1.2", "10.0.0.1"];
  const oracles: Oracle[] = [];
  const newOracle = (): Oracle => {
    const oracle = new Oracle();
    oracles.push(oracle);
    return oracle;
  };
  afterAll(async () => {
    for (const oracle of oracles) await oracle.close();
  });

  const TRACKED: LabRuleset = {
    family,
    text: table("mangle", ["-A PREROUTING -m conntrack --ctstate NEW"]),
  };
  const sysctls = six
    ? { "net.ipv6.ip6frag_time": SETTING, "net.netfilter.nf_conntrack_frag6_timeout": SETTING }
    : { "net.ipv4.ipfrag_time": SETTING };
  const first: ProbePacket = {
    host: "R",
    interface: "in0",
    src,
    dst,
    proto: "udp",
    sport: 4000,
    dport: 80,
    mf: true,
    fragOffset: 0,
    length: 200,
    wholeLength: 400,
    wait: WAIT,
  };
  const second: ProbePacket = { ...first, fragOffset: 208, length: 96 };

  async function alone(rulesets: readonly LabRuleset[], packet: ProbePacket): Promise<Round> {
    const router = { sysctls, rulesets };
    const duel = await Duel.of(newOracle(), six ? routerLab6({ router }) : routerLab({ router }));
    return duel.agree({ ...packet, ipid: 1 });
  }

  it("a datagram for this host of which the first fragment came: its sender is told", async ({ expect }) => {
    const { kernel } = await alone([], { ...first, dst: own });
    expect(kernel.reason).toBe("FRAG_REASM_TIMEOUT");
    expect(kernel.responses.map(({ packet: { icmpType, icmpCode } }) => [icmpType, icmpCode])).toEqual([
      six ? [3, 1] : [11, 1],
    ]);
  });

  it("a datagram for this host of which another fragment came: nobody is told", async ({ expect }) => {
    const { kernel } = await alone([], { ...second, dst: own });
    expect(kernel.reason).toBe("FRAG_REASM_TIMEOUT");
    expect(kernel.responses).toEqual([]);
  });

  if (six) {
    it("a datagram whose time began with a fragment that was refused", async ({ expect }) => {
      const duel = await Duel.of(newOracle(), routerLab6({ router: { sysctls } }));
      const unaligned = await duel.agree({ ...first, dst: own, length: 203, ipid: 1, wait: 0 });
      expect(unaligned.kernel.responses.map(({ packet: { icmpType } }) => icmpType)).toEqual([4]);
      const { kernel } = await duel.agree({ ...first, dst: own, ipid: 1, fresh: false });
      expect(kernel.reason).toBe("FRAG_REASM_TIMEOUT");
    });
  }

  it.each([
    ["the first fragment of a datagram on its way, which connection tracking has waited for", first],
    ["another fragment of it", second],
    [
      "the first fragment of a datagram for this host, which connection tracking has waited for",
      { ...first, dst: own },
    ],
  ])("%s", async (_, packet) => {
    await alone([TRACKED], packet);
  });

  it("a neighbour that does not answer: who sent what waits for it is told", async ({ expect }) => {
    const key = six ? "net.ipv6.neigh.out0" : "net.ipv4.neigh.out0";
    const times = { [`${key}.mcast_solicit`]: "1", [`${key}.retrans_time_ms`]: "500" };
    const options = { router: { sysctls: times, neighbours: [] }, staticNeighbours: false };
    const duel = await Duel.of(newOracle(), six ? routerLab6(options) : routerLab(options));
    const nobody = six ? "fd00:b::77" : "10.0.1.77";
    const udp: ProbePacket = { host: "R", interface: "in0", src, dst: nobody, proto: "udp", sport: 4000, dport: 80 };
    const { kernel } = await duel.agree({ ...udp, wait: WAIT });
    expect(kernel.reason).toBe(six ? "NOT_SPECIFIED" : "NEIGH_FAILED");
    expect(kernel.responses).toHaveLength(1);
  });
});
