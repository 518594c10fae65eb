import { readFolder } from "../src/cli/read-files.ts";
import { readSnapshot } from "../src/readers/snapshot/read-snapshot.ts";

/** Reads all of a snapshot folder, in a process that does nothing else. Run bundled: the folder. */
const [folder = "."] = process.argv.slice(2);
const { network, findings } = readSnapshot({ name: "snapshot", files: readFolder(folder) });
let rules = 0;
for (const { rulesets } of network.hosts.values()) {
  for (const { tables } of rulesets) {
    for (const { chains } of tables.values()) for (const chain of chains.values()) rules += chain.rules.length;
  }
}
process.stdout.write(`hosts ${network.hosts.size}\nrules ${rules}\nfindings ${findings.length}\n`);
process.stdout.write(`megabytes ${process.resourceUsage().maxRSS / 1024}\n`);
