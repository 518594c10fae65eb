import fc from "fast-check";
import type { Oracle } from "../harness/oracle-client.ts";
import type { FuzzCase, FuzzWorld } from "./case.ts";
import { type Sequence, sequenceArbitrary } from "./packets.ts";
import { routesArbitrary } from "./routes.ts";
import { rulesetArbitrary } from "./ruleset.ts";
import { type Disagreement, newTally, Runner, type Tally } from "./runner.ts";
import { setsArbitrary } from "./sets.ts";
import { sysctlsArbitrary } from "./sysctls.ts";

/** How a campaign spends its probes. */
export interface Plan {
  readonly seed: number;
  readonly probes: number;
  /** Rulesets for one world. */
  readonly rulesetsPerWorld: number;
  readonly sequencesPerRuleset: number;
  /** One ruleset of so many is loaded through the nft backend, which is five times slower. */
  readonly nftEvery: number;
  /** Ends early after so many disagreements. */
  readonly enough: number;
}

export const PLAN: Plan = {
  seed: 1,
  probes: 5000,
  rulesetsPerWorld: 12,
  sequencesPerRuleset: 14,
  nftEvery: 6,
  enough: 20,
};

const worldArbitrary: fc.Arbitrary<FuzzWorld> = fc
  .tuple(routesArbitrary, sysctlsArbitrary, fc.constantFrom(1500, 1500, 1200))
  .map(([{ routes, rules }, sysctls, outMtu]) => ({ family: 4, routes, rules, sysctls, outMtu }));

/** Sets in half of the rulesets; matches that count, and so need reloading, in a third. */
function loadArbitrary(backend: FuzzCase["backend"]): fc.Arbitrary<Pick<FuzzCase, "backend" | "sets" | "tables">> {
  const stateful = backend === "legacy" ? fc.constantFrom(true, false, false) : fc.constant(false);
  return fc.tuple(stateful, fc.boolean(), setsArbitrary).chain(([counts, withSets, sets]) =>
    rulesetArbitrary(withSets ? sets.sets : [], counts).map((tables) => ({
      backend,
      sets: withSets ? sets.text : "",
      tables,
    })),
  );
}

/** The same value for the same seed, whatever was drawn before. */
function draw<T>(arbitrary: fc.Arbitrary<T>, seed: number): T {
  const [value] = fc.sample(arbitrary, { seed, numRuns: 1 });
  if (value === undefined) throw new Error("nothing was drawn");
  return value;
}

function drawSequences(count: number, seed: number): readonly Sequence[] {
  return fc.sample(sequenceArbitrary, { seed, numRuns: count });
}

export interface CampaignResult {
  readonly tally: Tally;
  readonly disagreements: readonly Disagreement[];
  readonly runner: Runner;
}

/** Random worlds, rulesets and packets until the plan's probes are spent. */
export async function campaign(oracle: Oracle, plan: Plan, report?: (tally: Tally) => void): Promise<CampaignResult> {
  const tally = newTally();
  const runner = new Runner(oracle, tally);
  const disagreements: Disagreement[] = [];
  for (let number = 0; tally.probes < plan.probes && disagreements.length < plan.enough; number++) {
    const base = (plan.seed * 1_000_003 + number * 7919) | 0;
    const world = draw(worldArbitrary, base);
    try {
      await runner.build(world);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // Routes that contradict each other: the kernel refuses a gateway that it cannot reach over the device.
      if (!message.includes("Nexthop has invalid gateway")) {
        throw new Error(`world ${number} of seed ${plan.seed} cannot be built: ${message}`);
      }
      tally.refused++;
      tally.lastRefusal = message;
      continue;
    }
    for (let index = 0; index < plan.rulesetsPerWorld && tally.probes < plan.probes; index++) {
      const seed = (base ^ ((index + 1) * 65537)) | 0;
      const backend = index % plan.nftEvery === plan.nftEvery - 1 ? "nft" : "legacy";
      const ruleset = draw(loadArbitrary(backend), seed);
      const sequences = drawSequences(plan.sequencesPerRuleset, seed);
      disagreements.push(...(await runner.run(world, ruleset, sequences, index % 2 === 1)));
      if (disagreements.length >= plan.enough) break;
    }
    report?.(tally);
  }
  return { tally, disagreements, runner };
}

/** `5012 probes compared … 0 disagreements`, for the end of a run. */
export function summary({ tally, disagreements }: CampaignResult, seconds: number): string {
  const outcomes = [...tally.outcomes.entries()].map(([name, count]) => `${count} ${name}`).join(", ");
  return [
    `${tally.probes} probes compared with the kernel in ${seconds.toFixed(1)} s (${Math.round(tally.probes / seconds)}/s):`,
    `${outcomes}; ${tally.rulesets} rulesets (${tally.refused} more refused by the tools),`,
    `${tally.branching} probes with several possible ends, ${tally.excused} answers withheld by rate limits;`,
    `${disagreements.length} disagreements (${tally.unrepeated} more did not happen again)`,
  ].join(" ");
}
