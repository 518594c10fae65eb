import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readScenario } from "../../src/readers/scenario/read-scenario.ts";
import { playFolder } from "../scenarios/play-folder.ts";
import { kernelAvailable } from "./harness/kernel-available.ts";

const INCIDENT = fileURLToPath(new URL("../../scenarios/debian-firewall-blocks-bgp/", import.meta.url));
const available = await kernelAvailable();

const CAPTURES = readdirSync(INCIDENT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "capture")
  .map((entry) => entry.name);

/** Expectations by probe, as text: what a capture measured. */
function measured(file: string): ReadonlyMap<string, string> {
  const { scenario } = readScenario(readFileSync(file, "utf8"), file);
  return new Map(scenario?.probes.map(({ probe, expect: wanted, name }) => [name, JSON.stringify([probe, wanted])]));
}

/** All captures, a few at once: most of their time is waiting. The promise is of what they print; `stop` takes away what they built. */
function captureAll(out: string): { readonly ended: Promise<string>; stop(): void } {
  const child = spawn(join(INCIDENT, "capture", "capture.sh"), ["all"], {
    env: { ...process.env, PODPATH_CAPTURE_OUT: out, PODPATH_CAPTURE_PREFIX: `${basename(out)}-` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<string>((done, fail) => {
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", fail);
    child.on("close", (code) => done(`${output}\nended with ${code}`));
  });
  return { ended, stop: () => child.kill() };
}

const MINUTES_30 = 1_800_000;

describe.skipIf(!available)("the article's incident and its kin, captured anew with real BIRD", () => {
  const out = mkdtempSync(join(tmpdir(), "podpath-capture-"));
  let output = "";
  let captures: ReturnType<typeof captureAll> | null = null;
  beforeAll(async () => {
    captures = captureAll(out);
    output = await captures.ended;
  }, MINUTES_30);
  afterAll(async () => {
    captures?.stop();
    await captures?.ended;
    rmSync(out, { recursive: true, force: true });
  });

  it("all end well", () => {
    expect(output).toMatch(/\nended with 0$/);
    expect(readdirSync(out).sort()).toEqual([...CAPTURES].sort());
  });

  for (const which of CAPTURES) {
    it(`${which}: measures what the committed capture says, and podpath answers it from the fresh dumps`, () => {
      const fresh = join(out, which);
      expect(measured(join(fresh, "scenario.yaml"))).toEqual(measured(join(INCIDENT, which, "scenario.yaml")));
      const { run, findings } = playFolder(fresh);
      expect(findings.filter((finding) => finding.severity !== "info")).toEqual([]);
      expect(run.probes.filter((probe) => probe.verdict !== "held").map((probe) => probe.probe.name)).toEqual([]);
    });
  }
});
