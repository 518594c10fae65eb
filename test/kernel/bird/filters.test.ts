import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { speakerOf } from "../../../src/bgp/speaker/from-bird.ts";
import { startSpeaker } from "../../../src/bgp/speaker/speaker.ts";
import { createWorld, runtimeOf } from "../../../src/emulator/world.ts";
import { originTable, sourceOf } from "../../../src/model/origin.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";
import { birdRefusals } from "../../../src/readers/bird/refusal/bird-refusals.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { birdcText } from "../../../src/report/bird/birdc-text.ts";
import { birdClock } from "../../../src/report/bird/clock.ts";
import { refusalOf } from "./check-configuration.ts";
import { fetchBird } from "./fetch-bird.ts";
import { FILTER_STATEMENTS } from "./filter-statements.ts";
import { birdcOutput } from "./labs/compare-texts.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-filters-"));
const PROGRAMS = fetchBird("bird", join(SCRATCH, "package"));
const daemons: ChildProcess[] = [];

afterAll(() => {
  for (const daemon of daemons) daemon.kill("SIGKILL");
  rmSync(SCRATCH, { recursive: true, force: true });
});

const configurationOf = (statement: string): string => `router id 10.0.0.2; log stderr all;
protocol device {}
protocol static {
  route 10.1.0.0/16 blackhole;
  route 10.2.0.0/16 blackhole { bgp_origin = ORIGIN_EGP; bgp_med = 3; };
  import filter {
    ${statement}
    preference = 150;
    accept;
  };
}
`;

const socketOf = (index: number): string => join(SCRATCH, `${index}.ctl`);

function ask(socket: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const connection = connect(socket, () => connection.write("show route all\n"));
    connection.on("error", reject);
    connection.on("data", (data) => {
      text += data.toString();
      // A code and a blank end the banner, and the reply.
      if ((text.match(/^\d{4} .*\n/gm) ?? []).length < 2) return;
      connection.destroy();
      resolve(text);
    });
  });
}

const timeless = (text: string): string => text.replaceAll(/\d\d:\d\d:\d\d/g, "TIME").trim();

/** What the emulated daemon shows, and what was found in its configuration. */
function emulated(text: string): { readonly said: string; readonly faults: readonly number[] } {
  const lo = "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n";
  const { network } = readSnapshot({ name: "filters", files: new Map([["nodes/n/ip-addr.txt", lo]]) });
  const origins = originTable();
  const { configuration, findings } = readBirdConfiguration(text, "bird.conf", origins);
  expect(findings).toEqual([]);
  const world = createWorld(network, { choose: () => 0, empty: true, forgetful: true });
  const { speaker, faults } = speakerOf(configuration, 4, null);
  expect(faults).toEqual([]);
  const runtime = runtimeOf(world, "n");
  if (speaker === null || runtime === null) throw new Error("the daemon does not start");
  const started = startSpeaker(world, runtime, speaker);
  const said = timeless(birdcText(started, ["show", "route", "all"], birdClock(0, world.now), 0) ?? "");
  const lines = [...started.filterErrors.values()].map(({ fault }) => sourceOf(origins, fault.origin)?.line ?? 0);
  return { said, faults: [...new Set(lines)] };
}

describe.skipIf(PROGRAMS === null)("a filter", () => {
  const isRefused: boolean[] = [];
  const logs: string[] = [];
  beforeAll(async () => {
    for (const [index, statement] of FILTER_STATEMENTS.entries()) {
      const files = new Map([["bird.cfg", configurationOf(statement)]]);
      isRefused.push(refusalOf(PROGRAMS ?? "", SCRATCH, files, "bird") !== null);
      if (isRefused[index]) continue;
      const file = join(SCRATCH, `${index}.conf`);
      writeFileSync(file, configurationOf(statement));
      const words = ["-f", "-c", file, "-s", socketOf(index)];
      const daemon = spawn(join(PROGRAMS ?? "", "bird"), words, { stdio: ["ignore", "ignore", "pipe"] });
      daemon.stderr.on("data", (data) => {
        logs[index] = `${logs[index] ?? ""}${data}`;
      });
      daemons.push(daemon);
    }
    await new Promise((resolve) => setTimeout(resolve, 1500));
  });

  test.each(FILTER_STATEMENTS.map((statement, index) => [statement, index] as const))(
    "leaves with “%s” what a real BIRD leaves",
    async (statement, index) => {
      const text = configurationOf(statement);
      const refusals = birdRefusals(text, "bird.cfg", () => []);
      if (isRefused[index]) {
        const real = refusalOf(PROGRAMS ?? "", SCRATCH, new Map([["bird.cfg", text]]), "bird");
        expect(refusals).toMatchObject([{ line: real?.line, message: `BIRD 1.6 stops here with “${real?.message}”.` }]);
        return;
      }
      expect(refusals).toEqual([]);
      const { said, faults } = emulated(text);
      expect(said).toBe(timeless(birdcOutput(await ask(socketOf(index)))));
      // with the line at which a filter ended in an error
      const log = logs[index] ?? "";
      const lines = [...log.matchAll(/filters, line (\d+): /g)].map(([, line]) => Number(line));
      // of a filter that comes to its end no line is logged
      if (log.includes("did not return accept nor reject")) expect(faults.length).toBe(1);
      else expect(faults).toEqual([...new Set(lines)]);
    },
  );
});
