import { decisiveJourney } from "../analysis/journeys.ts";
import type { Run } from "../trace/result.ts";
import type { Ink } from "./ink.ts";

/** How good the news is. */
export type Tone = "good" | "bad" | "doubtful";

/** By what the sender saw, or where nobody waited for an answer, by what became of the packet. */
export function outcomeTone(run: Run): Tone {
  if (run.report !== null) return run.report.result === "answered" ? "good" : "bad";
  const outcome = decisiveJourney(run)?.end?.ending.outcome;
  // what became of it after it left the dumped machines, nobody knows
  return outcome === "delivered" ? "good" : outcome === "left" ? "doubtful" : "bad";
}

export function toned(tone: Tone, ink: Ink): (text: string) => string {
  return tone === "good" ? ink.good : tone === "bad" ? ink.bad : ink.doubtful;
}
