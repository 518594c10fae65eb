import { do_not_optimize, measure } from "mitata";
import { originTable } from "../src/model/origin.ts";
import { type IptablesSave, readIptablesSave } from "../src/readers/iptables/save.ts";
import { type Benchmark, cpuTime, digits, median, say, sayTable } from "./benchmark.ts";
import { bundled, readMarks, runFresh } from "./fresh-process.ts";
import { nodeRules, nodeRules6 } from "./rulesets.ts";

const CASES = [
  { rules: 5_000, family: 4 },
  { rules: 10_000, family: 4 },
  { rules: 50_000, family: 4 },
  { rules: 6_000, family: 6 },
] as const;
const FIRST_READS = [
  { rules: 5_000, family: 4 },
  { rules: 6_000, family: 6 },
] as const;
const TARGET = 100;
const TARGET_6 = 200;
const COLD_RUNS = 11;

function read(text: string, family: 4 | 6 = 4): IptablesSave {
  return readIptablesSave({ text, file: "iptables-save.txt", family, backend: "nft" }, originTable());
}

/** Median milliseconds of processor time of a warm call. */
async function milliseconds(action: () => unknown): Promise<number> {
  const { p50 } = await measure(() => do_not_optimize(action()), {
    now: () => cpuTime() * 1e6,
    min_cpu_time: 8e8,
    min_samples: 11,
    warmup_samples: 8,
  });
  return p50 / 1e6;
}

/** Reading an `iptables-save` of kube-proxy's and Felix's rules; beside it splitting the text into lines and words. */
export const readingIptablesSave: Benchmark = {
  name: "read-iptables-save",
  async run() {
    const rows: string[][] = [];
    const perRule: number[] = [];
    for (const { rules, family } of CASES) {
      const text = family === 4 ? nodeRules(rules) : nodeRules6(rules);
      check(read(text, family), rules);
      const spent = await milliseconds(() => read(text, family));
      const split = await milliseconds(() => text.split("\n").map((line) => line.split(" ")));
      if (family === 4) perRule.push(spent / rules);
      rows.push([
        `${digits(rules)} rules${family === 6 ? " of ip6tables" : ""}, ${digits(text.length / 1024)} KiB`,
        digits(spent),
        digits((spent / rules) * 1000),
        digits(split),
        digits(spent / split),
      ]);
    }
    for (const { rules, family } of FIRST_READS) rows.push(firstRead(rules, family));
    say(`  processor time; target < ${TARGET} ms for 5,000 rules, < ${TARGET_6} ms for 6,000 of ip6tables`);
    sayTable(["", "ms", "µs/rule", "split ms", "x split"], rows);
    const [small = Number.NaN, , large = Number.NaN] = perRule;
    say(`  linearity: a rule among 50,000 takes ${digits(large / small)} times as long as one among 5,000`);
  },
};

/** The first read of a process: median by the clock, and on the processor of the main thread. */
function firstRead(rules: number, family: 4 | 6): string[] {
  const bundle = bundled("read-iptables-save-cold");
  const cold = Array.from({ length: COLD_RUNS }, () =>
    readMarks(runFresh([bundle, String(rules), String(family)]).output),
  );
  const of = (mark: string): number => median(cold.map((marks) => marks.get(mark) ?? Number.NaN));
  return [
    `${digits(rules)} rules${family === 6 ? " of ip6tables" : ""}, first read of a process, by the clock (main thread ${digits(of("main"))})`,
    digits(of("first")),
    digits((of("first") / rules) * 1000),
    digits(of("split")),
    digits(of("first") / of("split")),
  ];
}

/** A reader that skips lines is fast. */
function check(save: IptablesSave, expected: number): void {
  let rules = 0;
  for (const ruleset of save.rulesets) {
    for (const table of ruleset.tables.values()) for (const chain of table.chains.values()) rules += chain.rules.length;
  }
  if (rules !== expected || save.findings.length > 0) {
    const [finding] = save.findings;
    throw new Error(`read ${rules} of ${expected} rules, ${save.findings.length} findings: ${finding?.message ?? ""}`);
  }
}
