import type { PlayedProbe } from "../analysis/run-scenario.ts";
import { commonResult } from "../trace/result.ts";
import type { Ink } from "./ink.ts";

/** Rows and columns that still fit into 80 columns. */
const MOST = 20;

/** Who pings whom, as a square of marks; null where too little was asked for a square to make sense. */
export function pingMatrix(probes: readonly PlayedProbe[], ink: Ink): readonly string[] | null {
  const pings = probes.filter(({ prepared, answer }) => prepared?.kind === "ping" && answer !== null);
  const marks = new Map<string, string>();
  const names: string[] = [];
  for (const { probe, answer } of pings) {
    const { from, to } = probe.probe;
    if (!names.includes(from)) names.push(from);
    if (answer !== null) marks.set(`${from} ${to}`, markOf(commonResult(answer), ink));
  }
  const square = names.filter((name) => names.some((other) => marks.has(`${other} ${name}`)));
  const cells = square.flatMap((from) => square.filter((to) => marks.has(`${from} ${to}`)));
  if (square.length < 3 || square.length > MOST || cells.length < (square.length * (square.length - 1)) / 2)
    return null;
  const width = Math.max(...square.map((name) => name.length)) + 4;
  const numbers = square.map((_, index) => String(index + 1).padStart(3)).join("");
  const rows = square.map((from, index) => {
    const row = square.map((to) => `  ${marks.get(`${from} ${to}`) ?? ink.faint("·")}`).join("");
    return `  ${`${String(index + 1).padStart(2)} ${from}`.padEnd(width)}${row}`;
  });
  return [`  ${"".padEnd(width)}${ink.faint(numbers)}`, ...rows];
}

function markOf(result: string | null, ink: Ink): string {
  if (result === "answered") return ink.good("✓");
  return result === null ? ink.doubtful("?") : ink.bad("✗");
}
