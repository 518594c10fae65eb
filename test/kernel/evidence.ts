import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { readEvidence } from "../docs/fidelity-text.ts";
import { campaign, kindsOf, PLAN, summary } from "./fuzz/campaign.ts";
import { CI_CAMPAIGNS } from "./fuzz/ci-campaigns.ts";
import { Oracle } from "./harness/oracle-client.ts";

/**
 * `npm run evidence`: the facts and the campaigns of CI, counting what each compared probe exercised, written to
 * `test/kernel/evidence.json`. `--share 0.5` runs half of the campaigns' probes, `--facts` none: then those of the file stay. `--only NAME`
 * runs the facts of that file, `--kind router --kind mesh` the campaigns of these worlds, and all others stay. Probes that the two sides disagree about count for nothing.
 */
const { values } = parseArgs({
  options: {
    share: { type: "string", default: "1" },
    facts: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    kind: { type: "string", multiple: true },
  },
});
const FILE = new URL("evidence.json", import.meta.url);

/** What one line of a fact file's evidence holds (`harness/met.ts`). */
const line = z.object({
  source: z.string(),
  probes: z.number(),
  differing: z.record(z.string(), z.number()),
  features: z.record(z.string(), z.number()),
});

const sources: { source: string; probes: number; differing: Readonly<Record<string, number>> }[] = [];
/** Probes by feature and by where they were sent. */
const total = new Map<string, Map<string, number>>();

function add(feature: string, source: string, count: number): void {
  const counts = total.get(feature) ?? new Map<string, number>();
  total.set(feature, counts.set(source, (counts.get(source) ?? 0) + count));
}

const only = values.only ?? [];
const kinds = values.kind ?? [];

async function runFacts(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "podpath-evidence-"));
  const file = join(folder, "facts.jsonl");
  try {
    const files = only.length === 0 ? ["test/kernel/facts"] : only.map((name) => `test/kernel/facts/${name}.test.ts`);
    const facts = spawn("npx", ["vitest", "run", "--project", "kernel", ...files], {
      env: { ...process.env, PODPATH_EVIDENCE: file },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const [status] = await once(facts, "close");
    if (status !== 0) process.stdout.write("some facts failed: the probes that agreed count all the same\n");
    for (const text of readFileSync(file, "utf8").trim().split("\n")) {
      const { source, probes, differing, features } = line.parse(JSON.parse(text));
      process.stdout.write(`${source}: ${probes} probes\n`);
      for (const [test, count] of Object.entries(differing)) process.stdout.write(`  ${count} differ: ${test}\n`);
      sources.push({ source, probes, differing });
      for (const [feature, count] of Object.entries(features)) add(feature, source, count);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runCampaigns(): Promise<string> {
  const oracle = new Oracle();
  try {
    for (const { kind, seed, probes } of CI_CAMPAIGNS) {
      if (kinds.length > 0 && !kinds.includes(kind)) continue;
      const started = Date.now();
      const wanted = Math.ceil(probes * Number(values.share));
      const result = await campaign(oracle, { ...PLAN, kinds: kindsOf(kind, null), seed, probes: wanted });
      const source = `${kind} ${seed}`;
      process.stdout.write(`${source}: ${summary(result, (Date.now() - started) / 1000)}\n`);
      for (const { differences } of result.disagreements) process.stdout.write(`  ${differences[0]}\n`);
      const found = result.disagreements.length;
      sources.push({ source, probes: result.tally.probes, differing: found === 0 ? {} : { unexplained: found } });
      for (const [feature, count] of result.tally.features) add(feature, source, count);
    }
    return (await oracle.capabilities()).kernel;
  } finally {
    await oracle.close();
  }
}

/** What the file says of everything that is not run now, taken over; answers with its kernel. */
function keepOthers(): string {
  const kept = readEvidence();
  const stays = (source: string): boolean => {
    if (kinds.length > 0) return !kinds.some((kind) => source.startsWith(`${kind} `));
    return only.length === 0 ? !source.startsWith("facts/") : !only.some((name) => source === `facts/${name}`);
  };
  sources.push(...kept.sources.filter(({ source }) => stays(source)));
  for (const [feature, counts] of Object.entries(kept.features)) {
    for (const [source, count] of Object.entries(counts)) if (stays(source)) add(feature, source, count);
  }
  return kept.kernel;
}

/** In the order of names, so that runs are easy to compare. */
function sorted<T>(entries: Iterable<readonly [string, T]>): Readonly<Record<string, T>> {
  return Object.fromEntries([...entries].sort(([x], [y]) => (x < y ? -1 : 1)));
}

async function gather(): Promise<string> {
  if (kinds.length > 0) {
    keepOthers();
    return runCampaigns();
  }
  const [kernel] = await Promise.all([values.facts || only.length > 0 ? keepOthers() : runCampaigns(), runFacts()]);
  return kernel;
}

const kernel = await gather();
sources.sort((x, y) => (x.source < y.source ? -1 : 1));
const features = sorted([...total].map(([feature, counts]) => [feature, sorted(counts)] as const));
writeFileSync(FILE, `${JSON.stringify({ kernel, sources, features }, null, 1)}\n`);
// Here, and not behind the command in package.json, which npm gives the options to that come last.
process.exitCode =
  spawnSync("npx", ["biome", "format", "--write", fileURLToPath(FILE)], { stdio: "inherit" }).status ?? 1;
