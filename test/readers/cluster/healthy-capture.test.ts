import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runScenario, type ScenarioRun } from "../../../src/analysis/run-scenario.ts";
import { readFolder } from "../../../src/cli/read-files.ts";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";
import { readScenario } from "../../../src/readers/scenario/read-scenario.ts";
import { ROOT } from "../../docs/root.ts";

const HEALTHY = join(ROOT, "scenarios/debian-firewall-blocks-bgp/healthy");
const NODES = join(ROOT, "examples/three-nodes/cluster/nodes.yaml");

describe("the objects of the captured cluster, with nodes.yaml in place of every dump", () => {
  const files = new Map(readFolder(join(HEALTHY, "snapshot/cluster")));
  files.set("machines-nodes.yaml", readFileSync(NODES, "utf8"));
  const result = readClusterFolder({ name: "healthy", files });
  const scenario = readScenario(readFileSync(join(HEALTHY, "scenario.yaml"), "utf8"), "scenario.yaml").scenario;
  if (scenario === null) throw new Error("no scenario");

  it("are read without a doubt", () => {
    expect(result.findings.filter(({ severity }) => severity !== "info")).toEqual([]);
  });

  it("give every answer that was measured", { timeout: 60_000 }, () => {
    const run: ScenarioRun = runScenario(result.network, scenario, { traced: 0, strict: false });
    expect(run.probes.length).toBeGreaterThan(300);
    const wrong = run.probes.flatMap(({ verdict, probe }) => (verdict === "held" ? [] : [`${probe.name} ${verdict}`]));
    expect(wrong).toEqual([]);
  });
});
