import { readFileSync } from "node:fs";
import { originTable } from "../src/model/origin.ts";
import { readIptablesSave } from "../src/readers/iptables/save.ts";
import { nodeRules, nodeRules6 } from "./rulesets.ts";

/** The first read of a process, before anything is compiled. Run bundled: number of rules, family. */
const rules = Number(process.argv[2] ?? 5000);
const family = process.argv[3] === "6" ? 6 : 4;
const text = family === 6 ? nodeRules6(rules) : nodeRules(rules);
const busy = mainThread();
const start = performance.now();
readIptablesSave({ text, file: "iptables-save.txt", family, backend: "nft" }, originTable());
process.stdout.write(`first ${performance.now() - start}\nmain ${mainThread() - busy}\n`);
const split = performance.now();
const words = text.split("\n").map((line) => line.split(" "));
process.stdout.write(`split ${performance.now() - split}\nlines ${words.length}\n`);

/** Milliseconds that the main thread was on a processor: without those of the compiler and of the collector's helpers. */
function mainThread(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}
