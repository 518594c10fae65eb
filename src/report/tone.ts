import { decisiveJourney } from "../analysis/journeys.ts";
import type { Run } from "../trace/result.ts";
import type { Ink } from "./ink.ts";

/** How good the news is. */
export type Tone = "good" | "bad" | "doubtful";

/** By what the sender saw, or where nobody waited for an answer, by what became of the packet. */
export function outcomeTone(run: Run): Tone {
  if (run.report !== null) return run.report.result === "answered" ? "good" : "bad";
  return decisiveJourney(run)?.end?.ending.outcome === "delivered" ? "good" : "bad";
}

export function toned(tone: Tone, ink: Ink): (text: string) => string {
  return tone === "good" ? ink.good : tone === "bad" ? ink.bad : ink.doubtful;
}
