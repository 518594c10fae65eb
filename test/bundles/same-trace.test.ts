import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ARTICLE, folder, podpath } from "../cli/command.ts";
import { clusterDiags, loosePastes, nodeDiags, nodesOf, packed, type Tree, treeOf } from "./forms.ts";
import { type TraceJson, told } from "./told.ts";

/** What each form is made of; `tree` is what a snapshot folder holds. */
const FORMS: Readonly<Record<string, (tree: Readonly<Record<string, string>>) => Tree>> = {
  "calicoctl cluster diags, unpacked": (tree) => clusterDiags(tree),
  "calicoctl cluster diags": (tree) => ({ "calico-diagnostics-20250215_101500.tar.gz": packed(clusterDiags(tree)) }),
  "calicoctl node diags of each node": (tree) => ({
    ...Object.fromEntries(nodesOf(tree).map((node, i) => [`diags-2025021${i}.tar.gz`, packed(nodeDiags(tree, node))])),
    ...objects(tree),
  }),
  "a tar of the collector's layout": (tree) => ({ "snapshot.tar.gz": packed(tree) }),
  "loose pastes": (tree) => loosePastes(tree),
};

function objects(tree: Readonly<Record<string, string>>): Tree {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([path, text]) =>
      path.startsWith("cluster/") ? [[path.slice("cluster/".length), text] as const] : [],
    ),
  );
}

async function trace(path: string, probe: readonly string[]): Promise<TraceJson> {
  const { out, err } = await podpath(["trace", path, ...probe, "--json"]);
  expect(out, err).not.toBe("");
  return JSON.parse(out) as TraceJson;
}

const PING_NEIGHBOUR = ["--from", "pod/default/a", "--to", "pod/default/b"];
const PING = ["--from", "pod/default/a", "--to", "pod/default/c"];
const DNS = ["--from", "pod/default/a", "--to", "10.96.0.10", "--proto", "udp", "--port", "53"];
const BGP = ["--from", "node/worker-1", "--to", "node/worker-2", "--port", "179"];

describe.each(Object.entries(FORMS))("%s", (form, make) => {
  describe.each(["healthy", "bgp-blocked"])("of the cluster that is %s", (state) => {
    // a bundle of the cluster's nodes knows neither the gateway nor how the machines are wired
    const whole = treeOf(join(ARTICLE, state, "snapshot"));
    const nodes = Object.fromEntries(
      Object.entries(whole).filter(([path]) => /^(?:cluster\/|nodes\/[^/]+\/[^/]+$)/.test(path)),
    );

    const probes: readonly (readonly [string, readonly string[]])[] = [
      ["ping on one node", PING_NEIGHBOUR],
      ["ping to another node", PING],
      ["DNS through the Service", DNS],
      // who listens on a node, `cluster diags` does not say; there the answer is uncertain
      ...(form.includes("cluster diags") && state === "healthy" ? [] : [["BGP", BGP] as const]),
    ];
    test.each(probes)("%s gives the same trace", async (_, probe) => {
      const [ours, theirs] = await Promise.all([trace(folder(nodes), probe), trace(folder(make(nodes)), probe)]);
      // `ip -4 addr` prints no link-layer addresses, and nothing else in that bundle does
      const withMacs = !form.includes("node diags");
      expect(told(theirs, withMacs)).toEqual(told(ours, withMacs));
    });
  });
});

describe("what each form has to assume beyond the snapshot of the same nodes", () => {
  const whole = treeOf(join(ARTICLE, "healthy/snapshot"));
  const nodes = Object.fromEntries(
    Object.entries(whole).filter(([path]) => /^(?:cluster\/|nodes\/[^/]+\/[^/]+$)/.test(path)),
  );
  const EXPECTED: Readonly<Record<string, readonly string[]>> = {
    "calicoctl cluster diags, unpacked": ["sysctls"],
    "calicoctl cluster diags": ["sysctls"],
    "calicoctl node diags of each node": ["conntrack", "neighbours", "nft", "otherBackend", "sysctls"],
    "a tar of the collector's layout": [],
    "loose pastes": [],
  };

  test.each(Object.entries(FORMS))("%s", async (form, make) => {
    const parts = async (tree: Tree): Promise<ReadonlySet<string>> => {
      const { assumptions } = await trace(folder(tree), PING);
      return new Set(assumptions.filter(({ host }) => !host.startsWith("pod/")).map(({ part }) => part));
    };
    const [ours, theirs] = await Promise.all([parts(nodes), parts(make(nodes))]);
    expect([...theirs].filter((part) => !ours.has(part)).sort()).toEqual(EXPECTED[form]);
  });

  test("cluster diags does not say who listens on a node, and the answer says so", async () => {
    const { certainty, unknowns } = await trace(folder(clusterDiags(nodes)), BGP);
    expect(certainty).toBe("uncertain");
    expect(unknowns.map(({ question }) => question)).toEqual([expect.stringContaining("179")]);
  });
});
