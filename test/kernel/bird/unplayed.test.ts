import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fetchBird } from "./fetch-bird.ts";
import { birdcOutput } from "./labs/compare-texts.ts";
import { emulate } from "./labs/emulate.ts";
import type { Lab } from "./labs/lab.ts";
import { runReal } from "./labs/play.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-unplayed-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const folder = fetchBird("bird", SCRATCH);

const CONFIGURATION = `router id 10.0.0.20;
table beside;
table third;
filter one { accept; }
protocol pipe p0 { peer table beside; }
protocol device { }
protocol direct { }
protocol kernel { export all; }
protocol static { route 10.1.0.0/16 blackhole; }
protocol static s2 { table beside; preference 77; description "of another table"; route 10.2.0.0/16 blackhole; }
protocol static s3 { disabled; table beside; route 10.2.0.0/16 blackhole; }
protocol pipe { peer table beside; }
protocol pipe p2 { table third; peer table beside; mode transparent; import filter { if net ~ 10.0.0.0/8 then accept; reject; }; export where source = RTS_STATIC; }
protocol pipe p3 { disabled yes; peer table third; export none; import none; }
protocol ospf o1 { preference 33; export all; area 0 { interface "eth*" { hello 5; }; }; }
protocol ospf { disabled off; area 1 { interface "eth0" { }; }; import filter one; }
protocol ospf o3 { disabled; area 0 { interface "eth0" { }; }; }
protocol rip { interface "eth0" { }; router id 9.9.9.9; }
protocol rip r2 { table beside; interface "eth9" { }; }
protocol bfd { interface "eth0" { }; }
protocol bfd b2 { disabled; }
protocol kernel k2 { table beside; kernel table 100; export all; }
protocol bgp b9 { table beside; local as 64512; neighbor 10.0.0.9 as 64512; disabled; }
protocol bgp b8 { local as 64512; neighbor 10.0.0.8 as 64512; disabled; }
`;

const OF_IPV6 = `router id 10.0.0.20;
table beside;
protocol device { }
protocol radv { interface "eth0" { prefix fd00:10::/64 { }; }; }
protocol radv silent { disabled; interface "eth0" { }; }
protocol pipe { peer table beside; }
`;

function lab(name: string, family: 4 | 6, config: string): Lab {
  const address = family === 4 ? "10.0.0.20/24" : "fd00:10::20/64";
  return {
    name,
    family,
    program: family === 4 ? "bird" : "bird6",
    segments: ["lan0"],
    nodes: [{ name: "a", forwards: true, interfaces: [{ name: "eth0", segment: "lan0", address }], routes: [] }],
    stages: [{ events: [{ kind: "start", node: "a", config, flags: [] }], seconds: 3, sampled: 1 }],
    asked: ["show protocols", "show protocols all"],
  };
}

const blind = (text: string): readonly string[] =>
  text
    .replaceAll(/\b\d\d:\d\d:\d\d\b/g, "SOMETIME")
    .split("\n")
    .map((line) => line.trimEnd());

/** Whether a line says what another does, up to what it leaves open. */
const fits = (real: string, line: string): boolean =>
  line.endsWith("?") ? real.startsWith(line.slice(0, -1).trimEnd()) : real === line;

const labs = [lab("of all kinds", 4, CONFIGURATION), lab("of IPv6", 6, OF_IPV6)];

test.skipIf(folder === null)(
  "protocols that are not played stand in the list as the real one has them, with “?” for what nobody knows",
  async () => {
    const seen = await runReal(folder ?? "", labs);
    for (const [index, one] of labs.entries()) {
      const real = seen[index];
      if (real === undefined) throw new Error("each lab was played");
      const said = real.stages[0]?.said["a"] ?? {};
      const shown = emulate(one, real)[0]?.said.get("a");
      const [rows, rowsShown] = [said["show protocols"] ?? "", shown?.get("show protocols") ?? ""];
      const realRows = blind(birdcOutput(rows));
      const shownRows = blind(rowsShown.trimEnd());
      expect(shownRows.length).toBe(realRows.length);
      for (const [place, row] of shownRows.entries()) expect(realRows[place]).toSatisfy((line) => fits(line, row), row);
      const rest = [...blind(birdcOutput(said["show protocols all"] ?? ""))];
      for (const line of blind((shown?.get("show protocols all") ?? "").trimEnd())) {
        // how many routes there are depends on what pipes bring
        if (/^ +(?:Routes|(?:Import|Export) (?:updates|withdraws)): +\d/.test(line)) continue;
        const at = rest.findIndex((other) => fits(other, line));
        expect([line, at >= 0]).toEqual([line, true]);
        rest.splice(0, at + 1);
      }
    }
  },
);
