import { setTimeout } from "node:timers/promises";
import { bindTable } from "../src/linux/netfilter/bind.ts";
import { indexFor, isShort } from "../src/linux/netfilter/chain-index.ts";
import { programOf } from "../src/linux/netfilter/program.ts";
import { placeOf } from "../src/linux/netfilter/table-image.ts";
import { originTable } from "../src/model/origin.ts";
import type { Ruleset } from "../src/model/ruleset.ts";
import { readIptablesSave } from "../src/readers/iptables/save.ts";
import { linearRules, nodeRules, serviceRules } from "./rulesets.ts";

/** What compiled rules take, in a process that does nothing else. Run bundled, with --expose-gc: kind and number. */
const [kind = "node", number = "5000"] = process.argv.slice(2);
const write = { linear: linearRules, services: serviceRules, node: nodeRules }[kind] ?? nodeRules;
const text = write(Number(number));
const { rulesets } = readIptablesSave({ text, file: "rules", family: 4, backend: "legacy" }, originTable());
const before = await memoryInUse();
const kept = compile(rulesets);
const bytes = (await memoryInUse()) - before;
process.stdout.write(`rules ${countRules(rulesets)}\nbytes ${bytes}\nkept ${kept.length}\ntext ${text.length}\n`);

/** Programs, their indices, and the chains bound to each other. */
function compile(all: readonly Ruleset[]): readonly object[] {
  const compiled: object[] = [];
  for (const { tables } of all) {
    for (const table of tables.values()) {
      const bound = bindTable(table, 4, "legacy");
      compiled.push(bound);
      const image = Object.values(bound.hooks)[0]?.image;
      for (const chain of table.chains.values()) {
        if (image !== undefined) placeOf(image, chain.name);
        const program = programOf(chain, 4, "legacy");
        if (isShort(program.count, "adaptive")) continue;
        while (indexFor(program, "adaptive") === null) compiled.push(program);
      }
    }
  }
  return compiled;
}

function countRules(all: readonly Ruleset[]): number {
  let rules = 0;
  for (const { tables } of all) {
    for (const { chains } of tables.values()) for (const chain of chains.values()) rules += chain.rules.length;
  }
  return rules;
}

/** The least of several looks: what a collection frees is swept by other threads, after it has returned. */
async function memoryInUse(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 5; time++) {
    globalThis.gc?.();
    await setTimeout(50);
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    least = Math.min(least, heapUsed + arrayBuffers);
  }
  return least;
}
