import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab } from "../harness/lab.ts";
import { Endless, Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const NETWORKS = {
  4: { first: "10.0.0.1", second: "10.0.0.2", length: 24, from: "10.7.0.1", lost: "10.9.0.0/16", dst: "10.9.0.1" },
  6: { first: "fd00::1", second: "fd00::2", length: 64, from: "fd00::1", lost: "fd00:9::/64", dst: "fd00:9::1" },
};

/** Two routers, each of which sends what it does not know to the other one. */
function ring(family: 4 | 6, backend: "legacy" | "nft", rule: string): Lab {
  const { first, second, length, lost } = NETWORKS[family];
  const forwarding = family === 4 ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding";
  const router = (name: string, own: string, other: string): Lab["hosts"][number] => ({
    name,
    sysctls: { [forwarding]: "1", "net.ipv4.conf.all.rp_filter": "0" },
    interfaces: [{ name: "ring", addresses: [`${own}/${length}`] }],
    routes: [`${lost} via ${other}`],
    rulesets: rule === "" ? [] : [{ family, backend, text: `*mangle\n:FORWARD ACCEPT\n${rule}\nCOMMIT\n` }],
  });
  return {
    hosts: [router("R1", first, second), router("R2", second, first)],
    links: [["R1:ring", "R2:ring"]],
  };
}

/** What sends a packet round for ever is a rule that renews its TTL. */
describe.skipIf(!available)("a routing loop", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  describe.each([4, 6] as const)("IPv%i", (family) => {
    const { from: src, dst } = NETWORKS[family];
    const packet: ProbePacket = {
      host: "R1",
      src,
      raw: family === 4,
      dst,
      proto: "udp",
      sport: 4000,
      dport: 80,
      ttl: 64,
    };

    it("ends by its TTL", async () => {
      const duel = await Duel.of(oracle, ring(family, "legacy", ""));
      const round = await duel.agree(packet);
      expect(round.result.outcome).not.toBe("loop");
      expect(round.result.hops.length).toBeGreaterThan(100);
    });

    it.each(["legacy", "nft"] as const)("that a rule keeps going is broken up within seconds: %s", async (backend) => {
      const words = family === 4 ? "TTL --ttl-set 64" : "HL --hl-set 64";
      const lab = ring(family, backend, `-A FORWARD -m conntrack --ctstate NEW -j ${words}`);
      const duel = await Duel.of(oracle, lab, [], true);
      const started = Date.now();
      const round = await duel.agree(packet);
      expect(round.result.outcome).toBe("loop");
      expect(Date.now() - started).toBeLessThan(8000);
      // Nothing moves any more, and flushing what is tracked ends.
      await expect(duel.ask(packet)).rejects.toThrow(Endless);
      const again = await Duel.of(oracle, ring(family, backend, ""));
      expect((await again.agree(packet)).result.outcome).not.toBe("loop");
    });
  });
});
