import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { speakerOf } from "../../../src/bgp/speaker/from-bird.ts";
import { formatSource, originTable, sourceOf } from "../../../src/model/origin.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";
import { includesAmong } from "../../../src/readers/bird/included.ts";
import { birdRefusals } from "../../../src/readers/bird/refusal/bird-refusals.ts";
import { fetchBird } from "./fetch-bird.ts";
import { FOREIGN_CASES } from "./labs/foreign/cases.ts";
import { type ForeignCase, filesOf, foreignLab } from "./labs/foreign/foreign-labs.ts";
import type { Seen } from "./labs/lab.ts";
import { differingLabs, runReal } from "./labs/play.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-foreign-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const folder = fetchBird("bird", SCRATCH);

describe.skipIf(folder === null)("configurations as people write them, in real BIRDs and in the emulation", () => {
  let seen: readonly Seen[] = [];
  beforeAll(async () => {
    seen = await runReal(folder ?? "", FOREIGN_CASES.map(foreignLab));
  });

  test.each(FOREIGN_CASES.map((one, index) => [one.says, index] as const))("%s", async (_, index) => {
    const [found, first] = [FOREIGN_CASES[index], seen[index]];
    if (found === undefined || first === undefined) throw new Error("each case was played");
    const lab = foreignLab(found);
    const { unfollowed } = found;
    expect(toldOf(found)).toEqual(unfollowed?.told ?? []);
    // Where something is not followed, what it brings is missing, and nothing else is there instead.
    const unexplained = (real: Seen): readonly string[] =>
      differingLabs([lab], [real])
        .flatMap(({ lines }) => lines)
        .filter((line) => !(unfollowed?.missing ?? /(?!)/).test(line));
    if (unexplained(first).length === 0) return;
    // What differs is played again by itself, as all labs are.
    const [again = first] = await runReal(folder ?? "", [lab]);
    expect(unexplained(again)).toEqual([]);
  });
});

/** What podpath tells of the configurations, each with its place. */
function toldOf({ folder: of, nodes, program }: ForeignCase): readonly string[] {
  return nodes.flatMap(({ name }) => {
    const files = new Map([...filesOf(of, name)].map(([path, text]) => [path, { path, text }]));
    const text = files.get("bird.conf")?.text ?? "";
    const includes = includesAmong(files);
    const origins = originTable();
    expect(birdRefusals(text, program === "bird6" ? "bird6.conf" : "bird.conf", includes)).toEqual([]);
    const { configuration, findings } = readBirdConfiguration(text, "bird.conf", origins, includes);
    const { faults } = speakerOf(configuration, program === "bird6" ? 6 : 4, null);
    return [
      ...findings.map(({ file, line, message }) => `${name}/${file}:${line} ${message}`),
      ...faults.map((fault) => `${name}/${formatSource(sourceOf(origins, fault.origin))} ${fault.text}`),
    ];
  });
}
