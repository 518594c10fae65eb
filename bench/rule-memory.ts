import { type Benchmark, digits, say, sayTable } from "./benchmark.ts";
import { bundled, readMarks, runFresh } from "./fresh-process.ts";

const CASES = [
  { name: "10,000 linear rules", words: ["linear", "10000"] },
  { name: "5,000 Services", words: ["services", "5000"] },
  { name: "a node with 5,000 rules", words: ["node", "5000"] },
] as const;

/** Bytes that a rule takes when it is compiled, its share of the chain's index included. */
export const ruleMemory: Benchmark = {
  name: "rule-memory",
  async run() {
    const rows = CASES.map(({ name, words }) => {
      const { output, errors } = runFresh(["--expose-gc", bundled("rule-memory-process"), ...words]);
      const marks = readMarks(output);
      const rules = marks.get("rules");
      const bytes = marks.get("bytes");
      if (rules === undefined || bytes === undefined) throw new Error(`no memory was measured: ${errors}`);
      const characters = marks.get("text") ?? Number.NaN;
      return [name, digits(rules), digits(bytes / rules), "1,000", digits(bytes / characters)];
    });
    say("  bytes on the heap and in typed arrays after garbage collections, each in a process of its own");
    sayTable(["", "rules", "bytes a rule", "target, below", "x the text of iptables-save"], rows);
  },
};
