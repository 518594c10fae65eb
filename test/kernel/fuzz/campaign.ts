import fc from "fast-check";
import type { Family } from "../../../src/net/address.ts";
import type { Oracle } from "../harness/oracle-client.ts";
import { type Disagreement, Runner } from "./runner.ts";
import { newTally, type Tally } from "./tally.ts";
import type { WorldKind } from "./world-kind.ts";
import { WORLD_KINDS } from "./worlds/all.ts";

/** How a campaign spends its probes. */
export interface Plan {
  readonly seed: number;
  /** Number of the first world: those before it are left out. */
  readonly from: number;
  readonly probes: number;
  /** Kinds of world, one after the other, round and round. */
  readonly kinds: readonly WorldKind[];
  /** Rulesets for one world. */
  readonly rulesetsPerWorld: number;
  readonly sequencesPerRuleset: number;
  /** One ruleset of so many is loaded through the nft backend, which is five times slower. */
  readonly nftEvery: number;
  /** One legacy ruleset of so many may have matches that count, so that every sequence needs it loaded anew. */
  readonly statefulEvery: number;
  /** Ends early after so many disagreements. */
  readonly enough: number;
  /** Ends at that time, in milliseconds since the epoch. */
  readonly until: number;
}

export const PLAN: Plan = {
  seed: 1,
  from: 0,
  probes: 5000,
  kinds: WORLD_KINDS,
  rulesetsPerWorld: 12,
  sequencesPerRuleset: 14,
  nftEvery: 6,
  statefulEvery: 3,
  enough: 20,
  until: Number.POSITIVE_INFINITY,
};

/** The kinds of that name, and those that have worlds of that family; null stands for all. */
export function kindsOf(name: string | null, family: Family | null): readonly WorldKind[] {
  return WORLD_KINDS.filter(
    (kind) => (name === null || kind.name === name) && (family === null || kind.families.includes(family)),
  );
}

/** The same value for the same seed, whatever was drawn before. */
function draw<T>(arbitrary: fc.Arbitrary<T>, seed: number): T {
  const [value] = fc.sample(arbitrary, { seed, numRuns: 1 });
  if (value === undefined) throw new Error("nothing was drawn");
  return value;
}

export interface CampaignResult {
  readonly tally: Tally;
  readonly disagreements: readonly Disagreement[];
}

/** Who hears of a campaign while it goes on. */
export interface CampaignListener {
  worldDone(tally: Tally, number: number): void;
  /** May use the oracle: the namespaces are built anew behind it. */
  found(disagreement: Disagreement): Promise<void>;
}

/** Random worlds, rulesets and packets until the plan's probes or its time are spent. */
export async function campaign(oracle: Oracle, plan: Plan, listener?: CampaignListener): Promise<CampaignResult> {
  const tally = newTally();
  const runner = new Runner(oracle, tally);
  const disagreements: Disagreement[] = [];
  const isDone = (): boolean =>
    tally.probes >= plan.probes || disagreements.length >= plan.enough || Date.now() >= plan.until;
  for (let number = plan.from; !isDone(); number++) {
    const kind = plan.kinds[number % plan.kinds.length];
    if (kind === undefined) throw new Error("a plan needs a kind of world");
    const base = (plan.seed * 1_000_003 + number * 7919) | 0;
    const world = draw(kind.worlds, base);
    try {
      await runner.build(world);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // Routes that contradict each other: the kernel refuses a gateway that it cannot reach over the device.
      if (!/Nexthop has invalid gateway|RTNETLINK answers: No route to host/.test(message)) {
        throw new Error(`world ${number} (${kind.name}) of seed ${plan.seed} cannot be built: ${message}`);
      }
      tally.refused++;
      tally.lastRefusal = message;
      continue;
    }
    const rulesetsPerWorld = kind.rulesetsPerWorld ?? plan.rulesetsPerWorld;
    // Backends and words that count come round over several worlds where one has few rulesets.
    const first = kind.rulesetsPerWorld === null ? 0 : number * rulesetsPerWorld;
    for (let index = first; index < first + rulesetsPerWorld && !isDone(); index++) {
      const seed = (base ^ ((index + 1) * 65537)) | 0;
      const backend = index % plan.nftEvery === plan.nftEvery - 1 ? "nft" : "legacy";
      const stateful = backend === "legacy" && index % plan.statefulEvery === 0;
      const rulesets = draw(world.rulesets({ backend, stateful }), seed);
      const sequences = fc.sample(world.sequences(), { seed, numRuns: plan.sequencesPerRuleset });
      const found = await runner.run(world, rulesets, sequences, index % 2 === 1);
      disagreements.push(...found);
      if (found.length === 0 || listener === undefined) continue;
      for (const disagreement of found) await listener.found(disagreement);
      await runner.build(world);
    }
    listener?.worldDone(tally, number);
  }
  return { tally, disagreements };
}

/** `5012 probes compared … 0 disagreements`, for the end of a run. */
export function summary({ tally, disagreements }: CampaignResult, seconds: number): string {
  const counts = (of: ReadonlyMap<string, number>): string =>
    [...of.entries()].map(([name, count]) => `${count} ${name}`).join(", ");
  return [
    `${tally.probes} probes compared with the kernel in ${seconds.toFixed(1)} s (${Math.round(tally.probes / seconds)}/s):`,
    `${counts(tally.outcomes)} (${counts(tally.kinds)}); ${tally.rulesets} rulesets (${tally.refused} more refused by the tools), counters compared ${tally.counted} times,`,
    `${tally.branching} probes with several possible ends, ${tally.inTunnels} with nat rules of a tunnel that are not compared, ${tally.loops} that went round for ever, ${tally.proxied} that SYNPROXY took, ${tally.cut} with more ends than are walked, ${tally.lost} whose trace the kernel lost, ${tally.otherInstants} by the bounds of what is known of their time;`,
    `${disagreements.length} disagreements (${tally.passed.length} more did not happen again,`,
    `nor did ${tally.countersPassed.length} of whole rulesets' counters)`,
  ].join(" ");
}
