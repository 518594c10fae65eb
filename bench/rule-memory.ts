import { setImmediate } from "node:timers/promises";
import { bindTable } from "../src/linux/netfilter/bind.ts";
import { indexFor, isShort } from "../src/linux/netfilter/chain-index.ts";
import { programOf } from "../src/linux/netfilter/program.ts";
import { originTable } from "../src/model/origin.ts";
import type { Ruleset } from "../src/model/ruleset.ts";
import { readIptablesSave } from "../src/readers/iptables/save.ts";
import { type Benchmark, digits, say, sayTable } from "./benchmark.ts";
import { linearRules, nodeRules, serviceRules } from "./rulesets.ts";

const CASES: readonly (readonly [string, string])[] = [
  ["10,000 linear rules", linearRules(10_000)],
  ["5,000 Services", serviceRules(5000)],
  ["a node with 5,000 rules", nodeRules(5000)],
];

/** Bytes that a rule takes when it is compiled, its share of the chain's index included. */
export const ruleMemory: Benchmark = {
  name: "rule-memory",
  async run() {
    const rows: string[][] = [];
    for (const [name, text] of CASES) {
      const { rulesets } = readIptablesSave({ text, file: "rules", family: 4, backend: "legacy" }, originTable());
      const rules = countRules(rulesets);
      const before = await memoryInUse();
      const kept = compile(rulesets);
      const bytes = (await memoryInUse()) - before;
      if (kept.length === 0) throw new Error("nothing was compiled");
      rows.push([name, digits(rules), digits(bytes / rules), "1,000"]);
    }
    say("  bytes on the heap and in typed arrays, after a garbage collection");
    sayTable(["", "rules", "bytes a rule", "target, below"], rows);
  },
};

function countRules(rulesets: readonly Ruleset[]): number {
  let rules = 0;
  for (const { tables } of rulesets) {
    for (const { chains } of tables.values()) for (const chain of chains.values()) rules += chain.rules.length;
  }
  return rules;
}

/** Programs, their indices, and the chains bound to each other. */
function compile(rulesets: readonly Ruleset[]): readonly object[] {
  const kept: object[] = [];
  for (const { tables } of rulesets) {
    for (const table of tables.values()) {
      kept.push(bindTable(table, 4, "legacy"));
      for (const chain of table.chains.values()) {
        const program = programOf(chain, 4, "legacy");
        if (isShort(program.count, "adaptive")) continue;
        while (indexFor(program, "adaptive") === null) kept.push(program);
      }
    }
  }
  return kept;
}

async function memoryInUse(): Promise<number> {
  for (let time = 0; time < 3; time++) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
