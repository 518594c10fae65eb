import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reconverge } from "../../../src/analysis/reconverge.ts";
import { readEvidence } from "../../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { fetchBird } from "./fetch-bird.ts";
import { endlessCircle, medCircle } from "./labs/circles.ts";
import type { Lab, Seen } from "./labs/lab.ts";
import { differingLabs, runReal } from "./labs/play.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-circles-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const folder = fetchBird("bird", SCRATCH);

/** The other three orders were played by hand. */
const ORDERS = [
  ["c", "b", "e"],
  ["b", "e", "c"],
  ["e", "c", "b"],
] as const;

const CIRCLES = ORDERS.flatMap((order) => [medCircle(order, false), medCircle(order, true)]);

/** How many routes the daemons have taken in. */
function taken(text: string | null | undefined): number {
  return [...(text ?? "").matchAll(/Import updates: +(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** The dumps of a lab and its configurations, as a snapshot. */
function snapshotOf(lab: Lab, { stages }: Seen) {
  const members = lab.nodes.map(({ name }) => `${name}:eth0`).join(", ");
  const files = new Map<string, string>([
    [
      "snapshot.yaml",
      `apiVersion: podpath/v1\nkind: Snapshot\nmetadata: {name: circle}\nfabric: {segments: [{name: lan0, members: [${members}]}]}\n`,
    ],
    ...Object.entries(stages[0]?.dumps ?? {}),
  ]);
  for (const event of lab.stages[0]?.events ?? []) {
    if (event.kind === "start") files.set(`nodes/${event.node}/bird.conf`, event.config);
  }
  return readSnapshot({ name: "circle", files });
}

describe.skipIf(folder === null)("reflectors whose choices make a circle", () => {
  const endless = endlessCircle();
  let seen: readonly Seen[] = [];
  beforeAll(async () => {
    seen = [...(await runReal(folder ?? "", CIRCLES)), ...(await runReal(folder ?? "", [endless]))];
  });

  test.each(CIRCLES.map((lab, index) => [lab.name, lab, index] as const))(
    "come to rest as a real BIRD does, whichever route comes first: %s",
    async (_, lab, index) => {
      const first = seen[index];
      if (first === undefined) throw new Error("each lab was played");
      if (differingLabs([lab], [first]).length === 0) return;
      const again = differingLabs([lab], await runReal(folder ?? "", [lab]));
      expect(again.flatMap(({ lines }) => lines)).toEqual([]);
    },
  );

  test("never come to rest in a real BIRD where no choice lasts, and podpath says so of them", () => {
    const real = seen.at(-1);
    if (real === undefined) throw new Error("the lab was played");
    for (const name of ["r1", "r2", "r3"]) {
      expect(taken(real.stages[0]?.said[name]?.["show protocols all"])).toBeGreaterThan(1000);
    }
    const { network, machines, factEvidence } = snapshotOf(endless, real);
    const { findings, run } = reconverge(network, readEvidence(machines, network.origins, factEvidence).evidence);
    expect(findings.filter(({ code }) => code === "bgp-does-not-settle")).toMatchObject([
      { message: expect.stringContaining("The routes to 192.168.7.0/24 change on and on") },
    ]);
    for (const name of ["r1", "r2", "r3"]) {
      const [speaker] = run.speakers.get(name) ?? [];
      const updates = speaker?.protocols.reduce((sum, { stats }) => sum + stats.importUpdates.received, 0);
      expect(updates).toBeGreaterThan(1000);
    }
  });
});
