import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { topologyDot } from "../../src/report/topology/dot.ts";
import { ARTICLE, podpath } from "../cli/command.ts";
import { pictures } from "../report/topology/pictures.ts";

/** Graphviz reads what we write. `dot` must be installed (Debian: graphviz). */
function complaintsOf(text: string): string {
  const { status, signal, stderr, error } = spawnSync("dot", ["-Tcanon"], { input: text, encoding: "utf8" });
  if (error !== undefined) throw error;
  // its router of lines complains about odd shapes of boxes, whatever the text
  const complaints = stderr.replace(/^Warning: Unable to reclaim box space .*\n/gm, "");
  return status === 0 ? complaints : `exit ${status ?? signal}: ${complaints}`;
}

describe("DOT", () => {
  test("of a real snapshot is read by Graphviz without a warning", async () => {
    const { out } = await podpath([
      "render",
      `${ARTICLE}/bgp-blocked`,
      "--from",
      "pod/default/a",
      "--to",
      "pod/default/c",
      "--format",
      "dot",
    ]);
    expect(complaintsOf(out)).toBe("");
  });

  test("of any names is read by Graphviz without a warning", () => {
    fc.assert(
      fc.property(pictures(6), (picture) => {
        expect(complaintsOf(topologyDot(picture))).toBe("");
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});
