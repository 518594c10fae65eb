import { closeSync, openSync, writeSync } from "node:fs";
import pc from "picocolors";
import type { Finding } from "../model/finding.ts";
import { findingText } from "../report/finding-text.ts";
import { type Ink, inkOf, PLAIN_INK } from "../report/ink.ts";
import { jsonPieces } from "../report/json-pieces.ts";
import type { CommonOptions } from "./common-options.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";

/** Where a command's words go: results to stdout or a file, everything else to stderr. */
export interface Output {
  /** For results. */
  readonly ink: Ink;
  result(text: string): void;
  /** The value as JSON, with a line end, as fast as it is taken. */
  json(value: object): Promise<void>;
  /** Resolves when whoever reads the results has taken them: to wait for it keeps few of many in memory. */
  taken(): Promise<void>;
  /** A remark; silent with `--quiet`. */
  note(text: string): void;
  /** Findings about the input; errors are told even with `--quiet` when they stop the command. */
  findings(findings: readonly Finding[], fatal: boolean): void;
  close(): void;
}

/** So many characters are written at a time. */
const WRITTEN = 64 * 1024;

/** How many findings are told one by one. */
const LISTED = 10;

export function openOutput(io: Io, options: CommonOptions): Output {
  const file = options.output === undefined ? null : openFile(options.output, "-o");
  const ink = inkFor(io, options, file !== null);
  const errorInk = usesColour(io, options, io.stderr.isTTY === true) ? inkOf(pc.createColors(true)) : PLAIN_INK;
  let isBehind = false;
  const note = (text: string): void => {
    if (options.quiet !== true) io.stderr.write(`${text}\n`);
  };
  const result = (text: string): void => {
    if (file === null) isBehind = io.stdout.write(text) === false;
    else writeSync(file, text);
  };
  const taken = async (): Promise<void> => {
    const { once } = io.stdout;
    if (!isBehind || once === undefined) return;
    isBehind = false;
    await new Promise<void>((resolve) => once.call(io.stdout, "drain", resolve));
  };
  return {
    ink,
    result,
    taken,
    async json(value) {
      let waiting = "";
      for (const piece of jsonPieces(value)) {
        waiting += piece;
        if (waiting.length < WRITTEN) continue;
        result(waiting);
        waiting = "";
        await taken();
      }
      result(`${waiting}\n`);
    },
    note,
    findings(findings, fatal) {
      if (!fatal && options.quiet === true) return;
      for (const finding of findings.slice(0, LISTED)) {
        const colour = finding.severity === "error" ? errorInk.bad : errorInk.doubtful;
        const [head = "", ...rest] = findingText(finding).split(": ");
        io.stderr.write(`${colour(head)}: ${rest.join(": ")}\n`);
      }
      if (findings.length > LISTED) io.stderr.write(`… and ${findings.length - LISTED} more\n`);
    },
    close() {
      if (file !== null) closeSync(file);
    },
  };
}

/** Writes a file that an option asked for. */
export function writeOutput(path: string, option: string, content: Uint8Array): void {
  const file = openFile(path, option);
  try {
    writeSync(file, content);
  } finally {
    closeSync(file);
  }
}

function openFile(path: string, option: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    throw new InputError([
      {
        code: "cannot-write",
        severity: "error",
        message: `cannot write to ${path}: ${error instanceof Error ? error.message : String(error)}`,
        advice: `Give ${option} a file in a folder that exists and that you may write to.`,
      },
    ]);
  }
}

function inkFor(io: Io, options: CommonOptions, toFile: boolean): Ink {
  return usesColour(io, options, !toFile && io.stdout.isTTY === true) ? inkOf(pc.createColors(true)) : PLAIN_INK;
}

/** `--color` beats NO_COLOR (https://no-color.org), which beats the terminal. */
function usesColour(io: Io, options: CommonOptions, isTerminal: boolean): boolean {
  if (options.color === "always") return true;
  if (options.color === "never") return false;
  const { NO_COLOR: noColor, TERM: term } = io.env;
  if (noColor !== undefined && noColor !== "") return false;
  return isTerminal && term !== "dumb";
}
