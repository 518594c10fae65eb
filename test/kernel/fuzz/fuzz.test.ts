import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { campaign, kindsOf, PLAN, summary } from "./campaign.ts";
import { parseRegression } from "./case.ts";
import { describeDisagreement } from "./describe.ts";
import { Runner } from "./runner.ts";
import { newTally } from "./tally.ts";

const available = await kernelAvailable();

/** Fresh seeds are what `npm run fuzz` is for. */
const CAMPAIGNS = [
  ["router", 101, 2000],
  ["router", 102, 2000],
  ["router", 103, 2000],
  ["tcp-flows", 1, 4900],
] as const;

const REGRESSIONS = new URL("../regressions/", import.meta.url);

describe.skipIf(!available)("podpath and the kernel", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  it.each(CAMPAIGNS)("agree about random worlds, rulesets and packets: %s, seed %i", async (kind, seed, probes) => {
    const started = Date.now();
    const result = await campaign(oracle, { ...PLAN, kinds: kindsOf(kind, null), seed, probes });
    process.stdout.write(`fuzz, ${kind}, seed ${seed}: ${summary(result, (Date.now() - started) / 1000)}\n`);
    expect(result.disagreements.map(describeDisagreement)).toEqual([]);
    expect(result.tally.probes).toBeGreaterThanOrEqual(probes);
    // A campaign in which nothing gets through, or the tools take nothing, compares little.
    expect(result.tally.outcomes.get("delivered") ?? 0).toBeGreaterThan(probes / 5);
    expect(result.tally.unrepeated).toBeLessThanOrEqual(probes / 500);
    expect(result.tally.refused).toBeLessThan(result.tally.rulesets / 5);
  });

  const regressions = readdirSync(REGRESSIONS).filter((name) => name.endsWith(".json"));
  it.each(regressions)("agree about what they once differed about: %s", async (name) => {
    const { case: once } = parseRegression(readFileSync(new URL(name, REGRESSIONS), "utf8"));
    const found = await new Runner(oracle, newTally()).run(once.world, once.rulesets, [once.sequence]);
    expect(found.map(describeDisagreement)).toEqual([]);
  });
});
