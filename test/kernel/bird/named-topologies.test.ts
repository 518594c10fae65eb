import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchBird } from "./fetch-bird.ts";
import { kernelRoutes, kernelText } from "./labs/compare.ts";
import { birdcOutput } from "./labs/compare-texts.ts";
import { emulate } from "./labs/emulate.ts";
import type { Lab, Seen } from "./labs/lab.ts";
import { BEST_ROUTES } from "./labs/named/best-route.ts";
import { NARROW_LINKS } from "./labs/named/narrow-links.ts";
import { ROUTE_TOPOLOGIES } from "./labs/named/routes.ts";
import { RECOVERY, TIMERS_IN_STAGES } from "./labs/named/timers.ts";
import type { Expected } from "./labs/named/topology.ts";
import { differingLabs, runReal } from "./labs/play.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-topologies-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const folder = fetchBird("bird", SCRATCH);

function expectReal({ stages }: Seen, { node, stage, shows, hides, kernel, notInKernel }: Expected): void {
  const found = stages.at(stage ?? -1);
  const said = Object.values(found?.said[node] ?? {}).map((text) => birdcOutput(text ?? ""));
  for (const pattern of shows ?? []) expect(said.join("\n")).toMatch(pattern);
  for (const pattern of hides ?? []) expect(said.join("\n")).not.toMatch(pattern);
  const routes = found?.routes[node] ?? "";
  for (const pattern of kernel ?? []) expect(routes).toMatch(pattern);
  for (const pattern of notInKernel ?? []) expect(routes).not.toMatch(pattern);
}

/** What stays in the kernels of nodes whose daemon has gone, which the comparison of labs leaves out. */
function leftBehind(
  lab: Lab,
  real: Seen,
): readonly (readonly [real: readonly string[], emulated: readonly string[]])[] {
  const emulated = emulate(lab, real).at(-1);
  const last = real.stages.at(-1);
  return lab.nodes
    .filter(({ name }) => last?.said[name]?.["show status"] == null)
    .map(({ name }) => [kernelText(last?.routes[name] ?? ""), kernelRoutes(emulated?.kernel.get(name) ?? [])] as const);
}

describe.skipIf(folder === null)("a real BIRD among others", () => {
  const cases = [...BEST_ROUTES, ...NARROW_LINKS, ...ROUTE_TOPOLOGIES, ...TIMERS_IN_STAGES, ...RECOVERY];
  let seen: readonly Seen[] = [];
  beforeAll(async () => {
    seen = await runReal(
      folder ?? "",
      cases.map(({ lab }) => lab),
    );
  });

  test.each(cases.map((one, index) => [one.says, index] as const))("%s", async (_, index) => {
    const [found, first] = [cases[index], seen[index]];
    if (found === undefined || first === undefined) throw new Error("each case was played");
    const { lab, expects } = found;
    // What differs is played again by itself, as all labs are.
    const [real = first] = differingLabs([lab], [first]).length > 0 ? await runReal(folder ?? "", [lab]) : [first];
    for (const expected of expects) expectReal(real, expected);
    expect(differingLabs([lab], [real]).flatMap(({ lines }) => lines)).toEqual([]);
    for (const [kernel, emulated] of leftBehind(lab, real)) expect(emulated).toEqual(kernel);
  });
});
