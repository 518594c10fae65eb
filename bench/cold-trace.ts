import { existsSync } from "node:fs";
import { type Benchmark, digits, median, say, sayTable } from "./benchmark.ts";
import { bundled, readMarks, runFresh } from "./fresh-process.ts";

const RUNS = 15;
const TARGET = 300;

/** `podpath trace` on the article's snapshot, whole process, cold; beside it `node -e 0`. */
export const coldTrace: Benchmark = {
  name: "cold-trace",
  async run() {
    const snapshot = "scenarios/debian-firewall-blocks-bgp/bgp-blocked/snapshot";
    const ends = ["pod/default/a", "pod/default/c"];
    const bundle = bundled("cold-trace-phases");
    const command = "dist/podpath.mjs";
    const built = existsSync(command);

    const nothing: number[] = [];
    const whole: number[] = [];
    const phases: PhaseTimes[] = [];
    // one after the other, so that a busy moment of the machine meets them all
    for (let run = 0; run < RUNS; run++) {
      const empty = runFresh(["-e", "0"]);
      nothing.push(empty.ended - empty.started);
      if (built) {
        const trace = runFresh([command, "trace", snapshot, "--from", ends[0] ?? "", "--to", ends[1] ?? ""]);
        if (trace.status === null || trace.output === "") throw new Error(`podpath trace failed: ${trace.errors}`);
        whole.push(trace.ended - trace.started);
      }
      phases.push(phasesOf(runFresh([bundle, snapshot, ...ends])));
    }
    const yardstick = median(nothing);
    say(`  median of ${RUNS} runs each; target < ${TARGET} ms`);
    const row = (name: string, value: number): string[] => [name, digits(value), digits(value / yardstick)];
    sayTable(
      ["", "ms", "x node -e 0"],
      [
        row("node -e 0", yardstick),
        ...(built ? [row("podpath trace, whole process", median(whole))] : []),
        ...PHASE_NAMES.map((name, index) =>
          row(`  ${name}`, median(phases.map((times) => times[index] ?? Number.NaN))),
        ),
        row("  those phases, whole process", median(phases.map((times) => times.reduce((sum, time) => sum + time, 0)))),
      ],
    );
    if (!built) say("  dist/podpath.mjs is missing: npm run build makes it. Only the phases were measured.");
    else say("  The phases are those of the library; the command adds its arguments, its options and the printing.");
  },
};

/** Milliseconds, in the order of PHASE_NAMES. */
type PhaseTimes = readonly number[];

const PHASE_NAMES = [
  "node start",
  "load modules",
  "list files",
  "open: objects, addresses, links",
  "walk, both directions, reading what it meets",
  "print and exit",
];

function phasesOf(run: ReturnType<typeof runFresh>): PhaseTimes {
  if (run.status !== 0) throw new Error(run.errors);
  const marks = readMarks(run.output);
  const times = [
    run.started,
    ...["entered", "loaded", "listed", "opened", "walked"].map((name) => marks.get(name) ?? Number.NaN),
    run.ended,
  ];
  return times.slice(1).map((time, index) => time - (times[index] ?? Number.NaN));
}
