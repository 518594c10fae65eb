import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fetchBird } from "./fetch-bird.ts";
import { labOf } from "./labs/all-labs.ts";
import { playLabs } from "./labs/play.ts";
import { regressionLabs } from "./labs/regressions.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-labs-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const SEEDS = Array.from({ length: 100 }, (_, seed) => seed);
/** Labs that run at once: two cores carry them, since they wait most of the time and their daemons go before all else. */
const AT_ONCE = 110;

const folder = fetchBird("bird", SCRATCH);

test.skipIf(folder === null)(
  "real BIRDs and emulated ones agree on sessions, routes and kernel routes in a hundred random labs, and in those that once differed",
  async () => {
    const labs = [...SEEDS.map(labOf), ...regressionLabs()];
    const differing = await playLabs(folder ?? "", labs, AT_ONCE);
    expect(differing.flatMap(({ lines }) => lines)).toEqual([]);
  },
);
