import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kernelAvailable } from "../../harness/kernel-available.ts";
import { Oracle } from "../../harness/oracle-client.ts";
import { compareLookUps } from "./compare.ts";
import { lookUpKey, routingWorld } from "./world.ts";

const available = await kernelAvailable();

const SEEDS = [1, 2, 3] as const;
const WORLDS = 40;
const KEYS = 150;

describe.skipIf(!available)("RTM_GETROUTE and podpath", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  it.each(SEEDS)("agree about routes, sources and errors in random tables and rules, seed %i", async (seed) => {
    const worlds = fc.sample(routingWorld, { seed, numRuns: WORLDS });
    const keys = fc.sample(fc.array(lookUpKey, { minLength: KEYS, maxLength: KEYS }), { seed, numRuns: WORLDS });
    const differences: string[] = [];
    const kinds = new Map<string, number>();
    let branching = 0;
    for (const [index, world] of worlds.entries()) {
      // Every other host is read without its local table.
      const round = await compareLookUps(oracle, world, keys[index] ?? [], index % 2 === 1);
      branching += round.branching;
      for (const [kind, count] of round.answers) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
      for (const difference of round.differences) differences.push(JSON.stringify({ world, ...difference }));
    }
    const total = [...kinds.values()].reduce((sum, count) => sum + count, 0);
    process.stdout.write(
      `look-ups, seed ${seed}: ${total} compared with the kernel, ${branching} with several possible answers; ${JSON.stringify(Object.fromEntries(kinds))}\n`,
    );
    expect(differences).toEqual([]);
    expect(total).toBeGreaterThan((WORLDS * KEYS) / 2);
    // What is always refused compares little, and an answer with every possible end compares nothing.
    expect((kinds.get("unicast") ?? 0) + (kinds.get("local") ?? 0)).toBeGreaterThan(total / 5);
    expect(branching).toBeLessThan(total / 20);
  });
});
