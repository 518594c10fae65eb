import type { PlayedProbe } from "../analysis/run-scenario.ts";
import { commonResult } from "../trace/result.ts";
import type { Ink } from "./ink.ts";

const RESULTS = ["answered", "refused", "unreachable", "timeout", "mixed"] as const;

/** How many probes of each kind gave which result, as a table. */
export function probeCounts(probes: readonly PlayedProbe[], ink: Ink): readonly string[] {
  const rows = new Map<string, Map<string, number>>();
  for (const { prepared, answer } of probes) {
    if (prepared === null || answer === null) continue;
    const row = rows.get(prepared.kind) ?? new Map<string, number>();
    const result = commonResult(answer) ?? "mixed";
    row.set(result, (row.get(result) ?? 0) + 1);
    rows.set(prepared.kind, row);
  }
  const used = RESULTS.filter((result) => [...rows.values()].some((row) => row.has(result)));
  const head = `  ${"".padEnd(12)}${used.map((result) => result.padStart(13)).join("")}`;
  const lines = [...rows].map(([kind, row]) => {
    const cells = used.map((result) => {
      const count = row.get(result) ?? 0;
      const text = (count === 0 ? "-" : String(count)).padStart(13);
      return count === 0 ? ink.faint(text) : text;
    });
    return `  ${kind.padEnd(12)}${cells.join("")}`;
  });
  return [ink.faint(head), ...lines];
}
