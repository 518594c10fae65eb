import type { Command } from "commander";
import type { Finding } from "../model/finding.ts";
import type { FactText } from "../readers/facts/statement.ts";
import { InputError } from "./input-error.ts";
import { readTextFile } from "./read-files.ts";

/** Facts typed by hand, on every command that takes a network. */
export interface FactOptions {
  readonly fact?: readonly string[];
  readonly facts?: readonly string[];
}

export function addFactOptions(command: Command): Command {
  const collect = (text: string, earlier: readonly string[] | undefined): readonly string[] => [
    ...(earlier ?? []),
    text,
  ];
  return command
    .option("--fact <fact>", "a fact that no dump tells, such as 'node1: route 192.168.0.0/26 via 10.0.0.2'", collect)
    .option("--facts <file>", "a file of such facts (YAML)", collect);
}

/** The facts of the options, each with its place: `--fact #1`. Throws an InputError for a file that cannot be read. */
export async function typedFacts(options: FactOptions): Promise<readonly FactText[]> {
  const typed = (options.fact ?? []).map((text, index) => ({ file: `--fact #${index + 1}`, line: 0, text }));
  const files = options.facts ?? [];
  if (files.length === 0) return typed;
  const { readFactsFile } = await import("../readers/facts/facts-file.ts");
  const written = files.flatMap((path) => {
    const text = readTextFile(path, path);
    if (typeof text !== "string") throw new InputError([text.problem]);
    const read = readFactsFile(text, path);
    if (read.facts.length === 0 || read.findings.length > 0)
      throw new InputError([...read.findings, ...empty(read.facts, path)]);
    return read.facts;
  });
  return [...written, ...typed];
}

function empty(facts: readonly FactText[], file: string): readonly Finding[] {
  if (facts.length > 0) return [];
  return [
    {
      code: "bad-fact",
      severity: "error",
      message: "There is no fact in the file.",
      file,
      expected: 'facts: ["node1: route …"]',
    },
  ];
}

/** What is wrong with facts of the command line is wrong with the command line. */
export function refuseBadFacts(findings: readonly Finding[], facts: readonly FactText[]): void {
  if (facts.length === 0) return;
  const files = new Set(facts.map(({ file }) => file));
  const wrong = findings.filter(
    ({ code, file }) => (code === "bad-fact" && files.has(file ?? "")) || code === "fact-about-nobody",
  );
  if (wrong.length > 0) throw new InputError(wrong);
}
