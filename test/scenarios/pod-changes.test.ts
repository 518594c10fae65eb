import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { folder, podpath } from "../cli/command.ts";
import { ROOT } from "../docs/root.ts";

const CLUSTER = resolve(ROOT, "scenarios/debian-firewall/cluster");
const LEFT = "pod/default/left-trsl76tcns-6tqm6";
const NEIGHBOUR = "pod/default/left-trsl76tcns-trjrw";
const RIGHT = "pod/default/right-bb7tx8hd9b-krk7g";

interface Probe {
  readonly name: string;
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly kind?: string;
}

/** The changes, on the article's cluster, and what probes give. */
async function played(
  changes: readonly string[],
  probes: readonly Probe[],
  more: Readonly<Record<string, string>> = {},
) {
  const text = [
    "apiVersion: podpath/v1",
    "kind: Scenario",
    "metadata: {name: s}",
    `network: {cluster: ${JSON.stringify(CLUSTER)}}`,
    "timeline:",
    ...changes.map((change) => `  - ${change}`),
    "probes:",
    ...probes.map(({ kind = "ping", ...probe }) => `  - ${JSON.stringify({ ...probe, kind })}`),
    "",
  ].join("\n");
  const { code, out, err } = await podpath(["run", folder({ "scenario.yaml": text, ...more }), "--json"]);
  const { probes: asked } = JSON.parse(out);
  const results: Record<string, string> = {};
  const hops: Record<string, readonly string[]> = {};
  for (const { name, answer } of asked) {
    results[name] = answer?.branches[0].result ?? "not asked";
    hops[name] = answer?.branches[0].hops ?? [];
  }
  return { code, err, results, hops };
}

describe("a timeline that changes pods", () => {
  test("makes one, on a node: it has an address of that node's block, and all reach it once it is there", async () => {
    const { results } = await played(
      ["{at: 10, change: {pod: {name: default/new, action: create, node: worker-2, labels: {app: new}}}}"],
      [
        { name: "before", at: 5, from: LEFT, to: "pod/default/new" },
        { name: "other-node", at: 20, from: LEFT, to: "pod/default/new" },
        { name: "same-node", at: 20, from: RIGHT, to: "pod/default/new" },
        { name: "from-it", at: 20, from: "pod/default/new", to: LEFT },
        { name: "others", at: 20, from: LEFT, to: RIGHT },
      ],
    );
    expect(results).toEqual({
      before: "not asked",
      "other-node": "answered",
      "same-node": "answered",
      "from-it": "answered",
      others: "answered",
    });
  });

  test("deletes one: nobody answers for its address, and the others keep theirs", async () => {
    const { results, hops } = await played(
      [`{at: 10, change: {pod: {name: ${LEFT.slice(4)}, action: delete}}}`],
      [
        { name: "gone", at: 20, from: RIGHT, to: LEFT },
        { name: "before", at: 5, from: RIGHT, to: LEFT },
        { name: "its-neighbour", at: 20, from: RIGHT, to: NEIGHBOUR },
        { name: "way-before", at: 5, from: RIGHT, to: NEIGHBOUR, kind: "traceroute" },
        { name: "way-after", at: 20, from: RIGHT, to: NEIGHBOUR, kind: "traceroute" },
      ],
    );
    expect(results).toMatchObject({ gone: "not asked", before: "answered", "its-neighbour": "answered" });
    expect(hops["way-before"]).toHaveLength(3);
    expect(hops["way-after"]).toEqual(hops["way-before"]);
  });

  test("moves one to another node, where it has an address of that node's block", async () => {
    const { results, hops } = await played(
      [`{at: 10, change: {pod: {name: ${RIGHT.slice(4)}, action: move, node: worker-1}}}`],
      [
        { name: "before", at: 5, from: LEFT, to: RIGHT },
        { name: "after", at: 20, from: LEFT, to: RIGHT },
        { name: "way-before", at: 5, from: LEFT, to: RIGHT, kind: "traceroute" },
        { name: "way-after", at: 20, from: LEFT, to: RIGHT, kind: "traceroute" },
      ],
    );
    expect(results).toMatchObject({
      before: "answered",
      after: "answered",
      "way-before": "answered",
      "way-after": "answered",
    });
    expect(hops["way-before"]).toEqual(["172.16.0.10", "172.16.0.11", expect.stringMatching(/^192\.168\.133\./)]);
    expect(hops["way-after"]).toEqual(["172.16.0.10", expect.stringMatching(/^192\.168\.226\./)]);
  });

  test("takes manifests that make and remove pods", async () => {
    const pod = `apiVersion: v1\nkind: Pod\nmetadata: {name: applied, namespace: default}\nspec: {nodeName: worker-2, containers: [{name: main}]}\n`;
    const { results, code } = await played(
      ["{at: 10, change: {apply: pod.yaml}}"],
      [
        { name: "applied", at: 20, from: LEFT, to: "pod/default/applied" },
        { name: "others", at: 20, from: LEFT, to: RIGHT },
      ],
      { "pod.yaml": pod },
    );
    expect(results).toEqual({ applied: "answered", others: "answered" });
    expect(code).toBe(0);
  });

  test.each([
    ["{name: default/nobody, action: delete}", /There is no pod called default\/nobody/],
    ["{name: default/nobody, action: move, node: worker-1}", /There is no pod called default\/nobody/],
    ["{name: default/new, action: create, node: worker-9}", /There is no node called worker-9/],
    [`{name: ${LEFT.slice(4)}, action: create, node: worker-1}`, /There is a pod .* already/],
    ["{name: new, action: create, node: worker-1}", /namespace and name/],
    ["{name: default/new, action: create}", /the node that it runs on/],
    ["{name: default/new, action: dance}", /create/],
  ])("says what is wrong with %s, with its line", async (change, expected) => {
    const { err, code } = await played(
      [`{at: 10, change: {pod: ${change}}}`],
      [{ name: "after", at: 20, from: LEFT, to: RIGHT }],
    );
    expect(err.replaceAll(/\s+/g, " ")).toMatch(expected);
    expect(err).toMatch(/scenario\.yaml:6/);
    expect(code).toBe(2);
  });
});
