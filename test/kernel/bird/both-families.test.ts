import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { speakerOf } from "../../../src/bgp/speaker/from-bird.ts";
import { originTable } from "../../../src/model/origin.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";
import { fetchBird } from "./fetch-bird.ts";
import { bothLab } from "./labs/both/both-lab.ts";
import { BOTH_CASES } from "./labs/both/cases.ts";
import { answersDiffering } from "./labs/both/compare-answers.ts";
import { emulate } from "./labs/emulate.ts";
import type { Seen } from "./labs/lab.ts";
import { runReal } from "./labs/play.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-both-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const folder = fetchBird("bird2", SCRATCH);

describe.skipIf(folder === null)("BIRD 2 with both families in one session says what the emulated one says", () => {
  let seen: readonly Seen[] = [];
  beforeAll(async () => {
    seen = await runReal(folder ?? "", BOTH_CASES.map(bothLab), folder);
  });

  test.each(BOTH_CASES.map((one, index) => [one.says, index] as const))("%s", async (_, index) => {
    const [found, first] = [BOTH_CASES[index], seen[index]];
    if (found === undefined || first === undefined) throw new Error("each case was played");
    const lab = bothLab(found);
    for (const { config } of found.nodes) {
      const { configuration, findings } = readBirdConfiguration(config, "bird.conf", originTable());
      const faults = ([4, 6] as const).flatMap((family) => speakerOf(configuration, family, null).faults);
      expect([...findings, ...faults]).toEqual([]);
    }
    const differing = (real: Seen): readonly string[] => answersDiffering(lab, real, emulate(lab, real));
    if (differing(first).length === 0) return;
    // What differs is played again by itself, as all labs are.
    const [again = first] = await runReal(folder ?? "", [lab], folder);
    expect(differing(again)).toEqual([]);
  });
});
