import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runCommand } from "../../src/cli/program.ts";
import { findingText } from "../../src/report/finding-text.ts";
import type { CommandExample, Example } from "./example.ts";

/** What an example printed. */
export interface Shown {
  /** The whole output, errors last. */
  readonly output: string;
  /** The paragraphs of it that end with the code in brackets. */
  readonly excerpt: readonly string[];
}

/** Runs an example. Commands run in a folder of their own, one at a time. */
export async function show(code: string, example: Example): Promise<Shown> {
  const output = "library" in example ? (await example.library()).map(findingText).join("\n") : await run(example);
  return { output, excerpt: excerptOf(output, code) };
}

async function run({ files, beside = {}, sparse = {}, run: args, stdin = "" }: CommandExample): Promise<string> {
  const before = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "podpath-code-"));
  let out = "";
  let err = "";
  try {
    for (const [name, content] of [...Object.entries(beside), ...Object.entries(files)]) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    for (const [name, size] of Object.entries(sparse)) {
      writeFileSync(join(folder, name), "");
      truncateSync(join(folder, name), size);
    }
    symlinkSync("loop", join(folder, "loop"));
    process.chdir(folder);
    await runCommand([...args], {
      stdout: { write: (text) => (out += text) },
      stderr: { write: (text) => (err += text) },
      stdin: (async function* () {
        yield new TextEncoder().encode(stdin);
      })(),
      env: {},
    });
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  }
  return `${out}${err}`;
}

function excerptOf(output: string, code: string): readonly string[] {
  const lines = output.split("\n");
  const last = lines.findIndex((line) => line.includes(`[${code}]`));
  if (last < 0) return inJson(output, code);
  let first = last;
  while (first > 0 && !/^(?: {2}[✗!·?~] |\S)/.test(lines[first] ?? "")) first--;
  return lines.slice(first, last + 1);
}

/** The object with the code in lines of JSON. */
function inJson(output: string, code: string): readonly string[] {
  const found = new RegExp(`\\{"code":"${code}"[^{}]*\\}`).exec(output);
  return found === null ? [] : [found[0]];
}
