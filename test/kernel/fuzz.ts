import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { campaign, kindsOf, PLAN, summary } from "./fuzz/campaign.ts";
import { printRegression } from "./fuzz/case.ts";
import { describeDisagreement } from "./fuzz/describe.ts";
import type { Disagreement } from "./fuzz/runner.ts";
import { shrink } from "./fuzz/shrink.ts";
import { WORLD_KINDS } from "./fuzz/worlds/all.ts";
import { whyNoKernel } from "./harness/kernel-available.ts";
import { Oracle } from "./harness/oracle-client.ts";

/**
 * `npm run fuzz`: random worlds, rulesets and packets on the real kernel and on podpath, from a fresh seed. A disagreement
 * is made small and written to `test/kernel/regressions/`, where the tests replay it from then on. With `--readers`: texts made
 * of real outputs, on the readers; that needs no kernel.
 */
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    probes: { type: "string" },
    minutes: { type: "string" },
    world: { type: "string" },
    family: { type: "string" },
    enough: { type: "string", default: "5" },
    "no-write": { type: "boolean", default: false },
    readers: { type: "boolean", default: false },
    inputs: { type: "string", default: "1000000" },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One of each kind: what differs, without the numbers. */
function ofEachKind(disagreements: readonly Disagreement[]): readonly Disagreement[] {
  const kinds = new Map<string, Disagreement>();
  for (const found of disagreements) {
    const kind = (found.differences[0] ?? "").replaceAll(/\d+/g, "#").slice(0, 80);
    if (!kinds.has(kind)) kinds.set(kind, found);
  }
  return [...kinds.values()];
}

async function main(): Promise<number> {
  if (values.readers) {
    const { reportFuzz } = await import("../readers/fuzz/report.ts");
    const from = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
    return (await reportFuzz(Number(values.inputs), from, say)) ? 0 : 1;
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
      probes:
        values.probes !== undefined ? Number(values.probes) : minutes === null ? 20_000 : Number.POSITIVE_INFINITY,
      until: minutes === null ? PLAN.until : started + minutes * 60_000,
      enough: Number(values.enough),
    };
    const result = await campaign(oracle, plan, ({ probes }) => {
      if (process.stdout.isTTY) process.stdout.write(`\r${probes} probes `);
    });
    if (result.tally.lastRefusal !== "") say(`last refusal: ${result.tally.lastRefusal}`);
    say(summary(result, (Date.now() - started) / 1000));
    for (const [index, found] of ofEachKind(result.disagreements).entries()) {
      say(`\nfound:\n${found.differences.join("\n")}`);
      const small = await shrink(result.runner, found);
      say(`\n${describeDisagreement(small)}`);
      if (values["no-write"]) continue;
      const name = `seed-${seed}-${index}.json`;
      const regression = printRegression({ found: small.differences.join("\n"), case: small.case });
      writeFileSync(fileURLToPath(new URL(`regressions/${name}`, import.meta.url)), regression);
      say(`written to test/kernel/regressions/${name}`);
    }
    return result.disagreements.length === 0 ? 0 : 1;
  } finally {
    await oracle.close();
  }
}

process.exitCode = await main();
