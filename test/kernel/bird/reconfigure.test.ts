import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { compared, RECONFIGURED, reconfigured, type Said } from "../../bgp/reconfigured.ts";
import { fetchBird } from "./fetch-bird.ts";

const LAB = fileURLToPath(new URL("reconfigure.py", import.meta.url));
const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-bird-"));
const folder = fetchBird("bird", SCRATCH);

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

test.skipIf(folder === null)(
  "a BIRD that reads another configuration keeps, renews and ends sessions and routes as the emulated one does",
  () => {
    const real: readonly Said[] = JSON.parse(
      execFileSync("python3", [LAB, folder ?? ""], { input: JSON.stringify(RECONFIGURED), encoding: "utf8" }),
    );
    expect(compared(reconfigured(RECONFIGURED))).toEqual(compared(real));
  },
);
