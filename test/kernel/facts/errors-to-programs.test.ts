import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { ROUTER_ROUTES, routerLab } from "../harness/router-lab.ts";
import { ROUTER_ROUTES6, routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const PLACES = {
  4: { own: ["10.0.0.1", "10.0.1.1"], others: ["10.0.0.2", "10.0.1.2"], links: [] },
  6: { own: ["fd00:a::1", "fd00:b::1"], others: ["fd00:a::2", "fd00:b::2"], links: ["fe80::1", "fe80::a"] },
} as const;

/** What OUTPUT does to a packet before a rule rejects it: it may have another route then than it had before. */
const CHANGES: Readonly<Record<string, (family: 4 | 6) => string>> = {
  "left alone": () => "",
  "marked for another table": () => table("mangle", ["-A OUTPUT -p udp -j MARK --set-mark 9"]),
  ...Object.fromEntries(
    (["another host's", "another link's", "its own"] as const).map((whose, index) => [
      `sent to ${whose} address`,
      (family: 4 | 6) => {
        const { own, others } = PLACES[family];
        return table("nat", [`-A OUTPUT -p udp -j DNAT --to-destination ${[others[0], others[1], own[1]][index]}`]);
      },
    ]),
  ),
};

/** nf_send_unreach(), nf_send_unreach6(): the error goes by the route that the packet has then. */
describe.skipIf(!available).each([4, 6] as const)(
  "an ICMP error of IPv%i by which a rule of OUTPUT answers a program",
  (family) => {
    const six = family === 6;
    const { own, others, links } = PLACES[family];
    const kind = six ? "icmp6-adm-prohibited" : "icmp-admin-prohibited";

    let oracle: Oracle;
    beforeAll(() => {
      oracle = new Oracle();
    });
    afterAll(() => oracle.close());

    it.each(Object.entries(CHANGES))("comes as the kernel sends it where the packet is %s", async (_, change) => {
      const inFamily = (words: string): string => (six ? `-6 ${words}` : words);
      const options = {
        router: {
          routes: [
            ...(six ? ROUTER_ROUTES6 : ROUTER_ROUTES),
            inFamily(`default via ${six ? "fd00:c::2" : "10.0.2.2"} dev out1 table 77`),
          ],
          rules: [inFamily("from all fwmark 9 lookup 77 pref 10")],
          rulesets: [
            { family, text: change(family) + table("filter", [`-A OUTPUT -p udp -j REJECT --reject-with ${kind}`]) },
          ],
          sysctls: { "net.ipv4.icmp_ratemask": "0", "net.ipv6.icmp.ratemask": "" },
        },
      };
      const duel = await Duel.of(oracle, six ? routerLab6(options) : routerLab(options), ["A", "B", "C"]);
      let errors = 0;
      for (const bindInterface of [undefined, "in0", "out0", "out1"]) {
        for (const src of [undefined, ...own, ...others, ...links]) {
          for (const dst of [...own, ...others, ...links]) {
            const round = await duel.ask({
              host: "R",
              dst,
              proto: "udp",
              sport: 4000,
              dport: 80,
              ...(src === undefined ? {} : { src }),
              ...(bindInterface === undefined ? {} : { bindInterface }),
            });
            // Nothing is sent where the socket finds no source.
            if (round === null) continue;
            expect(round.differences, JSON.stringify([bindInterface, src, dst])).toEqual([]);
            errors += round.kernel.responses.length;
          }
        }
      }
      expect(errors).toBeGreaterThan(20);
    });
  },
);
