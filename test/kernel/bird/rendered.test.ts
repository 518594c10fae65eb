import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { RELEASES, renderedFiles } from "../../calico/bird/rendered.ts";
import { anyBgpResources } from "../../calico/bird/resources-arbitrary.ts";
import { refusalOf } from "./check-configuration.ts";
import { fetchBird } from "./fetch-bird.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-rendered-"));
const PROGRAMS = fetchBird("bird", join(SCRATCH, "package"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

/** `krt_tunnel` is an attribute of Calico's BIRD alone, and the only thing in these files that Debian's does not know. */
function withoutTunnels(text: string): string {
  return text.replace(/krt_tunnel ?= ?"[^"]*";/g, "krt_metric = 0;");
}

test.skipIf(PROGRAMS === null)(
  "BIRD 1.6 takes what is rendered from any resources, but for Calico's own krt_tunnel",
  () => {
    let asked = 0;
    fc.assert(
      fc.property(fc.constantFrom(...RELEASES), anyBgpResources, (release, resources) => {
        for (const files of renderedFiles(resources, release).values()) {
          const plain = new Map([...files].map(([name, text]) => [name, withoutTunnels(text)]));
          for (const stem of ["bird", "bird6"] as const) {
            expect(refusalOf(PROGRAMS ?? "", SCRATCH, plain, stem)).toBeNull();
            asked++;
          }
        }
      }),
      { numRuns: 60 },
    );
    expect(asked).toBeGreaterThan(500);
  },
);
