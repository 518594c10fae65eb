import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { FAMILIES_AND_BACKENDS } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** REJECT reads the checksum of what it answers, over this one packet. */
describe.skipIf(!available).each(FAMILIES_AND_BACKENDS)("REJECT and checksums, IPv%i, %s", (family, backend) => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const through: ProbePacket =
    family === 4
      ? { host: "R", interface: "in0", src: "10.0.0.2", dst: "10.0.1.2", df: false }
      : { host: "R", interface: "in0", src: "fd00:a::2", dst: "fd00:b::2" };
  const icmp = family === 4 ? "icmp" : "icmpv6";

  /** Whether the packet's sender was told, and how many possible answers podpath sees. */
  async function told(how: string, packet: ProbePacket): Promise<readonly [told: boolean, branches: number]> {
    const text = `*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD ${how}\nCOMMIT\n`;
    const router = { rulesets: [{ family, backend, text }] };
    const duel = await Duel.of(oracle, family === 4 ? routerLab({ router }) : routerLab6({ router }), ["A", "B", "C"]);
    const { result, branches } = await duel.agree({ ...through, ...packet });
    return [result.responses.length > 0, branches.length];
  }

  const first = (length: number): ProbePacket => ({
    ipid: 7,
    mf: true,
    fragOffset: 0,
    length,
    wholeLength: length + 64,
  });

  it("whole packets of TCP, UDP and ICMP are answered", async () => {
    expect(await told("-j REJECT", { proto: "udp", sport: 1, dport: 2, length: 8 })).toEqual([true, 1]);
    expect(await told("-j REJECT", { proto: "tcp", flags: "S", sport: 1, dport: 2 })).toEqual([true, 1]);
    expect(await told("-j REJECT", { proto: icmp, length: 8 })).toEqual([true, 1]);
  });

  it.runIf(family === 4)(
    "the first of several fragments is not, and its payload decides where the protocol is ICMP",
    async () => {
      expect(await told("-j REJECT", { ...first(64), proto: "udp", sport: 1, dport: 2 })).toEqual([false, 1]);
      // What the oracle sends holds zeros, which add up.
      expect(await told("-j REJECT", { ...first(64), proto: "icmp" })).toEqual([true, 2]);
    },
  );

  it("protocols with checksums of their own are answered, others if their payload happens to add up", async () => {
    expect(await told("-j REJECT", { proto: 47, length: 8 })).toEqual([true, 1]);
    expect(await told("-j REJECT", { proto: "sctp", sport: 1, dport: 2 })).toEqual([true, 1]);
    expect(await told("-j REJECT", { proto: 136, sport: 1, dport: 2, length: 8 })).toEqual([true, 1]);
    // A kernel without DCCP looks at its checksum as at any other; the oracle writes none.
    expect(await told("-j REJECT", { proto: 33, sport: 1, dport: 2, length: 16 })).toEqual([false, 2]);
    // Zeros add up, but not with a pseudo header.
    expect(await told("-j REJECT", { proto: 89, length: 8 })).toEqual([family === 4, 2]);
  });
});
