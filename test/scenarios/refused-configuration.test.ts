import { resolve } from "node:path";
import { expect, test } from "vitest";
import { folder, podpath } from "../cli/command.ts";
import { ROOT } from "../docs/root.ts";

const CLUSTER = resolve(ROOT, "scenarios/debian-firewall/cluster");

const SCENARIO = `apiVersion: podpath/v1
kind: Scenario
metadata: {name: s}
network: {cluster: ${JSON.stringify(CLUSTER)}}
timeline:
  - {at: 10, change: {apply: as.yaml}}
probes:
  - {name: long-after, at: 600, from: pod/default/left-trsl76tcns-6tqm6, to: pod/default/right-bb7tx8hd9b-krk7g, kind: ping}
`;

test("a manifest of a timeline that BIRD's configuration does not survive is told once for each node, and the old one goes on", async () => {
  const path = folder({
    "scenario.yaml": SCENARIO,
    "as.yaml":
      "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata: {name: default}\nspec: {asNumber: 0}\n",
  });
  const { code, out, err } = await podpath(["run", path, "--json"]);
  expect(code).toBe(2);
  const refusals = err.split("\n").filter((line) => line.includes("[bird-refuses-configuration]"));
  const nodes = refusals.map(
    (line) =>
      /^error: (\S+)\/bird\.cfg:\d+:\d+: BIRD does not start with this: Local AS number must be set/.exec(line)?.[1],
  );
  expect(nodes.toSorted()).toEqual(["control-plane", "worker-1", "worker-2"]);
  expect(JSON.parse(out).probes[0].answer.branches[0].result).toBe("answered");
});
