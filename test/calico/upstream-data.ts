import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

export const UPSTREAM_ROOT = fileURLToPath(new URL("../../../shared/data/calico", import.meta.url));

/** The text of one of upstream's data files, which stand beside the repository. */
export function upstreamText(name: string): string {
  return readFileSync(join(UPSTREAM_ROOT, name), "utf8");
}

/** Declares the tests that need those files: without the files they are skipped and say so, and in CI they fail. */
export function withUpstreamData(declare: () => void): void {
  if (existsSync(UPSTREAM_ROOT)) declare();
  else if (process.env["CI"]) {
    it("the data set is there", () => {
      expect.fail("the data set ../shared/data/calico is missing; a run in CI needs it");
    });
  } else it.skip("the data set ../shared/data/calico is missing: nothing was compared", () => {});
}
