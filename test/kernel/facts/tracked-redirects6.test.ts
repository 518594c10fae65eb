import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { ROUTER_ROUTES6, routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** Bytes of UDP data, around what a redirect has room to quote. */
const LENGTHS = [8, 1100, 1135, 1136, 1137, 1143, 1144, 1145, 1152, 1300, 1440];

/** nf_conntrack_icmpv6_redirect(): it looks for the quoted packet in the first option alone. */
describe.skipIf(!available)("a redirect of IPv6", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  it.each([
    ["RELATED to what it quotes, where the target's MAC address is not known", [], "RELATED"],
    ["INVALID, where that stands before it, cut short or not", ["fe80::7 in0 02:00:00:02:00:07"], "INVALID"],
  ])("is %s", async (_, neighbours, state) => {
    const states = ["RELATED", "INVALID", "NEW", "UNTRACKED"];
    const text = table(
      "filter",
      states.map((one) => `-A OUTPUT -p icmpv6 -m conntrack --ctstate ${one} -j ACCEPT`),
    );
    // Of one source only six at once are redirected.
    const sources = LENGTHS.map((length) => `fd00:a::1:${length}`);
    const router = {
      routes: [...ROUTER_ROUTES6, "-6 fd00:66::/64 via fe80::7 dev in0"],
      rulesets: [{ family: 6, text }],
    } as const;
    const duel = await Duel.of(
      oracle,
      routerLab6({
        router: {
          ...router,
          neighbours: [...neighbours, ...sources.map((source) => `${source} in0 02:00:00:02:00:02`)],
        },
      }),
      ["A", "B", "C"],
    );
    for (const [index, length] of LENGTHS.entries()) {
      const packet: ProbePacket = {
        host: "R",
        interface: "in0",
        src: sources[index] ?? "",
        dst: `fd00:66::${index + 1}`,
        proto: "udp",
        sport: 4000,
        dport: 80,
        length,
      };
      const met = async (probe: ProbePacket): Promise<unknown> =>
        (await duel.agree(probe)).kernel.responses.map(({ rules }) =>
          rules.map(({ index: rule }) => states[(rule ?? 0) - 1]),
        );
      // The first packet's connection is not confirmed yet.
      expect(await met(packet)).toEqual([["INVALID"]]);
      expect(await met({ ...packet, fresh: false })).toEqual([[state]]);
    }
  });
});
