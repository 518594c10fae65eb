import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ARTICLE, folder, podpath } from "../cli/command.ts";
import { clusterDiags, loosePastes, nodeDiags, nodesOf, packed, type Tree, treeOf } from "./forms.ts";
import { type TraceJson, told } from "./told.ts";

/** One cluster, as four people have it; the collector wrote what the others are made of. */
function formsOf(state: string): Readonly<Record<string, Tree>> {
  const whole = treeOf(join(ARTICLE, state, "snapshot"));
  const collected = Object.fromEntries(Object.entries(whole).filter(([path]) => /^(?:cluster|nodes)\//.test(path)));
  const nodes = Object.fromEntries(Object.entries(collected).filter(([path]) => !path.includes("/netns/")));
  const objects = Object.fromEntries(Object.entries(nodes).filter(([path]) => path.startsWith("cluster/")));
  return {
    "a tar from the collector": { "collected.tar.gz": packed(collected) },
    "calicoctl cluster diags": { "calico-diagnostics-20250215_101500.tar.gz": packed(clusterDiags(nodes)) },
    "calicoctl node diags": {
      ...Object.fromEntries(nodesOf(nodes).map((node, i) => [`diags-${i}.tar.gz`, packed(nodeDiags(nodes, node))])),
      ...objects,
    },
    "loose pastes": loosePastes(nodes),
  };
}

/** The trace; who listens inside a pod is a fact to the collector, and declared by the pod's ports to the others. */
async function answers(tree: Tree, probe: readonly string[]): Promise<unknown> {
  const { out, err } = await podpath(["trace", folder(tree), ...probe, "--json"]);
  expect(out, err).not.toBe("");
  return told(JSON.parse(out.replaceAll('"assumed-open"', '"open"')) as TraceJson, false);
}

const PROBES: readonly (readonly string[])[] = [
  ["--from", "pod/default/a", "--to", "pod/default/b"],
  ["--from", "pod/default/a", "--to", "pod/default/c"],
  ["--from", "pod/default/a", "--to", "10.96.0.10", "--proto", "udp", "--port", "53"],
];

test("a diagnostics bundle in either Calico layout, a tar from the collector, and a folder of loose pastes of the same cluster give the same trace", async () => {
  for (const state of ["healthy", "bgp-blocked"]) {
    const [[, first = {}] = ["", {}], ...others] = Object.entries(formsOf(state));
    for (const probe of PROBES) {
      const expected = await answers(first, probe);
      for (const [form, tree] of others) expect(await answers(tree, probe), `${state}: ${form}`).toEqual(expected);
    }
  }
});

const WORKER = join(ARTICLE, "bgp-blocked/snapshot/nodes/worker-1");
const dump = (name: string): string => readFileSync(join(WORKER, name), "utf8");

test("a person who has only two files gets an answer, its assumptions, and the next command to run", async () => {
  const two = { "ip-a.txt": dump("ip-addr.txt"), "ip-r.txt": dump("ip-route.txt") };
  const ask = ["--from", "node/node", "--to", "172.16.0.11"];
  const { code, out } = await podpath(["trace", folder(two), ...ask]);
  // an answer: what it depends on, and what happens either way
  expect(code).toBe(3);
  expect(out).toMatch(/^ {3}if {4}do the rules of node let the packet pass OUTPUT\? → they drop it\n✗ timeout/m);
  // its assumptions, each with the command that makes it a fact
  expect(out).toMatch(/~ .*node.*\n(?: {4}.*\n)*? {4}to know it there: \S/);
  // and the next command to run
  const command = /To settle it\n {2}→ on node: (\S.*)\n/.exec(out)?.[1];
  expect(command).toBe("iptables-save -c");
  // which, run, settles that question
  const three = folder({ ...two, "rules.txt": dump("iptables-nft-save.txt") });
  const after = await podpath(["trace", three, ...ask]);
  expect(after.out).not.toContain("the rules of node");
});
