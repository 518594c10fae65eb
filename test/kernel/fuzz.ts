import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { campaign, kindsOf, PLAN, summary } from "./fuzz/campaign.ts";
import { printRegression } from "./fuzz/case.ts";
import { describeDisagreement } from "./fuzz/describe.ts";
import { type Disagreement, Runner } from "./fuzz/runner.ts";
import { shrink } from "./fuzz/shrink.ts";
import { newTally, type Tally } from "./fuzz/tally.ts";
import { wordsMet } from "./fuzz/words-met.ts";
import { WORLD_KINDS } from "./fuzz/worlds/all.ts";
import { whyNoKernel } from "./harness/kernel-available.ts";
import { Oracle } from "./harness/oracle-client.ts";

/**
 * `npm run fuzz`: random worlds, rulesets and packets on the real kernel and on podpath, from a fresh seed. A disagreement
 * is made small and written to `test/kernel/regressions/`, where the tests replay it from then on. With `--readers`: texts made
 * of real outputs, on the readers; that needs no kernel. With `--bird`: random labs of real BIRDs against the emulated ones.
 */
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    from: { type: "string", default: "0" },
    probes: { type: "string" },
    minutes: { type: "string" },
    world: { type: "string" },
    family: { type: "string" },
    enough: { type: "string", default: "5" },
    "no-write": { type: "boolean", default: false },
    readers: { type: "boolean", default: false },
    inputs: { type: "string", default: "1000000" },
    bird: { type: "boolean", default: false },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What differs, without the numbers. */
function kindOf({ differences }: Disagreement): string {
  return (differences[0] ?? "").replaceAll(/\d+/g, "#").slice(0, 80);
}

async function main(): Promise<number> {
  if (values.readers) {
    const { reportFuzz } = await import("../readers/fuzz/report.ts");
    const from = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
    return (await reportFuzz(Number(values.inputs), from, say)) ? 0 : 1;
  }
  if (values.bird) {
    const { labCampaign } = await import("./bird/labs/campaign.ts");
    const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
    const until = Date.now() + Number(values.minutes ?? 1) * 60_000;
    return (await labCampaign({ seed, until, keep: !values["no-write"], say })) ? 0 : 1;
  }
  const family = values.family === undefined ? null : values.family === "6" ? 6 : 4;
  const kinds = kindsOf(values.world ?? null, family);
  if (kinds.length === 0) {
    say(`there is no such kind of world; there are ${WORLD_KINDS.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  const reason = await whyNoKernel();
  if (reason !== null) {
    say(`The fuzz needs the real kernel: ${reason}`);
    return 2;
  }
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
  say(`seed ${seed}`);
  const oracle = new Oracle();
  try {
    const started = Date.now();
    const minutes = values.minutes === undefined ? null : Number(values.minutes);
    const plan = {
      ...PLAN,
      kinds,
      seed,
      from: Number(values.from),
      probes:
        values.probes !== undefined ? Number(values.probes) : minutes === null ? 20_000 : Number.POSITIVE_INFINITY,
      until: minutes === null ? PLAN.until : started + minutes * 60_000,
      enough: Number(values.enough),
    };
    const seen = new Set<string>();
    const found = async (disagreement: Disagreement): Promise<void> => {
      say(`\nfound in ${disagreement.case.world.kind}:\n${disagreement.differences.join("\n")}`);
      const kind = kindOf(disagreement);
      // One of each kind.
      if (seen.has(kind)) return;
      const index = seen.size;
      seen.add(kind);
      const small = await shrink(new Runner(oracle, newTally()), disagreement);
      say(`\n${describeDisagreement(small)}`);
      if (values["no-write"]) return;
      const name = `seed-${seed}-${index}.json`;
      const regression = printRegression({ found: small.differences.join("\n"), case: small.case });
      writeFileSync(fileURLToPath(new URL(`regressions/${name}`, import.meta.url)), regression);
      say(`written to test/kernel/regressions/${name}`);
    };
    let done = "nothing";
    const worldDone = ({ probes }: Tally, number: number): void => {
      done = `worlds ${values.from} to ${number}`;
      if (process.stdout.isTTY) process.stdout.write(`\r${probes} probes, ${done} `);
    };
    const result = await campaign(oracle, plan, { worldDone, found });
    if (result.tally.lastRefusal !== "") say(`last refusal: ${result.tally.lastRefusal}`);
    for (const passed of result.tally.passed) say(`did not happen again: ${passed}`);
    for (const passed of result.tally.countersPassed) say(`counted otherwise only together: ${passed}`);
    say(`seed ${seed}, ${done}`);
    for (const line of wordsMet(result.tally)) say(line);
    say(summary(result, (Date.now() - started) / 1000));
    return result.disagreements.length === 0 ? 0 : 1;
  } finally {
    await oracle.close();
  }
}

process.exitCode = await main();
