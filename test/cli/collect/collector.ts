import { execFile, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { podpath } from "../command.ts";

export interface Collected {
  readonly status: number | null;
  readonly stderr: string;
  /** What the tar held, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly tar: Buffer;
}

export interface IndexEntry {
  readonly file: string;
  readonly command: string;
  readonly exitStatus: number | null;
  readonly stderr: string;
  readonly bytes?: number;
  readonly truncated?: boolean;
  readonly reason?: string;
}

export interface Index {
  readonly machine: string;
  readonly notes: readonly string[];
  readonly files: readonly IndexEntry[];
  readonly missing: readonly IndexEntry[];
}

/** A folder of the test's own. */
export function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), "podpath-collect-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What the script needs, and no tool that tells anything about the network. */
const BASICS = [
  "sh",
  "cat",
  "sed",
  "tr",
  "ls",
  "wc",
  "head",
  "date",
  "mktemp",
  "mkdir",
  "mv",
  "rm",
  "uname",
  "id",
  "sleep",
  "find",
  "awk",
  // mksh has no printf of its own
  "printf",
  "true",
  "timeout",
];

/** A folder for PATH with the basic tools, without those of `without`, and stand-ins of one's own by name. */
export function toolFolder(standIns: Readonly<Record<string, string>>, without: readonly string[] = []): string {
  const folder = join(scratch(), "bin");
  mkdirSync(folder);
  for (const tool of BASICS) {
    if (without.includes(tool)) continue;
    const { stdout } = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" });
    const path = stdout.trim();
    symlinkSync(path.startsWith("/") ? path : `/bin/${tool}`, join(folder, tool));
  }
  for (const [name, text] of Object.entries(standIns)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

/** Runs a program to its end; several may run at once. */
function ended(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly status: number | null; readonly stdout: Buffer; readonly stderr: string }> {
  return new Promise((done) => {
    const child = execFile(program, args, { env, maxBuffer: 2 ** 28, encoding: "buffer" }, (_, stdout, stderr) =>
      done({ status: child.exitCode, stdout, stderr: stderr.toString() }),
    );
    child.stdin?.end();
  });
}

/** Prints the script with these options and runs it with these tools only. */
export async function collect(
  options: readonly string[],
  tools: string,
  run: { readonly shell?: readonly string[]; readonly args?: readonly string[] } = {},
): Promise<Collected> {
  const { out } = await podpath(["collect", ...options]);
  const folder = scratch();
  const script = join(folder, "collect.sh");
  // the script adds the usual folders of tools; a test decides itself what there is
  writeFileSync(script, out.replace(/^PATH=.*$/m, `PATH=${tools}`));
  const [shell = "sh", ...words] = run.shell ?? ["sh"];
  const done = await ended(shell, [...words, script, ...(run.args ?? [])], {
    PATH: `${tools}:/usr/bin:/bin`,
    TMPDIR: folder,
  });
  const unpacked = join(folder, "out");
  mkdirSync(unpacked);
  if (done.stdout.length > 0) {
    const tar = spawnSync("tar", ["-xf", "-", "-C", unpacked], { input: done.stdout, encoding: "utf8" });
    if (tar.status !== 0) throw new Error(`tar does not read it: ${tar.stderr}`);
  }
  const left = readdirSync(folder).filter((name) => name.startsWith("podpath."));
  if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
  const paths = readdirSync(unpacked, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return {
    status: done.status,
    stderr: done.stderr,
    tar: done.stdout,
    files: new Map(
      paths.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path.slice(unpacked.length + 1), readFileSync(path, "utf8")];
      }),
    ),
  };
}

export function indexOf(collected: Collected, path = "index.json"): Index {
  return JSON.parse(collected.files.get(path) ?? "null");
}

/** Shells that are there, of those that nodes have. */
export const SHELLS: readonly (readonly string[])[] = [["dash"], ["bash"], ["busybox", "ash"], ["mksh"]].filter(
  ([program = ""]) => spawnSync(program, ["-c", "true"]).error === undefined,
);
