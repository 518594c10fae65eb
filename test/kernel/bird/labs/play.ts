import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { differences } from "./compare.ts";
import { emulate } from "./emulate.ts";
import type { Lab, Seen } from "./lab.ts";

const RUNNER = fileURLToPath(new URL("run_labs.py", import.meta.url));

/** Runs labs on real BIRDs (all at once), from the folder of `bird`, and that of BIRD 2 where a lab has one. */
export function runReal(folder: string, labs: readonly Lab[], second: string | null = null): Promise<readonly Seen[]> {
  return new Promise((resolve, reject) => {
    const options = { encoding: "utf8", maxBuffer: 1024 * 1024 * 1024 } as const;
    const runner = execFile(
      "python3",
      [RUNNER, folder, ...(second === null ? [] : [second])],
      options,
      (error, stdout, stderr) => {
        if (error !== null) return reject(new Error(`${error.message}\n${stderr}`));
        const seen: readonly Seen[] = JSON.parse(stdout);
        resolve(seen);
      },
    );
    runner.stdin?.end(JSON.stringify(labs));
  });
}

/** A lab in which BIRD and the emulation did not do the same. */
export interface DifferingLab {
  readonly lab: Lab;
  readonly lines: readonly string[];
}

/** The labs of which BIRD did something else than the emulation does. */
export function differingLabs(labs: readonly Lab[], seen: readonly Seen[]): readonly DifferingLab[] {
  return labs.flatMap((lab, index) => {
    const real = seen[index];
    const lines = real === undefined ? [`${lab.name}: nothing was seen`] : differences(lab, real, emulate(lab, real));
    return lines.length === 0 ? [] : [{ lab, lines }];
  });
}

/**
 * Plays labs on real BIRDs, so many at once, and in the emulation; what differs is played again by itself, since two ends that
 * act at one moment may do so in either order. What differs twice is told.
 */
export async function playLabs(folder: string, labs: readonly Lab[], atOnce: number): Promise<readonly DifferingLab[]> {
  const suspects: DifferingLab[] = [];
  for (let from = 0; from < labs.length; from += atOnce) {
    const batch = labs.slice(from, from + atOnce);
    suspects.push(...differingLabs(batch, await runReal(folder, batch)));
  }
  if (suspects.length === 0) return [];
  const again = suspects.map(({ lab }) => lab);
  return differingLabs(again, await runReal(folder, again));
}
