import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { campaign, PLAN, summary } from "./fuzz/campaign.ts";
import type { Regression } from "./fuzz/case.ts";
import { rulesetText } from "./fuzz/ruleset.ts";
import type { Disagreement } from "./fuzz/runner.ts";
import { shrink } from "./fuzz/shrink.ts";
import { whyNoKernel } from "./harness/kernel-available.ts";
import { Oracle } from "./harness/oracle-client.ts";

/**
 * `npm run fuzz`: random rulesets and packets on the real kernel and on podpath, from a fresh seed. A disagreement is made
 * small and written to `test/kernel/regressions/`, where the tests replay it from then on.
 */
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    probes: { type: "string", default: "20000" },
    enough: { type: "string", default: "5" },
    "no-write": { type: "boolean", default: false },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function show({ case: small, at, differences }: Disagreement): void {
  say(`\nworld ${JSON.stringify(small.world)}\nbackend ${small.backend}\n${small.sets}${rulesetText(small.tables)}`);
  small.sequence.forEach((packet, index) => {
    say(`${index === at ? ">" : " "} ${JSON.stringify(packet)}`);
  });
  for (const line of differences) say(`  ${line}`);
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
    const plan = { ...PLAN, seed, probes: Number(values.probes), enough: Number(values.enough) };
    const result = await campaign(oracle, plan, ({ probes }) => {
      if (process.stdout.isTTY) process.stdout.write(`\r${probes} probes `);
    });
    if (result.tally.lastRefusal !== "") say(`last refusal: ${result.tally.lastRefusal}`);
    say(summary(result, (Date.now() - started) / 1000));
    for (const [index, found] of ofEachKind(result.disagreements).entries()) {
      const small = await shrink(result.runner, found);
      show(small);
      if (values["no-write"]) continue;
      const name = `seed-${seed}-${index}.json`;
      const regression: Regression = { found: small.differences.join("\n"), case: small.case };
      writeFileSync(
        fileURLToPath(new URL(`regressions/${name}`, import.meta.url)),
        `${JSON.stringify(regression, null, 2)}\n`,
      );
      say(`written to test/kernel/regressions/${name}`);
    }
    return result.disagreements.length === 0 ? 0 : 1;
  } finally {
    await oracle.close();
  }
}

process.exitCode = await main();
