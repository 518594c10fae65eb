import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { runCommand } from "../../src/cli/program.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Of the processor: what the machine is busy with beside does not count. */
  readonly milliseconds: number;
}

/** Runs a command line in this process. */
export async function podpath(args: readonly string[], stdin: string | Uint8Array = ""): Promise<Outcome> {
  let out = "";
  let err = "";
  const before = process.cpuUsage();
  const code = await runCommand(args, {
    stdout: {
      write: (text) => {
        out += text;
      },
    },
    stderr: {
      write: (text) => {
        err += text;
      },
    },
    stdin: (async function* () {
      yield typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
    })(),
    env: {},
  });
  const { user, system } = process.cpuUsage(before);
  return { code, out, err, milliseconds: (user + system) / 1000 };
}

/** A folder with these files that is gone after the test. */
export function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = mkdtempSync(join(tmpdir(), "podpath-test-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

export const ARTICLE = "scenarios/debian-firewall-blocks-bgp";
