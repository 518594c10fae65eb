import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** inet_csk_route_req(), ip_send_unicast_reply(): IPv4 asks whose address the source is (FLOWI_FLAG_ANYSRC), IPv6 does not. */
describe.skipIf(!available).each([4, 6] as const)(
  "what a host hears for an address that it has not, IPv%i",
  (family) => {
    const six = family === 6;
    const src = six ? "fd00:a::2" : "10.0.0.2";
    const dst = six ? "fd00:55::1" : "10.55.0.1";
    let oracle: Oracle;
    beforeAll(() => {
      oracle = new Oracle();
    });
    afterAll(() => oracle.close());

    const first: ProbePacket = {
      host: "R",
      interface: "in0",
      src,
      dst,
      proto: "tcp",
      sport: 4000,
      dport: 80,
      flags: "S",
    };
    const kinds: readonly ProbePacket[] = [
      first,
      { ...first, dport: 81 },
      { ...first, proto: "udp", length: 20 },
      { ...first, proto: "udp", dport: 81, length: 20 },
      { ...first, proto: six ? "icmpv6" : "icmp", icmpType: six ? 128 : 8, icmpId: 7 },
    ];

    async function answers(
      route: string,
      rules: readonly string[],
      policy: readonly string[],
    ): Promise<readonly number[]> {
      const router = {
        routes: [route],
        rules: policy,
        rulesets: [{ family, text: `${table("mangle", rules)}\n` }],
        listen: ["tcp/80", "udp/80"],
        neighbours: [`${src} in0 02:00:00:02:00:02`],
      };
      const duel = await Duel.of(oracle, six ? routerLab6({ router }) : routerLab({ router }), ["A", "B", "C"], true);
      const found: number[] = [];
      for (const packet of kinds) found.push((await duel.agree(packet)).kernel.responses.length);
      return found;
    }

    const prefix = six ? "-6 " : "";
    const subnet = six ? "fd00:55::/64" : "10.55.0.0/16";
    const marked = ["-A PREROUTING -i in0 -j MARK --set-mark 7"];
    const ALL = kinds.map(() => 1);
    const NONE = kinds.map(() => 0);

    it("is answered where the table local has the address", async () => {
      expect(await answers(`${prefix}local ${subnet} dev lo`, marked, [])).toEqual(ALL);
    });

    it("is answered in IPv6 alone where another table makes it local", async () => {
      const rule = `${prefix}pref 10 fwmark 7 lookup 100`;
      expect(await answers(`${prefix}local ${subnet} dev lo table 100`, marked, [rule])).toEqual(six ? ALL : NONE);
    });

    it("is answered in IPv6 alone where TEE copies it to the host itself", async () => {
      const [own, gateway] = six ? ["fd00:a::1", "fd00:b::2"] : ["10.0.0.1", "10.0.1.2"];
      const tee = [`-A FORWARD -j TEE --gateway ${own}`];
      expect(await answers(`${prefix}${subnet} via ${gateway}`, tee, [])).toEqual(six ? ALL : NONE);
    });
  },
);
