import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Where main.ts puts the bundled scripts, from the project's folder: below node_modules, where they find packages. */
export const BUNDLES = "node_modules/.cache/podpath-bench";

/** main.ts runs everything in the project's folder. */
const REPORT = resolve("bench/report-usage.cjs");

export interface FreshRun {
  /** Wall-clock milliseconds that compare between processes. */
  readonly started: number;
  readonly ended: number;
  /** Milliseconds of the processor, of all threads. */
  readonly processor: number;
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

function wallClock(): number {
  return performance.timeOrigin + performance.now();
}

/** Runs Node.js on a file in a new process, from nothing to its end. */
export function runFresh(words: readonly string[]): FreshRun {
  const usage = join(tmpdir(), `podpath-bench-usage-${process.pid}`);
  const started = wallClock();
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--require", REPORT, ...words], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, PODPATH_BENCH_USAGE: usage },
  });
  const ended = wallClock();
  const processor = existsSync(usage) ? Number(readFileSync(usage, "utf8")) : Number.NaN;
  rmSync(usage, { force: true });
  return { started, ended, processor, status, output: stdout, errors: stderr };
}

/** The words that run one of the bundled scripts. */
export function bundled(name: string): string {
  return `${BUNDLES}/${name}/${name}.mjs`;
}

/** Reads lines of `name number`, as the scripts here print them. */
export function readMarks(output: string): ReadonlyMap<string, number> {
  const marks = new Map<string, number>();
  for (const [, name, value] of output.matchAll(/^(\w+) ([\d.]+)$/gm)) marks.set(name ?? "", Number(value));
  return marks;
}
