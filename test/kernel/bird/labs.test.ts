import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fetchBird } from "./fetch-bird.ts";
import { makeLab } from "./labs/make-lab.ts";
import { playLabs, runReal } from "./labs/play.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-labs-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

/** Labs that run at once: with more, BIRD's timers go off late on two cores. */
const BATCH = 20;
const BATCHES = 2;

const folder = fetchBird("bird", SCRATCH);

test.skipIf(folder === null).each(Array.from({ length: BATCHES }, (_, batch) => batch * BATCH))(
  "real BIRDs and emulated ones agree on sessions, routes and kernel routes in the labs of 20 seeds from %i",
  { timeout: 300_000 },
  (from) => {
    if (folder === null) return;
    const labs = Array.from({ length: BATCH }, (_, index) => makeLab(from + index));
    const seen = runReal(folder, labs);
    expect(seen.length).toBe(BATCH);
    const differing = playLabs(labs, seen);
    if (differing.length === 0) return;
    // a busy machine lets timers go off late: what differs is tried again without the others
    const again = labs.filter(({ name }) => differing.some((line) => line.startsWith(`${name}, `)));
    expect(again.length, differing.join("\n")).toBeGreaterThan(0);
    expect(playLabs(again, runReal(folder, again)), differing.join("\n")).toEqual([]);
  },
);
