import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { ROUTER_ROUTES, routerLab } from "../harness/router-lab.ts";
import { ROUTER_ROUTES6, routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const RESETS = "-A OUTPUT -p tcp --tcp-flags RST RST";

/** What changes in mangle OUTPUT, and so is routed anew there. */
const CHANGES: Readonly<Record<string, { readonly 4: string; readonly 6: string } | null>> = {
  nothing: null,
  "the mark of resets": { 4: `${RESETS} -j MARK --set-mark 9`, 6: `${RESETS} -j MARK --set-mark 9` },
  "another field of resets": { 4: `${RESETS} -j TOS --set-tos 0x10`, 6: `${RESETS} -j HL --hl-dec 1` },
  "the mark of all": { 4: "-A OUTPUT -p tcp -j MARK --set-mark 9", 6: "-A OUTPUT -p tcp -j MARK --set-mark 9" },
};

/** What makes the way depend on whose a packet is. */
const POLICY_RULES: readonly (readonly string[])[] = [
  [],
  ["from all uidrange 1000-1999 lookup 77 pref 10"],
  ["from all uidrange 1000-1999 lookup 77 pref 10", "from all fwmark 9 uidrange 0-0 blackhole pref 9"],
  ["from all oif out1 lookup 77 pref 10"],
  ["from all ipproto tcp lookup 77 pref 10"],
  ["from all sport 80 lookup 77 pref 10"],
  ["from all dport 80 lookup 77 pref 10"],
  ["from all tos 0x10 lookup 77 pref 10"],
];

/** nf_send_reset(), nf_send_reset6(): they get the socket of what they answer (`nf_hook_state.sk`). */
describe.skipIf(!available).each([4, 6] as const)(
  "a reset of IPv%i by which a rule of OUTPUT answers a program",
  (family) => {
    const six = family === 6;
    const [own, others, links] = six
      ? [
          ["fd00:a::1", "fd00:b::1"],
          ["fd00:a::2", "fd00:b::2"],
          ["fe80::1", "fe80::a"],
        ]
      : [["10.0.0.1", "10.0.1.1"], ["10.0.0.2", "10.0.1.2"], []];
    const reject = "-A OUTPUT -p tcp --tcp-flags SYN SYN -j REJECT --reject-with tcp-reset";
    const inFamily = (words: string): string => (six ? `-6 ${words}` : words);

    let oracle: Oracle;
    beforeAll(() => {
      oracle = new Oracle();
    });
    afterAll(() => oracle.close());

    describe.each(Object.entries(CHANGES))("goes by the program's socket where OUTPUT changes %s", (_, change) => {
      it.each(POLICY_RULES.map((rules) => [rules.join(", ") || "none"]))("policy rules: %s", async (words) => {
        const rules = POLICY_RULES.find((list) => list.join(", ") === words) ?? [];
        const text =
          table("mangle", ["-A OUTPUT -m owner --socket-exists", ...(change === null ? [] : [change[family]])]) +
          table("filter", [reject]);
        const options = {
          router: {
            routes: [
              ...(six ? ROUTER_ROUTES6 : ROUTER_ROUTES),
              inFamily(`default via ${six ? "fd00:c::2" : "10.0.2.2"} dev out1 table 77`),
            ],
            rules: rules.map(inFamily),
            rulesets: [{ family, text }],
          },
        };
        const duel = await Duel.of(oracle, six ? routerLab6(options) : routerLab(options), ["A", "B", "C"]);
        // The lab sends by raw sockets, of whose protocol and ports such rules know nothing.
        const raw = /port|ipproto/.test(words);
        let resets = 0;
        for (const bindInterface of [undefined, "in0", "out0", "out1"]) {
          for (const uid of [undefined, 1500]) {
            for (const src of [undefined, ...own, ...others, ...links]) {
              for (const dst of [...own, ...others, ...links]) {
                if (raw && src === undefined) continue;
                const round = await duel.ask({
                  host: "R",
                  raw,
                  dst,
                  proto: "tcp",
                  sport: 4000,
                  dport: 80,
                  flags: "S",
                  ...(src === undefined ? {} : { src }),
                  ...(bindInterface === undefined ? {} : { bindInterface }),
                  ...(uid === undefined ? {} : { uid }),
                });
                // Nothing is sent where the socket finds no source.
                if (round === null) continue;
                expect(round.differences, JSON.stringify([bindInterface, uid, src, dst])).toEqual([]);
                resets += round.kernel.responses.length;
              }
            }
          }
        }
        expect(resets).toBeGreaterThan(20);
      });
    });
  },
);
