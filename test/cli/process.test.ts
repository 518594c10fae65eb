import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildCommand } from "./built-command.ts";
import { ARTICLE } from "./command.ts";

const TRACE = ["trace", `${ARTICLE}/bgp-blocked`, "--from", "pod/default/a", "--to", "pod/default/c"];

describe("the process", () => {
  const folder = mkdtempSync(join(tmpdir(), "podpath-built-"));
  let command = "";
  beforeAll(async () => {
    command = await buildCommand(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("exits with the command's code, results on stdout only", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...TRACE], { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stdout).toContain("✗ timeout");
    expect(stderr).toBe("");
  });

  test("does not mind a reader that stops reading", async () => {
    const child = spawn(process.execPath, [command, "run", `${ARTICLE}/bgp-blocked`, "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let err = "";
    child.stderr.on("data", (chunk) => {
      err += String(chunk);
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(err).toBe("");
    expect(code).not.toBe(70);
  });
});
