import { originTable } from "../src/model/origin.ts";
import { readIptablesSave } from "../src/readers/iptables/save.ts";
import { nodeRules } from "./rulesets.ts";

/** The first read of a process, before anything is compiled. Run bundled: number of rules. */
const text = nodeRules(Number(process.argv[2] ?? 5000));
const start = performance.now();
readIptablesSave({ text, file: "iptables-save.txt", family: 4, backend: "nft" }, originTable());
process.stdout.write(`first ${performance.now() - start}\n`);
const split = performance.now();
const words = text.split("\n").map((line) => line.split(" "));
process.stdout.write(`split ${performance.now() - split}\nlines ${words.length}\n`);
