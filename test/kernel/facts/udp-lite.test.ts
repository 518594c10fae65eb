import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();
const UDP_LITE = 136;

describe.skipIf(!available).each([4, 6] as const)("UDP-Lite that nobody listens for, IPv%i", (family) => {
  const six = family === 6;
  let oracle: Oracle;
  let duel: Duel;
  beforeAll(async () => {
    oracle = new Oracle();
    duel = await Duel.of(oracle, six ? routerLab6({}) : routerLab({}), ["A", "B", "C"]);
  });
  afterAll(() => oracle.close());

  const received: ProbePacket = {
    host: "R",
    interface: "in0",
    src: six ? "fd00:a::2" : "10.0.0.2",
    dst: six ? "fd00:a::1" : "10.0.0.1",
    proto: UDP_LITE,
    sport: 4000,
    dport: 5004,
    length: 20,
  };

  async function answers(fields: Partial<ProbePacket>): Promise<readonly string[]> {
    const { result } = await duel.agree({ ...received, ...fields });
    return result.responses.map(({ kind, type, code }) => `${kind} ${type}/${code}`);
  }

  it("is answered with port unreachable, as UDP is", async () => {
    expect(await answers({})).toEqual([six ? "icmp 1/4" : "icmp 3/3"]);
  });

  it("is dropped without a word where it is for many, or its checksum is wrong", async () => {
    for (const dst of six ? ["ff02::1"] : ["10.0.0.255", "224.0.0.1", "255.255.255.255"]) {
      expect(await answers({ dst })).toEqual([]);
    }
    expect(await answers({ badChecksum: true })).toEqual([]);
  });
});
