import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { judgeBird } from "../../../src/readers/bird/refusal/bird-refusal.ts";
import { UPSTREAM_ROOT, upstreamText } from "../../calico/upstream-data.ts";
import { broken } from "../../readers/bird/broken-arbitrary.ts";
import { REFUSED, TAKEN } from "../../readers/bird/refusal-examples.ts";
import { fixture } from "../../readers/fixture.ts";
import { refusalOf } from "./check-configuration.ts";
import { fetchBird } from "./fetch-bird.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-refused-"));
const PROGRAMS = fetchBird("bird", join(SCRATCH, "package"));
const GOLDENS = [
  "explicit_peering/route_reflector",
  "mesh/static-routes",
  "ttl_security/explicit_node",
  "bgpfilter/match_interface",
];
const CASES = [
  ...GOLDENS.map((name) => `v3.29.2/confd/tests/compiled_templates/${name}`),
  "head/confd/tests/compiled_templates/bgpfilter/as_path_and_priority",
  "head/confd/tests/compiled_templates/cluster_routes/enabled",
];

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

/** One file of the three that confd writes; Debian's BIRD has no krt_tunnel. */
function whole(folder: string, stem: "bird" | "bird6"): string {
  const read = (name: string): string =>
    upstreamText(`${folder}/${name}`).replace(/krt_tunnel ?= ?"[^"]*";/g, "krt_metric = 0;");
  return read(`${stem}.cfg`).replace(/^include "(\S+)";$/gm, (_, name) => read(name));
}

test.skipIf(PROGRAMS === null).each(REFUSED)("BIRD says: %s", (expected, text) => {
  const real = refusalOf(PROGRAMS ?? "", SCRATCH, new Map([["bird.cfg", text]]), "bird");
  expect(`${real?.line} ${real?.message}`).toBe(expected);
  expect(judgeBird(text, "bird.cfg", 4)).toMatchObject({ refusal: { line: real?.line, column: real?.column } });
});

test.skipIf(PROGRAMS === null).each(TAKEN.map((text) => [text]))("BIRD takes %j", (text) => {
  expect(refusalOf(PROGRAMS ?? "", SCRATCH, new Map([["bird.cfg", text]]), "bird")).toBeNull();
});

test.skipIf(PROGRAMS === null)("a bird6 without an identifier is refused", () => {
  const text = 'router id from "eth0";\nprotocol device {}\n';
  const real = refusalOf(PROGRAMS ?? "", SCRATCH, new Map([["bird6.cfg", text]]), "bird6");
  const judged = judgeBird(text, "bird6.cfg", 6);
  expect(judged.kind === "refused" ? judged.refusal : null).toMatchObject({
    line: real?.line,
    column: real?.column,
    message: real?.message,
  });
  expect(real).not.toBeNull();
});

describe.skipIf(PROGRAMS === null || !existsSync(UPSTREAM_ROOT))("a broken configuration", () => {
  test.each([
    ["bird", 4],
    ["bird6", 6],
  ] as const)("is refused by %s at the line and column and in the words that podpath says", (stem, family) => {
    const corpus = [
      ...CASES.map((folder) => whole(folder, stem)),
      ...(family === 4 ? [fixture("bird/fixtures/people.cfg")] : []),
    ];
    let refused = 0;
    fc.assert(
      fc.property(broken(corpus), (text) => {
        const file = `${stem}.cfg`;
        const real = refusalOf(PROGRAMS ?? "", SCRATCH, new Map([[file, text]]), stem);
        const judged = judgeBird(text, file, family, () => []);
        if (judged.kind === "not judged") return;
        const said = judged.kind === "refused" ? judged.refusal : null;
        if (real !== null) refused++;
        expect(said, real?.text).toEqual(
          real === null ? null : { file: real.file, line: real.line, column: real.column, message: real.message },
        );
      }),
      { numRuns: Number(process.env["BIRD_RUNS"] ?? 1500) },
    );
    expect(refused).toBeGreaterThan(500);
  });
});
