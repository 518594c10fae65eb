import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";

const available = await kernelAvailable();

/** Source NAT to a few ports, drawn and written ones, which overlap: two of them, by the source. */
const RULES = [
  "-j SNAT --to-source 10.0.1.1:4000-4001",
  "-j SNAT --to-source 10.0.1.1:4001-4003",
  "-j SNAT --to-source 10.0.1.1:4001",
  "-j SNAT --to-source 10.0.1.1:4000-4002 --random",
  "-j SNAT --to-source 10.0.1.1:4000-4002 --persistent",
  "-j MASQUERADE --to-ports 4001-4002",
  "-j SNAT --to-source 10.0.1.1",
] as const;

const PROTOCOLS: readonly ("tcp" | "udp")[] = ["tcp", "udp"];

interface Flow {
  readonly source: number;
  readonly sport: number;
  readonly isAnswer: boolean;
}

const flow: fc.Arbitrary<Flow> = fc.record({
  source: fc.integer({ min: 2, max: 4 }),
  sport: fc.constantFrom(100, 4000, 4001, 4002, 5000),
  isAnswer: fc.boolean(),
});

function packetOf({ source, sport, isAnswer }: Flow, proto: "tcp" | "udp", fresh: boolean): ProbePacket {
  const flags = proto === "tcp" ? { flags: isAnswer ? "SA" : "S", seq: 1000 } : {};
  const ends = isAnswer
    ? { interface: "out0", src: "10.0.1.2", dst: "10.0.1.1", sport: 80, dport: sport }
    : { interface: "in0", src: `10.0.0.${source}`, dst: "10.0.1.2", sport, dport: 80 };
  return { host: "R", proto, ...ends, ...flags, fresh };
}

describe.skipIf(!available)("source NAT to ports that are drawn from a few, as the kernel has it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function agree(rules: readonly [string, string], proto: "tcp" | "udp", flows: readonly Flow[]) {
    const nat = table("nat", [
      `-A POSTROUTING -o out0 -s 10.0.0.2 -p ${proto} ${rules[0]}`,
      `-A POSTROUTING -o out0 -p ${proto} ${rules[1]}`,
    ]);
    const duel = await Duel.of(oracle, routerLab({ router: { rulesets: [{ text: nat }] } }), ["A", "B", "C"]);
    const outcomes: string[] = [];
    for (const [at, one] of flows.entries()) {
      const { kernel } = await duel.agree(packetOf(one, proto, at === 0));
      outcomes.push(kernel.outcome);
    }
    return outcomes;
  }

  it("drops a connection whose own port is of the range, when all ports of that are drawn already", async () => {
    const flows = [100, 101, 4001].map((sport) => ({ source: 2, sport, isAnswer: false }));
    expect(await agree([RULES[0], RULES[0]], "tcp", flows)).toEqual(["delivered", "delivered", "dropped"]);
  });

  it("agrees about any flows through two rules that draw from ranges which overlap", async () => {
    const rules = fc.tuple(fc.constantFrom(...RULES), fc.constantFrom(...RULES));
    const flows = fc.array(flow, { minLength: 3, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(rules, fc.constantFrom(...PROTOCOLS), flows, async (two, proto, some) => {
        await agree(two, proto, some);
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});
