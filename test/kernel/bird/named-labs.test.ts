import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { readBirdc } from "../../../src/readers/birdc/birdc.ts";
import { fetchBird } from "./fetch-bird.ts";
import { birdcOutput } from "./labs/compare-texts.ts";
import type { Lab, Seen } from "./labs/lab.ts";
import { NAMED_CASES, NAMED_ROUTES, namedLab } from "./labs/named/cases.ts";
import { differingLabs, runReal } from "./labs/play.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-named-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const folder = fetchBird("bird", SCRATCH);

/** How the session of a node stood each time at the end. */
function states({ stages }: Seen, node: string): ReadonlySet<string> {
  const texts = stages.at(-1)?.samples.map((sample) => sample[node] ?? "") ?? [];
  return new Set(
    texts
      .flatMap((text) => readBirdc(text, "birdc", originTable()).evidence.bgpSessions)
      .map(({ state, info }) => `${state} ${info.replaceAll(/ +/g, " ")}`.trim()),
  );
}

describe.skipIf(folder === null)("a session of real BIRDs", () => {
  const cases = [...NAMED_CASES, ...NAMED_ROUTES];
  const labs: readonly Lab[] = cases.map(namedLab);
  let seen: readonly Seen[] = [];
  beforeAll(async () => {
    seen = await runReal(folder ?? "", labs);
  });

  test.each(cases.map((one, index) => [one.says, index] as const))("%s", async (_, index) => {
    const [lab, found] = [labs[index], cases[index]];
    let real = seen[index];
    if (lab === undefined || real === undefined || found === undefined) throw new Error("each case was played");
    const { endsWith, shows, hides } = found;
    // What differs is played again by itself, as all labs are.
    if (differingLabs([lab], [real]).length > 0) [real = real] = await runReal(folder ?? "", [lab]);
    expect(differingLabs([lab], [real]).flatMap(({ lines }) => lines)).toEqual([]);
    const answers = Object.values(real.stages.at(-1)?.said["a"] ?? {}).map((said) => birdcOutput(said ?? ""));
    if (shows !== undefined) expect(answers.join("\n")).toMatch(shows);
    if (hides !== undefined) expect(answers.join("\n")).not.toMatch(hides);
    for (const [place, node] of ["a", "b"].entries()) {
      const pattern = endsWith[place];
      const stood = [...states(real, node)];
      if (pattern === null || pattern === undefined) expect(stood).toEqual([]);
      else
        expect(
          stood.some((state) => pattern.test(state)),
          `${node}: ${stood.join(" | ")}`,
        ).toBe(true);
    }
  });
});
