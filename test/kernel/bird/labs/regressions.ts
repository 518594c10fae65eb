import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Lab } from "./lab.ts";

const FOLDER = fileURLToPath(new URL("regressions/", import.meta.url));

/** Labs in which BIRD and the emulation once differed; tests play them from then on. */
export function regressionLabs(): readonly Lab[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(FOLDER, name), "utf8")));
}

/** Keeps a lab; returns where, from this folder. */
export function keepLab(lab: Lab, name: string): string {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(lab, null, 1)}\n`);
  return `test/kernel/bird/labs/regressions/${name}.json`;
}
