import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeBird } from "../../../src/readers/bird/refusal/bird-refusal.ts";
import { birdRefusals } from "../../../src/readers/bird/refusal/bird-refusals.ts";
import { UPSTREAM_ROOT, upstreamText, withUpstreamData } from "../../calico/upstream-data.ts";
import { processorTime } from "../../processor-time.ts";
import { fixture } from "../fixture.ts";
import { broken } from "./broken-arbitrary.ts";
import { REFUSED, TAKEN } from "./refusal-examples.ts";

function said(text: string, family: 4 | 6 = 4): string {
  const judged = judgeBird(text, "bird.cfg", family);
  return judged.kind === "refused" ? `${judged.refusal.line} ${judged.refusal.message}` : judged.kind;
}

test.each(TAKEN.map((text) => [text]))("BIRD takes %j", (text) => {
  expect(judgeBird(text, "bird.cfg", 4)).toEqual({ kind: "taken" });
});

test.each(REFUSED)("BIRD says: %s", (expected, text) => {
  expect(said(text)).toBe(expected);
});

test.each([
  // of Calico's BIRD alone
  ["taken", 'function f() { krt_tunnel = "tunl0"; }\nprotocol device {}\n'],
  ["not judged", "protocol ospf { }\n"],
  ["not judged", 'include "elsewhere.cfg";\n'],
])("what BIRD 1.6 of Debian cannot judge is %s", (expected, text) => {
  expect(said(text)).toBe(expected);
});

test("what people write and BIRD takes, podpath takes", () => {
  expect(said(fixture("bird/fixtures/people.cfg"))).toBe("taken");
});

test("a refusal inside an included file is told there", () => {
  const beside = (path: string) => [{ path, text: "function f()\n{\n  if x then accept;\n}\n" }];
  expect(birdRefusals('# Generated\ninclude "bird_aggr.cfg";\n', "bird.cfg", beside)).toMatchObject([
    {
      code: "bird-refused",
      file: "bird_aggr.cfg",
      line: 3,
      column: 8,
      message: "BIRD 1.6 stops here with “x: variable expected.”.",
    },
  ]);
});

test("a comment that never ends is told at the last line, with or without an end of line", () => {
  // measured: bird -p says cfg:2:1 and cfg:3:0
  expect(birdRefusals("/* a\nb", "bird.cfg", () => [])).toMatchObject([{ line: 2, column: 1 }]);
  expect(birdRefusals("/* a\nb\n", "bird.cfg", () => [])).toMatchObject([{ line: 3 }]);
});

test("what pasting adds is not BIRD's to judge", () => {
  expect(
    birdRefusals("root@n1:~# cat bird.cfg\r\nrouter id 1.1.1.1;\r\nprotocol device {}\r\n", "bird.cfg", () => []),
  ).toEqual([]);
});

test("only the file that BIRD is started with needs a protocol, its own or an included one", () => {
  const none = "router id 1.1.1.1;\n";
  expect(birdRefusals(none, "bird.cfg", () => [])).toMatchObject([{ code: "bird-refused", line: 1 }]);
  expect(birdRefusals(none, "bird_ipam.cfg", () => [])).toEqual([]);
  const beside = (path: string) => [{ path, text: "protocol device {}\n" }];
  expect(birdRefusals(`${none}include "more.cfg";\n`, "bird.cfg", beside)).toEqual([]);
});

withUpstreamData(() => {
  describe.each(["v3.29.2", "head"])("what confd of %s renders", (release) => {
    const root = `${release}/confd/tests/compiled_templates`;
    const folders = readdirSync(join(UPSTREAM_ROOT, root), { recursive: true, encoding: "utf8" }).filter((name) =>
      existsSync(join(UPSTREAM_ROOT, root, name, "bird.cfg")),
    );
    test.each(folders)("in %s is taken", (folder) => {
      for (const [stem, family] of [
        ["bird", 4],
        ["bird6", 6],
      ] as const) {
        const beside = (path: string) => [{ path, text: upstreamText(`${root}/${folder}/${path}`) }];
        expect(judgeBird(upstreamText(`${root}/${folder}/${stem}.cfg`), stem, family, beside)).toEqual({
          kind: "taken",
        });
      }
    });
  });
});

test("nothing throws on garbage, and time grows with the text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), broken([fixture("bird/fixtures/people.cfg")])), (text) => {
      expect(["taken", "refused", "not judged"]).toContain(judgeBird(text, "f", 4).kind);
    }),
    { numRuns: 300 },
  );
  for (const unit of ["(", "{", "a:", '"', "!", "/*", "1.", "- ", 'include "', "if true then "]) {
    const taken = processorTime(() => {
      judgeBird(`function f() { ${unit.repeat(30_000)}`, "f", 4);
      judgeBird(unit.repeat(30_000), "f", 6);
    });
    expect(taken, unit).toBeLessThan(2000);
  }
});
