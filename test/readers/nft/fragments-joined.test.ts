import { expect, test } from "vitest";
import { tableNeedsDefragmentation } from "../../../src/linux/netfilter/needs-defragmentation.ts";
import { originTable } from "../../../src/model/origin.ts";
import { readNftBaseChains } from "../../../src/readers/nft/base-chains.ts";

/** As the kernel counted three fragments, or one datagram, behind such a rule: docs/lab-notes/kernel-fuzz.md. */
test.each([
  ["udp dport 1 tproxy to :8080", true],
  ["udp dport 1 tproxy to :8080 accept", true],
  ["socket transparent 1 counter accept", false],
])("a rule of nft's own has fragments joined: %s %s", (rule, joins) => {
  const text = `table ip t {\nchain c {\ntype filter hook prerouting priority -150; policy accept;\n${rule}\n}\n}\n`;
  const { baseChains } = readNftBaseChains({ text, file: "nft" }, originTable());
  const tables = baseChains.flatMap((chain) => (chain.tables === undefined ? [] : [chain.tables[4]]));
  expect(tables.length).toBeGreaterThan(0);
  expect(tables.some(tableNeedsDefragmentation)).toBe(joins);
});
