import { readdirSync, readFileSync } from "node:fs";
import { Session } from "node:inspector";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { fuzzArchives } from "./fuzz-archives.ts";
import { fuzzReaders } from "./fuzz-readers.ts";
import { READERS } from "./readers.ts";
import { samples } from "./samples.ts";

const FILES = /\/src\/readers\/.+\.ts$/;
/** What turns a text into something: `readRoutes`, `parseMember`. */
const READS = /^(?:read|parse|open)[A-Z]/;

const SOURCES = fileURLToPath(new URL("../../../src/readers/", import.meta.url));

/** Functions of that kind that stand in the sources, loaded or not. */
function functionsDeclared(): readonly string[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  return files.flatMap((path) =>
    [...readFileSync(`${SOURCES}${path}`, "utf8").matchAll(/^(?:export )?function\*? (\w+)/gm)].flatMap(
      ([, name = ""]) => (READS.test(name) ? [`src/readers/${path} ${name}`] : []),
    ),
  );
}

/** Functions of src/readers by whether they ran since the session began. */
function functionsRun(session: Session): ReadonlyMap<string, boolean> {
  const run = new Map<string, boolean>();
  session.post("Profiler.takePreciseCoverage", (error, coverage) => {
    if (error !== null) throw error;
    for (const { url, functions } of coverage.result) {
      if (!FILES.test(url)) continue;
      for (const { functionName, ranges } of functions) {
        if (!READS.test(functionName)) continue;
        const name = `${url.replace(/^.*\/src\//, "src/")} ${functionName}`;
        run.set(name, run.get(name) === true || (ranges[0]?.count ?? 0) > 0);
      }
    }
  });
  return run;
}

test("every function of src/readers that reads something is reached by the fuzz", async () => {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  const all = samples();
  const recorded = all.filter(({ path }) => path.startsWith("test/"));
  for (const reader of READERS) {
    for (const { path, text } of recorded) if (reader.samples.test(path)) reader.read(text);
  }
  fuzzReaders(all, { inputs: 2_000, seed: 4 });
  await fuzzArchives(all, { inputs: 100, seed: 4 });
  const run = functionsRun(session);
  session.post("Profiler.stopPreciseCoverage");
  session.disconnect();
  const declared = functionsDeclared();
  expect(declared.length).toBeGreaterThan(100);
  expect([...new Set([...declared, ...run.keys()])].filter((name) => run.get(name) !== true)).toEqual([]);
});
