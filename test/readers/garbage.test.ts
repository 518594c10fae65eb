import fc from "fast-check";
import { expect, test } from "vitest";
import type { Finding } from "../../src/model/finding.ts";
import { type OriginTable, originTable } from "../../src/model/origin.ts";
import { readBirdc } from "../../src/readers/birdc/birdc.ts";
import { readFdb } from "../../src/readers/bridge/fdb.ts";
import { readNodeStatus } from "../../src/readers/calicoctl/node-status.ts";
import { readConntrack } from "../../src/readers/conntrack.ts";
import { readAddresses } from "../../src/readers/ip/address.ts";
import { readLinks } from "../../src/readers/ip/link.ts";
import { readNeighbours } from "../../src/readers/ip/neigh.ts";
import { readRoutes } from "../../src/readers/ip/route.ts";
import { readPolicyRules } from "../../src/readers/ip/rule.ts";
import { readIpSetList } from "../../src/readers/ipset/list.ts";
import { readIpSetSave } from "../../src/readers/ipset/save.ts";
import { readSockets } from "../../src/readers/ss.ts";
import { readSysctls } from "../../src/readers/sysctl.ts";
import { fixture } from "./fixture.ts";

type Reader = (text: string, file: string, origins: OriginTable) => { readonly findings: readonly Finding[] };

const readers: readonly (readonly [string, Reader, readonly string[]])[] = [
  ["ip addr", readAddresses, ["ip/fixtures/addr-detailed.txt", "ip/fixtures/addr.json.txt"]],
  ["ip link", readLinks, ["ip/fixtures/link-detailed.txt", "ip/fixtures/link-detailed.json.txt"]],
  ["ip route", readRoutes, ["ip/fixtures/route.txt", "ip/fixtures/route.json.txt"]],
  ["ip rule", readPolicyRules, ["ip/fixtures/rule.txt", "ip/fixtures/rule.json.txt"]],
  ["ip neigh", readNeighbours, ["ip/fixtures/neigh-statistics.txt", "ip/fixtures/neigh.json.txt"]],
  ["bridge fdb", readFdb, ["bridge/fixtures/fdb.txt", "bridge/fixtures/fdb.json.txt"]],
  ["ipset save", readIpSetSave, ["ipset/fixtures/save.txt"]],
  ["ipset list", readIpSetList, ["ipset/fixtures/list.txt"]],
  ["sysctl", readSysctls, ["sysctl/fixtures/sysctl.txt"]],
  ["conntrack", readConntrack, ["conntrack/fixtures/list.txt"]],
  ["birdc", readBirdc, ["birdc/fixtures/protocols-all-2.txt", "birdc/fixtures/route-all-1.6.txt"]],
  ["calicoctl node status", readNodeStatus, ["calicoctl/fixtures/node-status.txt"]],
  ["ss", readSockets, ["ss/fixtures/listening-header.txt"]],
];

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.json().map((text) => `[${text}]`),
  fc.string({ unit: fc.constantFrom(...'[]{},:"\n\\ \t\0a1=<>') }),
);

/** A text with a part of it cut out, doubled or overwritten. */
function damaged(text: string): fc.Arbitrary<string> {
  const at = fc.nat(text.length);
  return fc
    .tuple(
      at,
      at,
      fc.oneof(
        anyText,
        at.map((i) => text.slice(i, i + 100)),
      ),
    )
    .map(([x, y, filling]) => {
      return text.slice(0, Math.min(x, y)) + filling + text.slice(Math.max(x, y));
    });
}

const codePattern = /^[a-z]+(?:-[a-z0-9]+)*$/;

for (const [name, read, files] of readers) {
  test(`${name}: no text makes the reader throw, and findings cite lines that exist`, () => {
    const inputs = fc.oneof(anyText, ...files.map((file) => damaged(fixture(file))));
    fc.assert(
      fc.property(inputs, (text) => {
        const { findings } = read(text, "f", originTable());
        const last = text.split(/\r*\n|\r+/).length;
        for (const { code, file, line, message } of findings) {
          expect(code).toMatch(codePattern);
          expect(file).toBe("f");
          expect(message).not.toBe("");
          if (line !== undefined) expect(line >= 1 && line <= last).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test(`${name}: time grows with the size of the text`, () => {
    const hostile = [
      "a".repeat(200_000),
      `${"a@".repeat(100_000)}`,
      " ".repeat(200_000),
      `1: ${"x@".repeat(100_000)}`,
      "[".repeat(200_000),
      '[{"a":'.repeat(30_000),
      `add a ${",".repeat(100_000)}`,
      `${"src=1 ".repeat(50_000)}`,
      "...".repeat(60_000),
      `/${"/ ".repeat(90_000)}`,
    ];
    // Whatever takes more than linear time here takes longer than a test may.
    for (const text of hostile) read(text, "f", originTable());
    for (const file of files) read(fixture(file).repeat(100), "f", originTable());
  });
}
