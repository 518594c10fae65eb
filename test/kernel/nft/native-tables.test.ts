import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readNftBaseChains } from "../../../src/readers/nft/base-chains.ts";
import { type Random, random } from "../../readers/fuzz/random.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { withHost } from "../harness/podpath-network.ts";
import { routerLab } from "../harness/router-lab.ts";
import { randomTables } from "./random-tables.ts";

const available = await kernelAvailable();
const SEED = Number(process.env["NFT_SEED"] ?? 20_261_126);
const WORLDS = Number(process.env["NFT_WORLDS"] ?? 25);
const PACKETS = 14;

/**
 * One rule of nft may be several here. And its trace calls a reject a drop: where the kernel's own rules stop the answer, nothing shows
 * that one was made; answers are compared by themselves.
 */
const EXCUSED: readonly RegExp[] = [/\brules from \d+:/, /^outcome: kernel "dropped", podpath "rejected"$/];

function packets(rng: Random): readonly ProbePacket[] {
  const sent: ProbePacket[] = [];
  for (let number = 0; number < PACKETS; number++) {
    const id = `q${number}`;
    const local = rng.below(4) === 0;
    const dst = local ? rng.pick(["10.0.0.2", "10.0.1.2"]) : rng.pick(["10.0.1.2", "10.0.0.1", "10.0.2.2"]);
    const ports = { sport: rng.pick([4000, 600, 50_000]), dport: rng.pick([22, 80, 81, 443, 8080, 53]) };
    const kind = rng.pick([
      { proto: "tcp", flags: rng.pick(["S", "S", "A"]), seq: 1000, ...ports },
      { proto: "udp", ...ports },
      { proto: "icmp", icmpType: 8, icmpId: 7 },
    ]);
    const from = local
      ? { host: "R" }
      : { host: "R", interface: "in0", src: rng.pick(["10.0.0.2", `10.0.0.${129 + rng.below(100)}`]) };
    sent.push({ id, fresh: true, ...from, dst, ...kind });
    if (rng.below(2) === 0) sent.push({ id: `${id}r`, replyTo: id });
  }
  return sent;
}

/**
 * Random tables of nft's own on a router, as nft itself prints them again: what becomes of packets through it, to it and from it, in
 * the kernel and in podpath.
 */
describe.skipIf(!available)("tables of nft's own, as the kernel runs them", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  for (const format of ["text", "JSON"] as const) {
    it(`random tables, read from ${format}`, async () => {
      const rng = random(SEED + (format === "text" ? 0 : 1));
      const network = networkOf(routerLab());
      await oracle.build(toBuildRequest(network));
      const duel = new Duel(oracle, network);
      let asked = 0;
      let uncertain = 0;
      for (let world = 0; world < WORLDS; world++) {
        const tables = randomTables(rng);
        const loaded = await oracle.exec("R", ["nft", "-f", "-"], `flush ruleset\n${tables}`);
        expect(loaded.stderr, tables).toBe("");
        const words = format === "text" ? ["nft", "list", "ruleset"] : ["nft", "-j", "list", "ruleset"];
        const dump = (await oracle.exec("R", words)).stdout;
        const { baseChains, findings } = readNftBaseChains({ text: dump, file: "nft" }, network.origins);
        expect(
          findings.map(({ message }) => message),
          tables,
        ).toEqual([]);
        duel.use(withHost(network, "R", { nftBaseChains: baseChains }));
        for (const packet of packets(rng)) {
          const round = await duel.ask(packet);
          if (round === null) continue;
          asked++;
          if (round.answer.branches.length > 1) uncertain++;
          const differences = round.differences.filter((one) => !EXCUSED.some((pattern) => pattern.test(one)));
          expect(differences, `${dump}\n${JSON.stringify(round.packet)}`).toEqual([]);
        }
      }
      expect(asked).toBeGreaterThan(WORLDS * 10);
      expect(uncertain).toBe(0);
    });
  }
});
