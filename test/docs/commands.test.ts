import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildCommand } from "../cli/built-command.ts";
import { documents } from "./documents.ts";
import { commandsOf, fencesOf, missingFrom } from "./markdown.ts";
import { type Clone, createClone } from "./run-shell.ts";

/** Commands that install packages or are a test run themselves. CI runs them before and around this one. */
const NOT_RUN_HERE: ReadonlySet<string> = new Set([
  "npm ci && npm start",
  "npm ci && npm test",
  "npm run check",
  "npm run test:kernel",
  "npm run fuzz",
  "npm run bench",
]);

/** What a command line of a document may begin with. */
const RUNNABLE = /^(?:npx podpath|podpath|cat|printf|tar) /;

/** A command line with placeholders. */
const SYNOPSIS = /^podpath [\w-]+(?: (?:show|check))? (?:<\w+(?:\.\.\.)?>|\[\w+\]|\[--)/;

const built = mkdtempSync(join(tmpdir(), "podpath-built-"));
let podpath = "";
beforeAll(async () => {
  podpath = await buildCommand(built);
});
afterAll(() => rmSync(built, { recursive: true }));

describe.each(documents)("commands of $path", ({ text }) => {
  const fences = fencesOf(text);
  const commands = fences.filter((fence) => fence.language === "console").flatMap(commandsOf);
  const runnable = commands.filter(({ command }) => !NOT_RUN_HERE.has(command));
  let clone: Clone;

  beforeAll(() => {
    clone = createClone(podpath);
    for (const { notes, lines } of fences) {
      const file = notes.get("file");
      if (file !== undefined) clone.write(file, lines);
    }
  });
  afterAll(() => clone.remove());

  test("stand in console blocks", () => {
    for (const { language, lines } of fences) {
      if (language === "console") continue;
      const written = lines.filter((line) => /^\s*(?:\$ )?(?:npx podpath|podpath|npm) /.test(line));
      expect(written.filter((line) => language !== "text" || !SYNOPSIS.test(line))).toEqual([]);
    }
    expect(runnable.filter(({ command }) => !RUNNABLE.test(command))).toEqual([]);
  });

  test.concurrent.each(runnable)("line $line: $command", async ({ command, shown, exit }) => {
    const real = await clone.run(command);
    const missing = missingFrom(real.output, shown);
    expect(missing, `printed:\n${real.output}`).toBeNull();
    expect(real.exit, `printed:\n${real.output}`).toBe(exit);
  });
});
