import { readFileSync, writeFileSync } from "node:fs";
import { DECLARED, type Evidence, fidelityText, readEvidence } from "./fidelity-text.ts";

/** What is declared where there is no probe. */
const UNMET = '"no compared probe met it in the recorded facts and campaigns"';

/**
 * `npm run fidelity`: sets every `null` and `UNMET` of the fidelity tables in src/linux to what the evidence says, then, run again in a
 * fresh process by the script, writes docs/fidelity.md. Reasons in words are a person's, and stay.
 */
function declareMet(source: string, { features }: Evidence): string {
  let word = "";
  return source
    .split("\n")
    .map((line) => {
      const table = /^export const (\w+)_FIDELITY/.exec(line)?.[1]?.toLowerCase().replaceAll("_", "-");
      if (table !== undefined) word = DECLARED.find((item) => item.word === table)?.word ?? "";
      const [, entry = "", name = "", standing = ""] = /^( {2}"?([\w. /-]+)"?: )(.+),$/.exec(line) ?? [];
      if (standing !== "null" && standing !== UNMET) return line;
      return `${entry}${features[`${word} ${name}`] === undefined ? UNMET : "null"},`;
    })
    .join("\n");
}

const evidence = readEvidence();
if (process.argv.includes("--declare")) {
  for (const name of ["fidelity.ts", "datapath-fidelity.ts"]) {
    const file = new URL(`../../src/linux/${name}`, import.meta.url);
    writeFileSync(file, declareMet(readFileSync(file, "utf8"), evidence));
  }
} else writeFileSync(new URL("../../docs/fidelity.md", import.meta.url), fidelityText(evidence));
