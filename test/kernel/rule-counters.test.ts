import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Family } from "../../src/net/address.ts";
import { rulesetText } from "./fuzz/ruleset.ts";
import type { World } from "./fuzz/world-kind.ts";
import { router } from "./fuzz/worlds/router.ts";
import { Duel, kernelMemory, type Round } from "./harness/duel.ts";
import { kernelAvailable } from "./harness/kernel-available.ts";
import { ipSetsOf, networkOf, rulesetOf } from "./harness/lab.ts";
import { toBuildRequest } from "./harness/network-to-oracle.ts";
import { Oracle, Refused } from "./harness/oracle-client.ts";
import { muted, withHost } from "./harness/podpath-network.ts";
import { countLines, ruleCounts, savedCounts } from "./harness/rule-counts.ts";

const available = await kernelAvailable();
const WORLDS = 2;
const RULESETS = 10;
const SEQUENCES = 4;

function draw<T>(arbitrary: fc.Arbitrary<T>, seed: number, count: number): readonly T[] {
  return fc.sample(arbitrary, { seed, numRuns: count });
}

/** Compares the counters after every sequence; returns how many were compared. */
async function compareCounters(oracle: Oracle, world: World, backend: "legacy" | "nft", seed: number): Promise<number> {
  const plain = networkOf(world.lab());
  await oracle.build(toBuildRequest(plain, { mute: world.mute() }));
  const network = muted(plain, world.mute());
  // The kernel's limits on ICMP errors outlive rules and connections.
  const memory = kernelMemory();
  let compared = 0;
  for (const [ruleset] of draw(world.rulesets({ backend, stateful: true }), seed, RULESETS)) {
    if (ruleset === undefined) continue;
    const { host, family, sets, tables } = ruleset;
    const text = rulesetText(tables);
    for (const sequence of draw(world.sequences(), seed, SEQUENCES)) {
      try {
        await oracle.flush();
        await oracle.reset(host);
        await oracle.load({ host, family, backend, text, ...(sets === "" ? {} : { ipsets: sets }) });
      } catch (error) {
        if (error instanceof Refused) break;
        throw error;
      }
      const counts = ruleCounts();
      const read = withHost(network, host, {
        rulesets: rulesetOf({ family, backend, text }, network.origins),
        ipSets: ipSetsOf(sets, network.origins),
      });
      const unheard = { count: () => undefined, countPolicy: () => undefined };
      const duel = new Duel(oracle, read, false, memory, (name) => (name === host ? counts : unheard));
      duel.clockRuns = true;
      let whole = true;
      for (const [at, packet] of sequence.entries()) {
        if (packet.icmpInner !== undefined || packet.replyTo !== undefined) break;
        const round = await duel.ask({ ...packet, fresh: at === 0 });
        whole = round !== null && countsAlike(round);
        if (!whole) break;
      }
      if (!whole) continue;
      const saved = await oracle.exec(host, [saveTool(family, backend), "-c"]);
      // A legacy table that was registered before counts on, though the text does not have it.
      const loaded = tables.map(({ name }) => name);
      expect([text, countLines(counts.counts, loaded)]).toEqual([text, countLines(savedCounts(saved.stdout), loaded)]);
      compared++;
    }
  }
  return compared;
}

/** A branch, a difference or a neighbour that is waited for counts what the kernel does not, or not yet. */
function countsAlike({ kernel, branches, differences }: Round): boolean {
  const [only, ...others] = branches;
  if (only === undefined || others.length > 0 || differences.length > 0) return false;
  return !kernel.pending && !only.pending && !only.late && !only.merged;
}

function saveTool(family: Family, backend: "legacy" | "nft"): string {
  return `${family === 6 ? "ip6tables" : "iptables"}-${backend}-save`;
}

describe.skipIf(!available)("counters of rules and policies", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(async () => {
    await oracle.close();
  });

  test.each(["legacy", "nft"] as const)(
    "are those of iptables-%s-save -c after the same packets",
    async (backend) => {
      let compared = 0;
      for (const [index, world] of draw(router.worlds, 11, WORLDS).entries()) {
        compared += await compareCounters(oracle, world, backend, 100 + index);
      }
      expect(compared).toBeGreaterThan(WORLDS * RULESETS);
    },
    240_000,
  );
});
