import { appendFileSync } from "node:fs";
import type { Round } from "./duel.ts";
import { featuresOf } from "./features.ts";

/** The file that evidence is appended to, one line per test file; without it nothing is counted. */
const file = process.env["PODPATH_EVIDENCE"];

const features = new Map<string, number>();
let probes = 0;
let disagreements = 0;

/** Counts a compared probe, and what it met if both sides agreed about it. */
export function countMet(round: Round): void {
  if (file === undefined) return;
  probes++;
  if (round.differences.length > 0) {
    disagreements++;
    return;
  }
  for (const feature of featuresOf(round, round.answer.network)) {
    features.set(feature, (features.get(feature) ?? 0) + 1);
  }
}

/** Appends what was counted since this process of a test file began. */
export function writeMet(source: string): void {
  if (file === undefined || probes === 0) return;
  const line = { source, probes, disagreements, features: Object.fromEntries(features) };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}
