import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const OFFERS = ["S", "SE", "SC", "SEC"].flatMap((flags) => [0, 1, 2, 3].map((tos) => ({ flags, tos })));

/** A SYN may offer ECN (RFC 3168 6.1.1), for which the server's `tcp_ecn` is asked. */
describe.skipIf(!available).each([4, 6] as const)("a SYN that offers ECN, IPv%i", (family) => {
  const six = family === 6;
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function accepted(value: string): Promise<readonly string[]> {
    const router = { listen: ["tcp/80"], sysctls: { "net.ipv4.tcp_ecn": value } };
    const duel = await Duel.of(oracle, six ? routerLab6({ router }) : routerLab({ router }), ["A", "B", "C"]);
    const found: string[] = [];
    for (const { flags, tos } of OFFERS) {
      const syn: ProbePacket = {
        host: "R",
        interface: "in0",
        src: six ? "fd00:a::2" : "10.0.0.2",
        dst: six ? "fd00:a::1" : "10.0.0.1",
        proto: "tcp",
        sport: 4000,
        dport: 80,
        flags,
        tos,
        length: 0,
      };
      const { kernel } = await duel.agree(syn);
      expect(kernel.responses[0]?.kind).toBe("syn-ack");
      if (kernel.responses[0]?.packet.flags?.includes("E")) found.push(`${flags} ${tos}`);
    }
    return found;
  }

  it.each(["0", "1", "2"])(
    "is taken at its word unless tcp_ecn is 0 or its packet uses ECN already: %s",
    async (value) => {
      expect(await accepted(value)).toEqual(value === "0" ? [] : ["SEC 0"]);
    },
  );
});
