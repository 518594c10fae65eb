import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { originTable } from "../../src/model/origin.ts";
import { BUILT_IN_CHAINS, type TableName } from "../../src/model/ruleset.ts";
import type { Family } from "../../src/net/address.ts";
import { printRuleset } from "../../src/readers/iptables/print.ts";
import { readNftBaseChains } from "../../src/readers/nft/base-chains.ts";
import { arbitraryRule } from "../readers/iptables/arbitrary-rule.ts";
import { codes, readSave } from "../readers/iptables/helpers.ts";

/** The number keeps parallel runs apart. */
const HOME = `ppi-${process.pid}`;
const RULES = 400;
const { CI } = process.env;

const TABLES: readonly TableName[] = ["filter", "nat", "mangle", "raw"];
const FAMILIES: readonly Family[] = [4, 6];
const BACKENDS = ["legacy", "nft"] as const;

/** Why the real tools cannot be asked; null when they can. */
function obstacle(): string | null {
  if (process.getuid?.() !== 0) return "it needs root to make network namespaces";
  for (const program of ["iptables-legacy-save", "iptables-nft-save", "ip6tables-legacy-save", "ip6tables-nft-save"]) {
    try {
      run(program, ["--version"]);
    } catch {
      return `it needs ${program}`;
    }
  }
  return null;
}

const reason = obstacle();
if (reason !== null) {
  if (CI) throw new Error(`test/kernel/iptables-save.test.ts: ${reason}.`);
  process.stderr.write(`SKIPPED test/kernel/iptables-save.test.ts: ${reason}.\n`);
}

