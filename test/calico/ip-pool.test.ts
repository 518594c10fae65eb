import { expect, test } from "vitest";
import { formatFinding } from "../../src/model/finding.ts";
import { originTable } from "../../src/model/origin.ts";
import { buildCluster } from "../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../src/readers/resources/read-resources.ts";
import { pool } from "./ipam/declared-cluster.ts";

function findings(text: string): readonly string[] {
  const { resources } = readResources(text, "pools.yaml", originTable());
  return buildCluster(resources).findings.map(formatFinding);
}

test.each([
  ["10.0.0.0/16", "blockSize: 16", "spec.blockSize is the number 16. Expected a prefix length from 20 to 32."],
  ["10.0.0.0/28", "", "spec.blockSize is missing. Expected a prefix length from 28 to 32."],
  ["fd00::/112", "blockSize: 26", "spec.blockSize is the number 26. Expected a prefix length from 116 to 128."],
  ["fd00::/112", "ipipMode: Always", 'spec.ipipMode is "Always". Expected Never: IPIP is for IPv4.'],
  [
    "10.0.0.0/16",
    "ipipMode: Always, vxlanMode: CrossSubnet",
    'spec.vxlanMode is "CrossSubnet". Expected Never, as ipipMode says otherwise already.',
  ],
  ["10.0.0.0/16", "nodeSelector: 'zone = a'", "spec.nodeSelector is"],
  ["10.0.0.0/16", "allowedUses: [Everything]", "spec.allowedUses[0] is"],
  ["10.0.0.0/16", "assignmentMode: auto", "spec.assignmentMode is"],
])("of a pool %s with %s it is told what the API would refuse", (cidr, more, told) => {
  const found = findings(pool("p", cidr, more));
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(told);
  expect(found[0]).toMatch(/^error: pools\.yaml:\d+:\d+: IPPool p: /);
});

test("a good pool is not complained of", () => {
  expect(findings(pool("p", "10.0.0.0/16", "blockSize: 24, nodeSelector: zone == 'a', vxlanMode: Always"))).toEqual([]);
});
