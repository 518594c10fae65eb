import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { podpath } from "./command.ts";

const CAPTURES = "scenarios/debian-firewall-blocks-bgp";
const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-sessions-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

/** A capture with the firewall of another. */
function mixed(name: string, rules: string): string {
  const folder = join(SCRATCH, name);
  cpSync(join(CAPTURES, name, "snapshot"), folder, { recursive: true });
  for (const node of readdirSync(join(folder, "nodes"))) {
    const from = join(CAPTURES, rules, "snapshot/nodes", node);
    for (const file of readdirSync(from)) {
      if (/^ip6?tables.*-save\.txt$/.test(file)) cpSync(join(from, file), join(folder, "nodes", node, file));
    }
    rmSync(join(folder, "nodes", node, "nft-ruleset.txt"), { force: true });
  }
  return folder;
}

const ENDS = ["--from", "pod/default/a", "--to", "pod/default/c"];

test("a trace that ends in a loss tells of which session of its machines BIRD said something else than comes of it anew, and why", async () => {
  const { code, err } = await podpath(["trace", mixed("bgp-blocked", "healthy"), ...ENDS]);
  expect(code).toBe(1);
  expect(err).toMatch(/birdc-protocols\.txt:\d+: BIRD on worker-1 says of Mesh_\S+ “Passive”.*it is “Established”/);
  expect(err).toContain("[bgp-session-otherwise]");
});

test("it tells none where both say the same, where routes are assumed, and of packets that arrive", async () => {
  const blocked = `${CAPTURES}/bgp-blocked`;
  const told = await Promise.all([
    podpath(["trace", blocked, ...ENDS]),
    podpath(["trace", mixed("bgp-blocked", "healthy"), ...ENDS, "--bgp", "assume"]),
    podpath(["trace", mixed("healthy", "bgp-blocked"), ...ENDS]),
  ]);
  expect(told.map(({ code }) => code)).toEqual([1, 1, 0]);
  for (const { err } of told) expect(err).not.toContain("bgp-session-otherwise");
});