function run(program: string, args: readonly string[], input = ""): string {
  return execFileSync(program, args, { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"], maxBuffer: 1 << 28 });
}

function inside(program: string, args: readonly string[] = [], input = ""): string {
  return run("ip", ["netns", "exec", HOME, program, ...args], input);
}

function tool(family: Family, backend: "legacy" | "nft", action: "save" | "restore"): string {
  return `${family === 6 ? "ip6tables" : "iptables"}-${backend}-${action}`;
}

/** The dump without its `#` lines, which hold times and versions. */
function essence(dump: string): string {
  return dump
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n");
}

/** A dump with random rules in two chains, spelled as a person or a program would write it. */
function writtenDump(table: TableName, family: Family, seed: number): string {
  const rules = fc.sample(arbitraryRule(table, family), { numRuns: RULES, seed });
  const lines = rules.map((rule, index) =>
    `[${index}:${index * 60}] -A ${index % 2 === 0 ? "x" : "y"} ${rule}`.trimEnd(),
  );
  return [`*${table}`, ":x - [0:0]", ":y - [0:0]", ":cali-a - [0:0]", ":KUBE-B - [0:0]", ...lines, "COMMIT", ""].join(
    "\n",
  );
}

function rulesByChain(dump: string): readonly string[] {
  const rules = dump.split("\n").filter((line) => line.startsWith("-A"));
  return ["x", "y"].flatMap((chain) =>
    rules.filter((line) => line.startsWith(`-A ${chain} `) || line === `-A ${chain}`),
  );
}

describe.skipIf(reason !== null)("podpath and the real iptables", () => {
  beforeAll(() => {
    run("ip", ["netns", "add", HOME]);
  });
  afterAll(() => {
    run("ip", ["netns", "del", HOME]);
  });

  for (const backend of BACKENDS) {
    for (const family of FAMILIES) {
      for (const table of TABLES) {
        test(`print IPv${family} table ${table} of iptables-${backend} line for line the same`, () => {
          for (const seed of [1, 2, 3]) {
            const written = writtenDump(table, family, seed);
            inside(tool(family, backend, "restore"), ["--counters"], written);
            const args = ["-t", table];
            const plain = inside(tool(family, backend, "save"), args);
            const counted = inside(tool(family, backend, "save"), [...args, "--counters"]);
            for (const dump of [plain, counted]) {
              const save = readSave(dump, family, backend);
              expect(codes(save).filter((code) => code !== "bare-rule")).toEqual([]);
              expect(save.rulesets.map((ruleset) => [ruleset.family, ruleset.backend])).toEqual([[family, backend]]);
              const printed = save.rulesets.map((item) => printRuleset(item, { counters: dump === counted })).join("");
              expect(printed).toBe(essence(dump));
            }
            // What podpath makes of the words as written is what the tool made of them.
            const ours = readSave(written, family, backend)
              .rulesets.map((item) => printRuleset(item))
              .join("");
            expect(rulesByChain(ours)).toEqual(rulesByChain(plain));
          }
        });
      }
    }
  }

  test("the tool accepts what podpath prints, and saves the same again", () => {
    for (const backend of BACKENDS) {
      inside(tool(4, backend, "restore"), [], writtenDump("filter", 4, 7));
      const dump = inside(tool(4, backend, "save"), ["-t", "filter"]);
      const printed = readSave(dump, 4, backend)
        .rulesets.map((item) => printRuleset(item))
        .join("");
      inside(tool(4, backend, "restore"), [], printed);
      expect(essence(inside(tool(4, backend, "save"), ["-t", "filter"]))).toBe(essence(dump));
    }
  });

  test("the whole dump of a namespace with all tables is read and printed the same", () => {
    for (const backend of BACKENDS) {
      for (const table of TABLES) inside(tool(4, backend, "restore"), [], writtenDump(table, 4, 11));
      const dump = inside(tool(4, backend, "save"));
      const save = readSave(dump, 4, backend);
      expect(codes(save).filter((code) => code !== "bare-rule")).toEqual([]);
      expect(save.rulesets.map((item) => printRuleset(item)).join("")).toBe(essence(dump));
    }
  });

  test("only native base chains are found in nft list ruleset, as text and as JSON", () => {
    for (const family of FAMILIES) {
      for (const [table, chains] of Object.entries(BUILT_IN_CHAINS)) {
        const policies = chains.map((chain) => `:${chain} ACCEPT [0:0]`);
        const rules = chains.map((chain) => `-A ${chain} -m mark --mark 0x1 -j RETURN`);
        inside(tool(family, "nft", "restore"), [], [`*${table}`, ...policies, ...rules, "COMMIT", ""].join("\n"));
      }
    }
    const native = [
      "add table inet firewalld",
      "add chain inet firewalld filter_INPUT { type filter hook input priority filter + 10; policy drop; }",
      'add rule inet firewalld filter_INPUT ip saddr { 10.0.0.1, 10.0.0.2 } counter accept comment "open {"',
      "add rule inet firewalld filter_INPUT iifname vmap { lo : accept, eth0 : drop }",
      "add table ip kube-proxy",
      "add chain ip kube-proxy nat-postrouting { type nat hook postrouting priority srcnat - 1; }",
      "add chain ip filter guard { type filter hook forward priority -5; }",
      "add chain ip filter plain",
    ];
    inside("nft", ["-f", "-"], `${native.join("\n")}\n`);
    for (const args of [
      ["list", "ruleset"],
      ["-a", "list", "ruleset"],
      ["-n", "list", "ruleset"],
      ["-j", "list", "ruleset"],
    ]) {
      const { baseChains } = readNftBaseChains({ text: inside("nft", args), file: "nft" }, originTable());
      expect(baseChains.every(({ tables }) => tables !== undefined)).toBe(true);
      const found = baseChains
        .map(({ origin: _, tables: __, ...chain }) => chain)
        .sort((x, y) => x.priority - y.priority);
      expect(found).toEqual([
        {
          family: "ip",
          table: "filter",
          chain: "guard",
          type: "filter",
          hook: "forward",
          priority: -5,
          policy: "accept",
          ruleCount: 0,
        },
        {
          family: "inet",
          table: "firewalld",
          chain: "filter_INPUT",
          type: "filter",
          hook: "input",
          priority: 10,
          policy: "drop",
          ruleCount: 2,
        },
        {
          family: "ip",
          table: "kube-proxy",
          chain: "nat-postrouting",
          type: "nat",
          hook: "postrouting",
          priority: 99,
          policy: "accept",
          ruleCount: 0,
        },
      ]);
    }
  });
});
