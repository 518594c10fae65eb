import { readFileSync, writeFileSync } from "node:fs";
import { DECLARED, type Evidence, fidelityText, readEvidence } from "./fidelity-text.ts";

/**
 * `npm run fidelity`: sets every `null` and `UNMET` of src/linux/fidelity.ts to what the evidence says, then, run again in a
 * fresh process by the script, writes docs/fidelity.md. Reasons in words are a person's, and stay.
 */
function declareMet(source: string, { features }: Evidence): string {
  let word = "";
  return source
    .split("\n")
    .map((line) => {
      const table = /^export const (\w+)_FIDELITY/.exec(line)?.[1]?.toLowerCase();
      if (table !== undefined) word = DECLARED.find((item) => item.word === table)?.word ?? "";
      const entry = /^ {2}"?([\w-]+)"?: (?:null|UNMET),$/.exec(line);
      const name = entry?.[1];
      if (name === undefined) return line;
      return line.replace(/: (?:null|UNMET),$/, (features[`${word} ${name}`] ?? 0) > 0 ? ": null," : ": UNMET,");
    })
    .join("\n");
}

const evidence = readEvidence();
const file = new URL("../../src/linux/fidelity.ts", import.meta.url);
if (process.argv.includes("--declare")) writeFileSync(file, declareMet(readFileSync(file, "utf8"), evidence));
else writeFileSync(new URL("../../docs/fidelity.md", import.meta.url), fidelityText(evidence));
