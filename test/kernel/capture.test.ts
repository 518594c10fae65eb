import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { readScenario } from "../../src/readers/scenario/read-scenario.ts";
import { playFolder } from "../scenarios/play-folder.ts";
import { kernelAvailable } from "./harness/kernel-available.ts";

const INCIDENT = fileURLToPath(new URL("../../scenarios/debian-firewall-blocks-bgp/", import.meta.url));
const available = await kernelAvailable();

/** Expectations by probe, as text: what a capture measured. */
function measured(file: string): ReadonlyMap<string, string> {
  const { scenario } = readScenario(readFileSync(file, "utf8"), file);
  return new Map(scenario?.probes.map(({ probe, expect: wanted, name }) => [name, JSON.stringify([probe, wanted])]));
}

describe.skipIf(!available)("the article's incident, captured anew with real BIRD", () => {
  const out = mkdtempSync(join(tmpdir(), "podpath-capture-"));
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  for (const which of ["healthy", "bgp-blocked"]) {
    it(`${which}: measures what the committed capture says, and podpath answers it from the fresh dumps`, () => {
      const capture = spawnSync(join(INCIDENT, "capture", "capture.sh"), [which], {
        env: { ...process.env, PODPATH_CAPTURE_OUT: out },
        encoding: "utf8",
      });
      expect(capture.status, capture.stdout + capture.stderr).toBe(0);
      const fresh = join(out, which);
      expect(measured(join(fresh, "scenario.yaml"))).toEqual(measured(join(INCIDENT, which, "scenario.yaml")));
      const { run, findings } = playFolder(fresh);
      expect(findings.filter((finding) => finding.severity !== "info")).toEqual([]);
      expect(run.probes.filter((probe) => probe.verdict !== "held").map((probe) => probe.probe.name)).toEqual([]);
    });
  }
});
