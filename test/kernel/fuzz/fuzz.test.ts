import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { campaign, PLAN, summary } from "./campaign.ts";
import { parseRegression } from "./case.ts";
import { rulesetText } from "./ruleset.ts";
import { type Disagreement, newTally, Runner } from "./runner.ts";
import { STATE_RULES, TCP_WORLD, tcpSequenceArbitrary } from "./tcp.ts";

const available = await kernelAvailable();

/** Fresh seeds are what `npm run fuzz` is for. */
const SEEDS = [101, 102, 103] as const;
const PROBES = 2000;

const REGRESSIONS = new URL("../regressions/", import.meta.url);

function text({ case: { world, backend, sets, tables, sequence }, at, differences }: Disagreement): string {
  const packets = sequence.map((packet, index) => `${index === at ? "> " : "  "}${JSON.stringify(packet)}`);
  return [JSON.stringify(world), backend, sets, rulesetText(tables), ...packets, ...differences].join("\n");
}

describe.skipIf(!available)("podpath and the kernel", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  it.each(SEEDS)("agree about random rulesets and packets, seed %i", async (seed) => {
    const started = Date.now();
    const result = await campaign(oracle, { ...PLAN, seed, probes: PROBES });
    process.stdout.write(`fuzz, seed ${seed}: ${summary(result, (Date.now() - started) / 1000)}\n`);
    expect(result.disagreements.map(text)).toEqual([]);
    expect(result.tally.probes).toBeGreaterThanOrEqual(PROBES);
    // A campaign in which nothing gets through, or the tools take nothing, compares little.
    expect(result.tally.outcomes.get("delivered") ?? 0).toBeGreaterThan(PROBES / 5);
    expect(result.tally.unrepeated).toBeLessThanOrEqual(PROBES / 500);
    expect(result.tally.refused).toBeLessThan(result.tally.rulesets / 5);
  });

  it("agree about the conntrack state of every segment of random TCP flows", async () => {
    const started = Date.now();
    const tally = newTally();
    const flows = fc.sample(tcpSequenceArbitrary, { seed: 1, numRuns: 700 });
    const ruleset = { backend: "legacy", sets: "", tables: STATE_RULES } as const;
    const found = await new Runner(oracle, tally).run(TCP_WORLD, ruleset, flows);
    const seconds = (Date.now() - started) / 1000;
    process.stdout.write(
      `TCP flows: ${tally.probes} segments compared with the kernel in ${seconds.toFixed(1)} s; ${found.length} disagreements\n`,
    );
    expect(found.map(text)).toEqual([]);
  });

  const regressions = readdirSync(REGRESSIONS).filter((name) => name.endsWith(".json"));
  it.each(regressions)("agree about what they once differed about: %s", async (name) => {
    const { case: once } = parseRegression(readFileSync(new URL(name, REGRESSIONS), "utf8"));
    const found = await new Runner(oracle, newTally()).run(once.world, once, [once.sequence]);
    expect(found.map(text)).toEqual([]);
  });
});
