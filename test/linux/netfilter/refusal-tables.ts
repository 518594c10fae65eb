import { readFileSync } from "node:fs";
import { BUILT_IN_CHAINS } from "../../../src/model/ruleset.ts";
import type { Family } from "../../../src/net/address.ts";

export type Backend = "legacy" | "nft";
export const BACKENDS: readonly Backend[] = ["legacy", "nft"];

/** A ruleset, and what the tool says when it loads it: `ok`, or why not. */
export interface Recorded {
  readonly family: Family;
  readonly backend: Backend;
  readonly text: string;
  readonly says: string;
}

function rows(file: string): readonly (readonly string[])[] {
  return readFileSync(new URL(file, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(" | ").map((cell) => cell.trim()));
}

function familiesOf(text: string): readonly Family[] {
  return ([4, 6] as const).filter((family) => text.includes(String(family)));
}

/** `refused-rules.txt`: whole rulesets with what both backends say. */
export function recordedRefusals(): readonly Recorded[] {
  return rows("refused-rules.txt").flatMap(
    ([families = "", table = "", declared = "", rules = "", legacy = "", nft = ""]) =>
      familiesOf(families).flatMap((family) => {
        const lines = [`*${table}`, ...declared.split(" ; "), ...rules.split(" ; "), "COMMIT", ""];
        const text = lines.filter((line, at) => line !== "" || at === lines.length - 1).join("\n");
        const written = text.replaceAll("DST", family === 4 ? "10.0.0.1" : "fd00::1");
        return [
          { family, backend: "legacy" as const, text: written, says: legacy },
          { family, backend: "nft" as const, text: written, says: nft },
        ];
      }),
  );
}

const PLACES: readonly (readonly [table: string, chain: string])[] = Object.entries(BUILT_IN_CHAINS).flatMap(
  ([table, chains]) => chains.map((chain): readonly [string, string] => [table, chain]),
);

/** `places.txt`: one rule in every built-in chain of every table; `ok` where it is allowed. */
export function recordedPlaces(): readonly Recorded[] {
  return rows("places.txt").flatMap(([family = "", backends = "", words = "", allowed = ""]) =>
    BACKENDS.filter((backend) => backends === "both" || backends === backend).flatMap((backend) =>
      PLACES.map(([table, chain]): Recorded => {
        const ok = allowed === "all" || allowed.split(" ").includes(`${table}/${chain}`);
        return {
          family: family === "6" ? 6 : 4,
          backend,
          text: `*${table}\n-A ${chain} ${family === "6" ? words.replace("si src", "si6 src") : words}\nCOMMIT\n`,
          says: ok ? "ok" : "refused",
        };
      }),
    ),
  );
}

/** Sets that the recorded rules speak of. */
export const RECORDED_SETS =
  "create hi hash:ip\ncreate hip hash:ip,port\ncreate hi6 hash:ip family inet6\n" +
  "create si hash:ip skbinfo\ncreate si6 hash:ip family inet6 skbinfo\n";
