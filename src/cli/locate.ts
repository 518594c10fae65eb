import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Finding } from "../model/finding.ts";
import { nearest } from "../model/nearest.ts";
import { recogniseDump } from "../readers/recognise.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { readTextFile } from "./read-files.ts";
import { openStdin, STDIN_NAME } from "./read-stdin.ts";
import { sniffArchive } from "./sniff.ts";

/** A `scenario.yaml`: where it stands and what it says. */
export interface ScenarioFile {
  /** As the user named it. */
  readonly shown: string;
  readonly folder: string;
  readonly text: string;
}

/** What an argument names. */
export type Located =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "scenario"; readonly file: ScenarioFile }
  /** `source`: standard input; null for a file. */
  | { readonly kind: "archive"; readonly shown: string; readonly source: AsyncIterable<Uint8Array> | null }
  | { readonly kind: "text"; readonly shown: string; readonly text: string };

/** Finds out what an argument names. Throws an InputError where there is nothing. */
export async function locate(argument: string, io: Io): Promise<Located> {
  if (argument === "-") {
    const stdin = await openStdin(io);
    if (typeof stdin === "string") return { kind: "text", shown: STDIN_NAME, text: stdin };
    return { kind: "archive", shown: STDIN_NAME, source: stdin };
  }
  let isFolder: boolean;
  let isFile: boolean;
  try {
    const about = statSync(argument);
    isFolder = about.isDirectory();
    isFile = about.isFile();
  } catch (error) {
    throw new InputError([missing(argument, error)]);
  }
  if (isFolder) {
    const scenario = join(argument, "scenario.yaml");
    if (existsSync(scenario)) return { kind: "scenario", file: scenarioFile(scenario) };
    return { kind: "folder", path: argument };
  }
  if (isFile && sniffArchive(argument) !== null) return { kind: "archive", shown: argument, source: null };
  const text = readTextFile(argument, argument);
  if (typeof text !== "string") throw new InputError([text.problem]);
  const kind = recogniseDump(text);
  if (kind === "scenario" || /^scenario\.ya?ml$/.test(basename(argument))) {
    return { kind: "scenario", file: { shown: argument, folder: dirname(argument), text } };
  }
  if (kind === "snapshot") return { kind: "folder", path: dirname(argument) };
  return { kind: "text", shown: argument, text };
}

function scenarioFile(path: string): ScenarioFile {
  const text = readTextFile(path, path);
  if (typeof text !== "string") throw new InputError([text.problem]);
  return { shown: path, folder: dirname(path), text };
}

function missing(path: string, error: unknown): Finding {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code !== "ENOENT" && code !== "ENOTDIR") {
    const why =
      code === "EACCES" ? "permission denied" : code === "ELOOP" ? "it is a link that leads back to itself" : code;
    return {
      code: "unreadable-file",
      severity: "error",
      message: `cannot read ${path}: ${why}`,
      advice: "Check its permissions.",
    };
  }
  return {
    code: "missing-file",
    severity: "error",
    message: `there is no file or folder ${path}`,
    expected: "a snapshot folder, a scenario, one dump file, or - for standard input",
    advice: similar(path),
  };
}

/** Names like it, next to where it should be. */
export function similar(path: string): string {
  let folder = dirname(resolve(path));
  while (!existsSync(folder)) folder = dirname(folder);
  let names: readonly string[];
  try {
    names = readdirSync(folder).slice(0, 1000);
  } catch {
    return "Check the path.";
  }
  const close = nearest(basename(path), names, 3).map((name) => relative(".", join(folder, name)) || name);
  return close.length > 0 ? `Did you mean ${close.join(" or ")}?` : "Check the path.";
}
