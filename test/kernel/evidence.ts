import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { campaign, kindsOf, PLAN, summary } from "./fuzz/campaign.ts";
import { CI_CAMPAIGNS } from "./fuzz/ci-campaigns.ts";
import { Oracle } from "./harness/oracle-client.ts";

/**
 * `npm run evidence`: the campaigns of CI, counting what each compared probe exercised, written to `test/kernel/evidence.json`.
 * `--share 0.5` runs half of their probes. Probes that the two sides disagree about count for nothing.
 */
const { values } = parseArgs({ options: { share: { type: "string", default: "1" } } });
const oracle = new Oracle();
try {
  const { kernel } = await oracle.capabilities();
  const total = new Map<string, number>();
  const campaigns: { kind: string; seed: number; probes: number; disagreements: number }[] = [];
  for (const { kind, seed, probes } of CI_CAMPAIGNS) {
    const started = Date.now();
    const wanted = Math.ceil(probes * Number(values.share));
    const result = await campaign(oracle, { ...PLAN, kinds: kindsOf(kind, null), seed, probes: wanted });
    process.stdout.write(`${kind}, seed ${seed}: ${summary(result, (Date.now() - started) / 1000)}\n`);
    for (const { differences } of result.disagreements) process.stdout.write(`  ${differences[0]}\n`);
    campaigns.push({ kind, seed, probes: result.tally.probes, disagreements: result.disagreements.length });
    for (const [feature, count] of result.tally.features) total.set(feature, (total.get(feature) ?? 0) + count);
  }
  const features = Object.fromEntries([...total].sort(([x], [y]) => (x < y ? -1 : 1)));
  const file = new URL("evidence.json", import.meta.url);
  writeFileSync(file, `${JSON.stringify({ kernel, campaigns, features }, null, 2)}\n`);
} finally {
  await oracle.close();
}
