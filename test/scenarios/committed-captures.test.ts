import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { playFolder } from "./play-folder.ts";

const SCENARIOS = fileURLToPath(new URL("../../scenarios/", import.meta.url));

/** Folders of captures: they hold a scenario and the answers that a real kernel gave. */
const CAPTURES = readdirSync(SCENARIOS).flatMap((incident) =>
  readdirSync(join(SCENARIOS, incident), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(SCENARIOS, incident, entry.name, "snapshot")))
    .map((entry) => join(incident, entry.name)),
);

describe("the committed captures", () => {
  it("are there", () => {
    expect(CAPTURES.length).toBeGreaterThanOrEqual(11);
  });

  for (const capture of CAPTURES) {
    it(`${capture}: every answer is the one that was measured, and every line of the dumps is understood`, () => {
      const { run, findings } = playFolder(join(SCENARIOS, capture));
      expect(findings.filter((finding) => finding.severity !== "info")).toEqual([]);
      expect(run.probes.length).toBeGreaterThan(0);
      const wrong = run.probes.filter((probe) => probe.verdict !== "held").map((probe) => probe.probe.name);
      expect(wrong).toEqual([]);
    });
  }
});
