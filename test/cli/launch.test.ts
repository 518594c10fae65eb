import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const SOURCES = ["launch.ts", "v8-settings.ts"];
const LOADER = new URL("../../node_modules/tsx/dist/loader.mjs", import.meta.url).href;

describe("the launcher", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "podpath-launch-"));
    for (const name of SOURCES) {
      copyFileSync(fileURLToPath(new URL(`../../src/cli/${name}`, import.meta.url)), join(folder, name));
    }
    writeFileSync(
      join(folder, "command.cjs"),
      'const { sep } = require("node:path");\nconsole.log(process.argv[2] + sep);\nprocess.exitCode = 3;\n',
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function launch(env: Readonly<Record<string, string>> = {}): {
    readonly status: number | null;
    readonly out: string;
  } {
    const words = ["--import", LOADER, pathToFileURL(join(folder, "launch.ts")).pathname, "hello"];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, {
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    return { status, out: stdout + stderr };
  }
  const answer = { status: 3, out: "hello/\n" };

  test("runs the command without a code cache, and leaves none behind", () => {
    expect(launch()).toEqual(answer);
    expect(existsSync(join(folder, "command.cache"))).toBe(false);
  });

  test("writes a code cache for the build, and runs from it", () => {
    expect(launch({ PODPATH_WRITE_CODE_CACHE: "1" })).toEqual(answer);
    expect(existsSync(join(folder, "command.cache"))).toBe(true);
    expect(launch()).toEqual(answer);
  });

  test("runs from the bundle where the cache is damaged or of another bundle", () => {
    expect(launch({ PODPATH_WRITE_CODE_CACHE: "1" })).toEqual(answer);
    writeFileSync(join(folder, "command.cjs"), 'console.log("another");\n');
    expect(launch()).toEqual({ status: 0, out: "another\n" });
    writeFileSync(join(folder, "command.cache"), "damaged");
    expect(launch()).toEqual({ status: 0, out: "another\n" });
  });
});
