import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { podpath } from "./command.ts";

const HEALTHY = "scenarios/debian-firewall-blocks-bgp/healthy";
const NOT_FOLLOWED = "bird-not-followed";

interface Told {
  readonly findings: readonly { readonly code: string; readonly file?: string; readonly line?: number }[];
}

async function findingsOf(path: string): Promise<Told["findings"]> {
  const { out } = await podpath(["check", path, "--json", "--bgp", "assume", "--fail-on", "never"]);
  const { findings }: Told = JSON.parse(out);
  return findings.filter(({ code }) => code === NOT_FOLLOWED);
}

test("check tells the lines of a bird.cfg that BGP started anew would not follow, and nothing of what confd renders", async () => {
  const folder = mkdtempSync(join(tmpdir(), "podpath-check-bird-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(HEALTHY, folder, { recursive: true });
  expect(await findingsOf(folder)).toEqual([]);
  const configuration = join(folder, "snapshot/nodes/worker-1/bird.cfg");
  appendFileSync(configuration, "\ntable extra;\nprotocol pipe { peer table extra; }\n");
  const found = await findingsOf(folder);
  expect(found.length).toBeGreaterThan(0);
  expect(found.every(({ file = "" }) => file.endsWith("worker-1/bird.cfg"))).toBe(true);
  const { out } = await podpath(["check", folder, "--bgp", "assume", "--fail-on", "never"]);
  expect(out).toContain("pipe");
});
