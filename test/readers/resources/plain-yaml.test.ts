import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { CORE_SCHEMA, dump, load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { splitDocuments } from "../../../src/readers/resources/document.ts";
import { readPlainYaml } from "../../../src/readers/resources/plain-yaml.ts";

/** Whether it was read; if so, as js-yaml reads it. */
function agrees(text: string): boolean {
  const plain = readPlainYaml(text);
  if (plain === null) return false;
  expect(plain.value).toEqual(load(text, { schema: CORE_SCHEMA }));
  return true;
}

const word = fc.oneof(
  fc.constantFrom(
    "null",
    "true",
    "Off",
    "y",
    "0x1f",
    "010",
    "1e3",
    "-1",
    "+1",
    ".5",
    "1_000",
    "~",
    "",
    " ",
    "a b",
    "a: b",
    "a #b",
    "10.0.0.1",
  ),
  fc.constantFrom(
    "10.0.0.0/8",
    "2001:db8::1",
    "2024-01-02",
    "2024-01-02T03:04:05Z",
    "a:",
    "- a",
    "it's",
    'say "hi"',
    "x\ny",
    "x\n\ny\n",
    "|",
    "*",
    "&a",
    "é",
  ),
  fc.string({ maxLength: 12 }),
);
const scalar = fc.oneof(
  word,
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const key = fc.constantFrom(
  "kind",
  "metadata",
  "app.kubernetes.io/name",
  "k8s-app",
  "a",
  "_b",
  "null",
  "1a",
  "f:x",
  "spec",
);
const value = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
  ),
})).tree;

const objects = ["scenarios", "examples", "../shared/data/calico"].flatMap((root) =>
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.ya?ml$/.test(path))
    .map((path) => `${root}/${path}`),
);

describe("YAML in the forms that kubectl and calicoctl write", () => {
  it("is read as js-yaml reads it, however it was printed", () => {
    let read = 0;
    fc.assert(
      fc.property(value, fc.boolean(), fc.constantFrom(2, 4), (tree, seqNoIndent, indent) => {
        if (agrees(dump(tree, { seqNoIndent, indent, lineWidth: -1 }))) read++;
      }),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it("is read as js-yaml reads it in every file at hand, whole and changed in one place", () => {
    const texts = objects.map((path) => readFileSync(path, "utf8")).filter((text) => text.length < 20_000);
    let read = 0;
    for (const text of texts) for (const document of splitDocuments(text)) if (agrees(document.text)) read++;
    expect(read).toBeGreaterThan(50);
    const documents = texts.flatMap((text) => splitDocuments(text).map((document) => document.text));
    const pieces = [
      "\n",
      " ",
      "  ",
      "- ",
      ": ",
      "a: b",
      "#",
      " #",
      '"',
      "'",
      "|",
      "{}",
      "[",
      "&a ",
      "*a",
      "\n\n",
      "  - x\n",
      "? ",
      "\t",
      "---",
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...documents),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.nat(8),
        fc.constantFrom(...pieces),
        (text, share, length, piece) => {
          const at = Math.floor(share * text.length);
          agrees(text.slice(0, at) + piece + text.slice(at + length));
        },
      ),
      { numRuns: 6000 },
    );
  });

  it("is read as js-yaml reads it, of lines in any order", () => {
    const line = fc.constantFrom(
      ..."a:|  a:|    a:|a: b|  b: c|- a|  - a|- a: b|  - a: b|    c: d|  |x|  x y|a: |- b: |  c: |      d|  'q'|- 'it''s'|a: \"x\\ty\"|# c|...".split(
        "|",
      ),
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 7 }), (lines) => {
        agrees(lines.join("\n"));
        agrees(`${lines.join("\n")}\n`);
      }),
      { numRuns: 20_000 },
    );
  });
});
