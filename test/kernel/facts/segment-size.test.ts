import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** All SYNs come by in0, which takes 1500 bytes; what is answered is said to go back by another link or route. */
describe.skipIf(!available).each([4, 6] as const)("the MSS of a SYN-ACK, IPv%i", (family) => {
  const six = family === 6;
  const headers = six ? 60 : 40;
  let oracle: Oracle;
  let duel: Duel;
  beforeAll(async () => {
    oracle = new Oracle();
    const routes = six
      ? ["fd00:9::/32 via fd00:b::2", "fd00:7::/32 via fd00:c::2 mtu 1300", "fd00:6::/32 via fd00:c::2 mtu 1280"]
      : ["10.9.0.0/16 via 10.0.1.2", "10.7.0.0/16 via 10.0.2.2 mtu 1300", "10.6.0.0/16 via 10.0.2.2 mtu 280"];
    const router = {
      listen: ["tcp/80"],
      routes: routes.map((route) => (six ? `-6 ${route}` : route)),
      sysctls: { "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.in0.rp_filter": "0" },
    };
    const options = { router, outMtu: 1400 };
    duel = await Duel.of(oracle, six ? routerLab6(options) : routerLab(options), ["A", "B", "C"]);
  });
  afterAll(() => oracle.close());

  async function answered(src: string): Promise<number | undefined> {
    const syn: ProbePacket = {
      host: "R",
      interface: "in0",
      src,
      dst: six ? "fd00:a::1" : "10.0.0.1",
      proto: "tcp",
      sport: 4000,
      dport: 80,
      flags: "S",
      length: 0,
    };
    const { kernel } = await duel.agree(syn);
    expect(kernel.responses[0]?.kind).toBe("syn-ack");
    return kernel.responses[0]?.packet.mss;
  }

  it("goes by the link that the answer takes", async () => {
    expect(await answered(six ? "fd00:a::2" : "10.0.0.2")).toBe(1500 - headers);
    expect(await answered(six ? "fd00:b::2" : "10.0.1.2")).toBe(1400 - headers);
  });

  it("goes by the route's own MTU, and is no less than min_adv_mss", async () => {
    expect(await answered(six ? "fd00:7::5" : "10.7.0.5")).toBe(1300 - headers);
    expect(await answered(six ? "fd00:6::5" : "10.6.0.5")).toBe(six ? 1220 : 256);
  });
});
