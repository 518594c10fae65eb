import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MATCH_FIDELITY, TARGET_FIDELITY } from "../../../src/linux/fidelity.ts";
import { DECLARED, readEvidence } from "../../docs/fidelity-text.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { summary } from "./campaign.ts";
import { parseRegression } from "./case.ts";
import { CI_CAMPAIGNS, type CiCampaign } from "./ci-campaigns.ts";
import { describeDisagreement } from "./describe.ts";
import { type CampaignEnd, runCampaigns } from "./run-campaigns.ts";
import { Runner } from "./runner.ts";
import { newTally } from "./tally.ts";

const available = await kernelAvailable();

const REGRESSIONS = new URL("../regressions/", import.meta.url);

const EVIDENCE = readEvidence();

/** Fewer recorded probes than these say nothing about another run. */
const RARE = 10;

/**
 * What the evidence has of a feature: whether facts hold it, and whether so few probes of campaigns met it that they may fall to other draws
 * when a generator changes, or to a sequence that a busy machine delays.
 */
function recorded(feature: string): { readonly isHeld: boolean; readonly isRare: boolean } {
  const counts = Object.entries(EVIDENCE.features[feature] ?? {});
  const ofCampaigns = counts.filter(([source]) => !source.startsWith("facts/"));
  return {
    isHeld: ofCampaigns.length < counts.length,
    isRare: ofCampaigns.reduce((sum, [, count]) => sum + count, 0) < RARE,
  };
}

/** Words that no campaign meets, and why. */
const UNMET: Readonly<Record<string, string>> = {
  "match bpf":
    "drawn so seldom that campaigns of this length meet it by chance: once, or not at all (facts/rare-extensions)",
  "match frag":
    "drawn, but next to each ruleset of rare words has connection tracking, TPROXY or socket join what it would match (facts/ipv6-extension-headers)",
  "match nfacct": "its object is made by netlink, for which there is no tool here (facts/rare-extensions)",
};

describe.skipIf(!available)("podpath and the kernel", () => {
  let oracle: Oracle;
  let ends: ReadonlyMap<CiCampaign, Promise<CampaignEnd>> | null = null;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const met = new Map<string, number>();

  it.each(CI_CAMPAIGNS)("agree about random worlds, rulesets and packets: $kind, seed $seed", async (planned) => {
    const { kind, seed, probes, open, refused, delivered } = planned;
    // All of them start with the first that is asked for.
    ends ??= runCampaigns(CI_CAMPAIGNS);
    const end = await ends.get(planned);
    if (end === undefined || "failure" in end) throw end?.failure ?? new Error("it was not run");
    const { result, seconds } = end;
    process.stdout.write(`fuzz, ${kind}, seed ${seed}: ${summary(result, seconds)}\n`);
    for (const passed of result.tally.passed) process.stdout.write(`  did not happen again: ${passed}\n`);
    for (const [feature, count] of result.tally.features) met.set(feature, (met.get(feature) ?? 0) + count);
    expect(result.disagreements.slice(open).map(describeDisagreement)).toEqual([]);
    expect(result.tally.probes).toBeGreaterThanOrEqual(probes);
    expect(result.tally.outcomes.get("delivered") ?? 0).toBeGreaterThan(probes * delivered);
    // In a short campaign two that a busy machine delayed say nothing.
    expect(result.tally.passed.length).toBeLessThanOrEqual(probes / 500 + 2);
    expect(result.tally.countersPassed.length).toBeLessThanOrEqual(result.tally.rulesets / 100 + 1);
    expect(result.tally.refused).toBeLessThan(result.tally.rulesets * refused);
  });

  it("met every part that is called verified because of campaigns alone", () => {
    const missed = DECLARED.flatMap(({ word, table }) =>
      Object.entries(table).flatMap(([name, standing]) => {
        const feature = `${word} ${name}`;
        const { isHeld, isRare } = recorded(feature);
        return standing === null && !isHeld && !isRare && !met.has(feature) ? [feature] : [];
      }),
    );
    const unverified = DECLARED.flatMap(({ word, table }) =>
      Object.entries(table).flatMap(([name, reason]) => (reason === null ? [] : [`${word} ${name}`])),
    );
    process.stdout.write(`unverified: ${unverified.join(", ")}\n`);
    expect(missed).toEqual([]);
  });

  it("met every match and target that is held against the kernel", () => {
    const words = [
      ...Object.entries(MATCH_FIDELITY).map(([name, standing]) => [`match ${name}`, standing] as const),
      ...Object.entries(TARGET_FIDELITY).map(([name, standing]) => [`target ${name}`, standing] as const),
    ].filter(([, standing]) => standing === null);
    expect(words.map(([word]) => word)).toEqual(expect.arrayContaining(Object.keys(UNMET)));
    const missed = words.flatMap(([word]) => {
      const { isHeld, isRare } = recorded(word);
      return met.has(word) || word in UNMET || (isHeld && isRare) ? [] : [word];
    });
    expect(missed).toEqual([]);
  });

  const regressions = readdirSync(REGRESSIONS).filter((name) => name.endsWith(".json"));
  it.each(regressions)("agree about what they once differed about: %s", async (name) => {
    const { case: once } = parseRegression(readFileSync(new URL(name, REGRESSIONS), "utf8"));
    const found = await new Runner(oracle, newTally()).run(once.world, once.rulesets, [once.sequence]);
    expect(found.map(describeDisagreement)).toEqual([]);
  });
});
