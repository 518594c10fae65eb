import { appendFileSync } from "node:fs";
import type { Round } from "./duel.ts";
import { featuresOf } from "./features.ts";

/** The file that evidence is appended to, one line per test file; without it nothing is counted. */
const file = process.env["PODPATH_EVIDENCE"];

const features = new Map<string, number>();
let probes = 0;
/** Probes that the two sides disagree about, by the test that says so. */
const differing = new Map<string, number>();
let test = "";

/** Says which test's probes are counted from now on. */
export function countFor(name: string): void {
  test = name;
}

/** Counts a compared probe, and what it met if both sides agreed about it. */
export function countMet(round: Round): void {
  if (file === undefined) return;
  probes++;
  if (round.differences.length > 0) {
    differing.set(test, (differing.get(test) ?? 0) + 1);
    return;
  }
  for (const feature of featuresOf(round, round.answer.network)) {
    features.set(feature, (features.get(feature) ?? 0) + 1);
  }
}

/** Appends what a test file has counted; the next one in the same process begins anew. */
export function writeMet(source: string): void {
  if (file === undefined || probes === 0) return;
  const line = { source, probes, differing: Object.fromEntries(differing), features: Object.fromEntries(features) };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
  features.clear();
  probes = 0;
  differing.clear();
}
