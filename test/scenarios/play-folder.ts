import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runScenario, type ScenarioRun } from "../../src/analysis/run-scenario.ts";
import { readFolder } from "../../src/cli/read-files.ts";
import type { Finding } from "../../src/model/finding.ts";
import { readScenario } from "../../src/readers/scenario/read-scenario.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";

/** Plays the scenario in a folder that holds `scenario.yaml` and `snapshot/`. */
export function playFolder(folder: string): { readonly run: ScenarioRun; readonly findings: readonly Finding[] } {
  const file = join(folder, "scenario.yaml");
  const { scenario, findings } = readScenario(readFileSync(file, "utf8"), file);
  if (scenario === null) throw new Error(`${file} is no scenario`);
  const snapshot = readSnapshot({ name: folder, files: readFolder(join(folder, "snapshot")) });
  return {
    run: runScenario(snapshot.network, scenario, { traced: 0, strict: false }),
    findings: [...findings, ...snapshot.findings],
  };
}
