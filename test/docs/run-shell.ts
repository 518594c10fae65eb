import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { ROOT } from "./root.ts";

/** A folder that looks like a clone to the commands of a document, with `podpath` and `npx podpath` on the path. */
export interface Clone {
  write(name: string, lines: readonly string[]): void;
  run(command: string): Promise<{ readonly output: string; readonly exit: number | null }>;
  remove(): void;
}

/** What of the repository the documents name in commands. */
const SHARED = ["scenarios", "examples"];

/** `main` is the built command. */
export function createClone(main: string): Clone {
  const folder = mkdtempSync(join(tmpdir(), "podpath-docs-"));
  const bin = join(folder, ".bin");
  mkdirSync(bin);
  for (const name of SHARED) symlinkSync(join(ROOT, name), join(folder, name));
  script(join(bin, "podpath"), `exec "${process.execPath}" "${main}" "$@"`);
  script(join(bin, "npx"), '[ "$1" = podpath ] || exit 127; shift; exec podpath "$@"');
  const { PATH = "" } = process.env;
  const path = `${bin}${delimiter}${PATH}`;
  return {
    write: (name, lines) => writeFileSync(join(folder, name), `${lines.join("\n")}\n`),
    run: (command) =>
      new Promise((done, fail) => {
        const child = spawn("sh", ["-c", `exec 2>&1\n${command}`], {
          cwd: folder,
          env: { ...process.env, PATH: path, NO_COLOR: "1" },
          stdio: ["ignore", "pipe", "inherit"],
          timeout: 250_000,
        });
        let output = "";
        child.stdout.setEncoding("utf8").on("data", (text) => {
          output += text;
        });
        child.on("error", fail);
        child.on("close", (exit) => done({ output, exit }));
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function script(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
}
