import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fetchBird } from "./fetch-bird.ts";
import { birdcOutput } from "./labs/compare-texts.ts";
import { emulate } from "./labs/emulate.ts";
import type { Lab } from "./labs/lab.ts";
import { runReal } from "./labs/play.ts";
import { inBird2 } from "./labs/second/in-bird-2.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-counters-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const first = fetchBird("bird", SCRATCH);
const second = fetchBird("bird2", SCRATCH);

const LISTENER = `router id 10.0.0.1;
protocol device { }
protocol static near { route 10.4.0.0/16 unreachable; }
protocol bgp p { local as 65001; neighbor 10.0.0.2 as 65002; connect delay time 1; import filter { if bgp_community ~ [(1, 1)] then reject; accept; }; export none; }
`;

/** When eth1 goes down, the first route is withdrawn, the second was never let in, and the third becomes one that is not. */
const TELLER = `router id 10.0.0.2;
protocol device { }
protocol static near { route 10.1.0.0/16 via 10.5.0.9; route 10.2.0.0/16 via 10.5.0.9 { bgp_community.add((1, 1)); }; route 10.3.0.0/16 via 10.5.0.9; }
protocol static far { preference 50; route 10.3.0.0/16 unreachable { bgp_community.add((1, 1)); }; route 10.4.0.0/16 unreachable { bgp_community.add((1, 1)); }; }
protocol bgp p { local as 65002; neighbor 10.0.0.1 as 65001; connect delay time 1; import all; export all; }
`;

const LAB: Lab = {
  name: "routes that are not let in",
  family: 4,
  program: "bird",
  segments: ["lan0", "lan1"],
  nodes: [
    {
      name: "one",
      forwards: true,
      interfaces: [{ name: "eth0", segment: "lan0", address: "10.0.0.1/24" }],
      routes: [],
    },
    {
      name: "two",
      forwards: true,
      interfaces: [
        { name: "eth0", segment: "lan0", address: "10.0.0.2/24" },
        { name: "eth1", segment: "lan1", address: "10.5.0.2/24" },
      ],
      routes: [],
    },
  ],
  stages: [
    {
      events: [
        { kind: "start", node: "one", config: LISTENER, flags: [] },
        { kind: "start", node: "two", config: TELLER, flags: [] },
      ],
      seconds: 8,
      sampled: 1,
    },
    {
      events: [{ kind: "run", node: "two", words: ["ip", "link", "set", "eth1", "down"] }],
      seconds: 5,
      sampled: 1,
    },
    { events: [{ kind: "birdc", node: "two", command: "disable p" }], seconds: 4, sampled: 1 },
  ],
  asked: ["show protocols all"],
};

/** How many routes are there, and what was counted of those that came. */
function counted(text: string): readonly string[] {
  return text.split("\n").filter((line) => /^ +(?:Routes|Import (?:updates|withdraws)):/.test(line));
}

test.skipIf(first === null || second === null).each([
  ["1.6", LAB],
  ["2", { ...inBird2(LAB), asked: LAB.asked }],
] as const)(
  "a BIRD %s counts routes that its import filter does not let in, and takes back, as the emulated one does",
  async (_, lab) => {
    const [seen] = await runReal(first ?? "", [lab], second);
    if (seen === undefined) throw new Error("nothing was seen");
    const emulated = emulate(lab, seen);
    const stages = seen.stages.map(({ said }) => counted(birdcOutput(said["one"]?.["show protocols all"] ?? "")));
    expect(emulated.map(({ said }) => counted(said.get("one")?.get("show protocols all") ?? ""))).toEqual(stages);
    // of three routes two are let in, and then none
    const imported = stages.slice(0, 2).map((lines) => /(\d+) imported/.exec(lines.at(-3) ?? "")?.[1]);
    expect(imported).toEqual(["2", "0"]);
  },
);
