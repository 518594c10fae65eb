import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { differences } from "./compare.ts";
import { emulate } from "./emulate.ts";
import type { Lab, Seen } from "./lab.ts";

const RUNNER = fileURLToPath(new URL("run_labs.py", import.meta.url));

/** Runs labs on real BIRDs (all at once), from the folder of `bird`. */
export function runReal(folder: string, labs: readonly Lab[]): readonly Seen[] {
  const text = execFileSync("python3", [RUNNER, folder], {
    input: JSON.stringify(labs),
    encoding: "utf8",
    maxBuffer: 512 * 1024 * 1024,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const seen: readonly Seen[] = JSON.parse(text);
  return seen;
}

/** What differs in all of them. */
export function playLabs(labs: readonly Lab[], seen: readonly Seen[]): readonly string[] {
  return labs.flatMap((lab, index) => {
    const real = seen[index];
    return real === undefined ? [`${lab.name}: nothing was seen`] : differences(lab, real, emulate(lab, real));
  });
}
