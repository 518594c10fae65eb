import fc from "fast-check";
import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { checkCalicoRules } from "../../../src/readers/calico-rules/check-hashes.ts";
import { knownChains } from "../../../src/readers/calico-rules/known-chains.ts";
import { knownRules } from "../../../src/readers/iptables/known-rules.ts";
import { type IptablesSave, readIptablesSave } from "../../../src/readers/iptables/save.ts";

/** Lines that machines of one cluster have in common, and lines that mean something else where another chain is missing. */
const LINES = [
  '-A cali-OUTPUT -m comment --comment "cali:Mq1_rAdXXH3YkrzW" -m mark --mark 0x10000/0x10000 -j ACCEPT',
  '-A cali-OUTPUT -o cali+ -m comment --comment "cali:69FkRTJDvD5Vu6Vl" -j RETURN',
  '-A cali-OUTPUT -m comment --comment "cali:Fskumj4SGQtDV6GC" -j MARK --set-xmark 0x0/0xf0000',
  '-A cali-OUTPUT -m comment --comment "cali:AAAAAAAAAAAAAAAA" -j MARK --set-xmark 0x0/0x10000',
  "-A INPUT -s 10.0.0.1,10.0.0.2 -j DROP",
  "[12:345] -A INPUT -p tcp -m tcp --dport 179 -j ACCEPT",
  "-A INPUT -p tcp -m tcp --dport 179 -j ACCEPT",
  "-A INPUT -p tcp -m tcp --dport 179 -c 7 8 -j ACCEPT",
  "-A INPUT -m limit --limit 5/min -j LOG",
  "-A INPUT -m statistic --mode random --probability 0.50000000000 -j MAYBE",
  "-A INPUT -m statistic --mode nth --every 2 --packet 0 -j MAYBE",
  "-A INPUT -j MAYBE",
  "-A MAYBE -j RETURN",
  "-I INPUT -j MAYBE",
  "-A INPUT -p tcp -m tcp --dport 99999 -j ACCEPT",
  "-A INPUT -m frobnicate --much -j ACCEPT",
  "-A INPUT -m comment --comment",
  '"in two lines" -j DROP',
  "-A INPUT -s 10.0.0.0/8 …",
  "…",
];

const dump = fc
  .record({
    declared: fc.subarray([":INPUT ACCEPT [0:0]", ":cali-OUTPUT - [0:0]", ":MAYBE - [0:0]", ":ACCEPT - [0:0]"]),
    lines: fc.array(fc.constantFrom(...LINES), { maxLength: 12 }),
  })
  .map(({ declared, lines }) => ["*filter", ...declared, ...lines, "COMMIT", ""].join("\n"));

const read = (text: string, family: 4 | 6, known?: ReturnType<typeof knownRules>): IptablesSave =>
  readIptablesSave(
    { text, file: "f", family, backend: "nft", ...(known === undefined ? {} : { known }) },
    originTable(),
  );

test("dumps of several machines are read as if each were alone, findings and repairs included", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(dump, fc.constantFrom<4 | 6>(4, 4, 6)), { maxLength: 6 }), (dumps) => {
      const known = knownRules();
      const chains = knownChains();
      const names = () => ({ sets: [], devices: ["eth0"] });
      for (const [text, family] of dumps) {
        const alone = read(text, family);
        const together = read(text, family, known);
        expect(together).toEqual(alone);
        const origins = originTable();
        expect(checkCalicoRules(together.rulesets, { names, origins, known: chains })).toEqual(
          checkCalicoRules(alone.rulesets, { names, origins }),
        );
      }
    }),
    { numRuns: 500 },
  );
});

test("equal rules share their parts, and those that count have their own", () => {
  const known = knownRules();
  const rules = (line: string) =>
    [1, 2].map(() => {
      const text = `*filter\n:INPUT ACCEPT [0:0]\n${line}\nCOMMIT\n`;
      return read(text, 4, known).rulesets[0]?.tables.get("filter")?.chains.get("INPUT")?.rules[0];
    });
  const [plain, again] = rules("-A INPUT -p tcp -m tcp --dport 179 -j ACCEPT");
  expect(again?.matches).toBe(plain?.matches);
  const [limited, other] = rules("-A INPUT -m limit --limit 5/min -j ACCEPT");
  expect(other).toEqual({ ...limited, origin: other?.origin });
  expect(other?.matches[0]?.options).not.toBe(limited?.matches[0]?.options);
});
