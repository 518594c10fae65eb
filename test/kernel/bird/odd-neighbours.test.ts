import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fetchBird } from "./fetch-bird.ts";
import { birdcOutput } from "./labs/compare-texts.ts";
import { emulate } from "./labs/emulate.ts";
import type { Lab } from "./labs/lab.ts";
import { runReal } from "./labs/play.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-neighbours-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const folder = fetchBird("bird", SCRATCH);

/** Of the daemon itself, of nobody, of many, beyond the link. */
const NEIGHBOURS = {
  4: "10.0.0.20 127.0.0.1 127.0.0.5 0.0.0.9 224.0.0.5 240.0.0.1 255.255.255.255 10.0.0.0 10.0.0.255 10.9.9.9",
  6: "fd00:10::20 ::1 ff02::5 2001:db8::1",
};

function lab(family: 4 | 6): Lab {
  const address = family === 4 ? "10.0.0.20/24" : "fd00:10::20/64";
  const sessions = NEIGHBOURS[family]
    .split(" ")
    .map((neighbour, index) => `protocol bgp b${index} { local as 64512; neighbor ${neighbour} as 64513; }\n`);
  const config = `router id 10.0.0.20;\nprotocol device { }\nprotocol direct { }\n${sessions.join("")}`;
  return {
    name: `odd neighbours of IPv${family}`,
    family,
    program: family === 4 ? "bird" : "bird6",
    segments: ["lan0"],
    nodes: [{ name: "a", forwards: true, interfaces: [{ name: "eth0", segment: "lan0", address }], routes: [] }],
    stages: [{ events: [{ kind: "start", node: "a", config, flags: [] }], seconds: 4, sampled: 1 }],
    asked: ["show protocols"],
  };
}

const timeless = (text: string): readonly string[] =>
  text
    .trimEnd()
    .replaceAll(/\b\d\d:\d\d:\d\d\b/g, "SOMETIME")
    .split("\n")
    .map((line) => line.trimEnd());

test.skipIf(folder === null)(
  "a neighbour on the link that is the daemon itself is waited for, and one that nobody can be is an Invalid next hop",
  async () => {
    const labs = [lab(4), lab(6)];
    const seen = await runReal(folder ?? "", labs);
    for (const [index, one] of labs.entries()) {
      const real = seen[index];
      if (real === undefined) throw new Error("each lab was played");
      const said = timeless(birdcOutput(real.stages[0]?.said["a"]?.["show protocols"] ?? ""));
      expect(said.length).toBeGreaterThan(6);
      expect(timeless(emulate(one, real)[0]?.said.get("a")?.get("show protocols") ?? "")).toEqual(said);
    }
  },
);
