import { resolve } from "node:path";
import { expect, test } from "vitest";
import { podpath } from "../cli/command.ts";
import { ROOT } from "../docs/root.ts";

interface Fix {
  readonly name: string;
  readonly probes: readonly { readonly verdict: string }[];
}

test("fixes that were tried on the captured machines give in the emulation what they gave there", async () => {
  const { code, out } = await podpath([
    "run",
    resolve(ROOT, "scenarios/debian-firewall-blocks-bgp/bgp-blocked"),
    "--json",
  ]);
  const { fixes }: { readonly fixes: readonly Fix[] } = JSON.parse(out);
  expect(fixes.map(({ name }) => name)).toEqual(["allow-bgp-on-the-passive-nodes", "allow-bgp-on-every-node"]);
  for (const { probes } of fixes) {
    expect(probes.length).toBeGreaterThan(3);
    expect(new Set(probes.map(({ verdict }) => verdict))).toEqual(new Set(["held"]));
  }
  expect(code).toBe(0);
});
