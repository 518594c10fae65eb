import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fetchBird } from "./fetch-bird.ts";
import { labOf } from "./labs/all-labs.ts";
import { bird2Text, inBird2 } from "./labs/second/in-bird-2.ts";
import { playSecond } from "./labs/second/play-second.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-second-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const first = fetchBird("bird", SCRATCH);
const second = fetchBird("bird2", SCRATCH);

const labs = (from: number, count: number): ReturnType<typeof labOf>[] =>
  Array.from({ length: count }, (_, index) => labOf(from + index));

test.skipIf(second === null)("BIRD 2 takes what labs are in its syntax, unless 1.6 refuses them", () => {
  const told = labs(0, 60).flatMap(({ stages, family }) =>
    stages.flatMap(({ events }) =>
      events.flatMap((event) => {
        if (event.kind !== "start") return [];
        const file = join(SCRATCH, "second.cfg");
        writeFileSync(file, bird2Text(event.config, family));
        const { stderr } = spawnSync(join(second ?? "", "bird"), ["-p", "-c", file], { encoding: "utf8" });
        return stderr.includes("AS4 not available") ? [] : stderr;
      }),
    ),
  );
  expect(told.length).toBeGreaterThan(150);
  expect(told.filter((text) => text !== "")).toEqual([]);
});

test.skipIf(first === null || second === null)(
  "BIRD 2, alone and among BIRDs of 1.6, comes to the sessions, routes and kernel routes of the emulation",
  async () => {
    const alone = labs(0, 30).map((lab) => inBird2(lab));
    const among = labs(60, 30).map((lab) => inBird2(lab, (node) => /[13]$/.test(node)));
    const differing = await playSecond(first ?? "", second ?? "", [...alone, ...among]);
    expect(differing.flatMap(({ lines }) => lines)).toEqual([]);
  },
);
