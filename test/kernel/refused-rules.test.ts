import { execFileSync, spawnSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BACKENDS,
  RECORDED_SETS,
  type Recorded,
  recordedPlaces,
  recordedRefusals,
} from "../linux/netfilter/refusal-tables.ts";
import { kernelAvailable } from "./harness/kernel-available.ts";

/** The number keeps parallel runs apart. */
const HOME = `ppr-${process.pid}`;
/** Refused rules tried one by one: the tool needs a process for each. */
const SAMPLE = 150;
const TABLES = ["raw", "mangle", "nat", "filter", "security"];

const available = await kernelAvailable();

function load({ family, backend }: Pick<Recorded, "family" | "backend">, text: string): string {
  const program = `${family === 6 ? "ip6tables" : "iptables"}-${backend}-restore`;
  const { status, stderr } = spawnSync("ip", ["netns", "exec", HOME, program], { input: text, encoding: "utf8" });
  return status === 0 ? "ok" : stderr;
}

function empty(of: Pick<Recorded, "family" | "backend">): void {
  for (const table of TABLES) load(of, `*${table}\nCOMMIT\n`);
}

describe.skipIf(!available)("what iptables refuses", () => {
  beforeAll(() => {
    execFileSync("ip", ["netns", "add", HOME]);
    execFileSync("ip", ["netns", "exec", HOME, "ipset", "restore"], { input: RECORDED_SETS });
  });
  afterAll(() => {
    execFileSync("ip", ["netns", "del", HOME]);
  });

  test("is what it refused when the tables of rulesets were recorded", () => {
    const recorded = recordedRefusals();
    for (const item of fc.sample(fc.constantFrom(...recorded), { numRuns: SAMPLE })) {
      empty(item);
      const said = load(item, item.text);
      expect([item.text, said === "ok"]).toEqual([item.text, item.says === "ok"]);
      const last = item.says.split(" ").at(-1) ?? "";
      if (item.says !== "ok") expect(said).toContain(last);
    }
  });

  test("holds for every extension where it was recorded as allowed", () => {
    const groups = new Map<string, Recorded[]>();
    for (const item of recordedPlaces()) {
      if (item.says !== "ok") continue;
      const key = `${item.family} ${item.backend} ${item.text.split("\n")[0]}`;
      groups.set(key, [...(groups.get(key) ?? []), item]);
    }
    for (const items of groups.values()) {
      const [first] = items;
      if (first === undefined) continue;
      const [table = ""] = first.text.split("\n");
      const rules = items.map(({ text }) => text.split("\n")[1] ?? "");
      empty(first);
      expect([table, first.backend, load(first, [table, ...rules, "COMMIT", ""].join("\n"))]).toEqual([
        table,
        first.backend,
        "ok",
      ]);
    }
    for (const family of [4, 6] as const) for (const backend of BACKENDS) empty({ family, backend });
  });

  test("holds for every extension where it was recorded as refused", () => {
    const refused = recordedPlaces().filter(({ says }) => says !== "ok");
    for (const item of fc.sample(fc.constantFrom(...refused), { numRuns: SAMPLE })) {
      expect([item.text, load(item, item.text)]).not.toEqual([item.text, "ok"]);
    }
  });
});
