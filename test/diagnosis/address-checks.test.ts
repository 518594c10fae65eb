import { expect, test } from "vitest";
import { folder, podpath } from "../cli/command.ts";
import { NODE, NODE2, POD } from "../codes/example.ts";

/** The codes of checks about addresses that `podpath check` gives for the two nodes with these files. */
async function codesOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const nodes = Object.entries({ ...NODE, ...NODE2 }).map(([name, text]) => [name.replace("cluster1/", ""), text]);
  const { out } = await podpath(["check", folder({ ...Object.fromEntries(nodes), ...files }), "--json"]);
  const { findings }: { findings: { code: string }[] } = JSON.parse(out);
  return findings.map(({ code }) => code).filter((code) => /twice|overlap|leaked|allocated|affinit|pool/.test(code));
}

const OTHER = POD.replace("name: web", "name: copy");

test("two pods with one address are told, unless one of them is going or has ended", async () => {
  expect(await codesOf({ "cluster/a.yaml": POD, "cluster/b.yaml": OTHER })).toContain("pod-address-twice");
  const going = OTHER.replace("name: copy}", 'name: copy, deletionTimestamp: "2025-02-15T10:00:00Z"}');
  const ended = OTHER.replace("phase: Running", "phase: Succeeded");
  for (const other of [going, ended]) {
    expect(await codesOf({ "cluster/a.yaml": POD, "cluster/b.yaml": other })).not.toContain("pod-address-twice");
  }
});

test("pools overlap where they have some addresses in common; the same pool told twice is one", async () => {
  const pool = (name: string, cidr: string) =>
    `apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: ${name}}\nspec: {cidr: ${cidr}}\n`;
  const two = (cidr: string) => ({ "cluster/a.yaml": pool("a", "192.168.0.0/16"), "cluster/b.yaml": pool("b", cidr) });
  expect(await codesOf(two("192.168.64.0/18"))).toEqual(["pools-overlap"]);
  expect(await codesOf(two("192.168.0.0/16"))).toEqual([]);
  expect(await codesOf(two("10.9.0.0/16"))).toEqual([]);
});

test("an address that IPAM holds is leaked only where pods of its namespace are known", async () => {
  const block = (namespace: string) => `apiVersion: crd.projectcalico.org/v1
kind: IPAMBlock
metadata: {name: 192-168-1-0-30}
spec:
  cidr: 192.168.1.0/30
  affinity: host:n1
  allocations: [null, 1, 0, null]
  unallocated: [0, 3]
  attributes:
  - handle_id: k8s-pod-network.01
    secondary: {namespace: shop, pod: web, node: n1}
  - handle_id: k8s-pod-network.02
    secondary: {namespace: ${namespace}, pod: old, node: n1}
`;
  expect(await codesOf({ "cluster/a.yaml": POD, "cluster/b.yaml": block("shop") })).toEqual(["address-leaked"]);
  expect(await codesOf({ "cluster/a.yaml": POD, "cluster/b.yaml": block("elsewhere") })).toEqual([]);
});
