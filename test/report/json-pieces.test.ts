import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonPieces } from "../../src/report/json-pieces.ts";

test("the pieces of a value are the text of JSON.stringify", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      expect([...jsonPieces(value)].join("")).toBe(JSON.stringify(value, null, 2));
      expect([...jsonPieces(value, "line")].join("")).toBe(JSON.stringify(value));
    }),
    { numRuns: 2000 },
  );
});

test("what is absent is left out, and an iterable is an array whose elements are made one by one", () => {
  const made: number[] = [];
  function* numbers(): Generator<{ readonly n: number }> {
    for (const n of [1, 2, 3]) {
      made.push(n);
      yield { n };
    }
  }
  const pieces = jsonPieces({ a: undefined, list: numbers(), none: (function* () {})() });
  let text = "";
  for (const piece of pieces) {
    text += piece;
    if (text.includes('"n": 1')) break;
  }
  expect(made).toEqual([1]);
  expect([...jsonPieces({ a: undefined, list: numbers(), none: [] })].join("")).toBe(
    JSON.stringify({ list: [{ n: 1 }, { n: 2 }, { n: 3 }], none: [] }, null, 2),
  );
});

interface Deep {
  readonly depth: number;
  readonly steps: readonly string[];
  readonly responses: readonly Deep[];
}

test.each(["line", "indented"] as const)(
  "answers to answers, ten thousand deep, are printed in the layout: %s",
  (layout) => {
    let value: Deep = { depth: 0, steps: ["one", "two"], responses: [] };
    for (let depth = 1; depth <= 10_000; depth++) value = { depth, steps: ["one", "two"], responses: [value] };
    const pieces = [...jsonPieces(value, layout)];
    let printed: Deep | undefined = JSON.parse(pieces.join(""));
    for (let depth = 10_000; depth >= 0; depth--) {
      expect(printed?.depth).toBe(depth);
      expect(printed?.steps).toEqual(["one", "two"]);
      printed = printed?.responses[0];
    }
    expect(printed).toBe(undefined);
    // nothing is held at once, nor are there spaces for each level
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100_000);
    expect(pieces.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(1_000_000);
  },
);

test("what is made when its turn comes is printed wherever it stands", () => {
  const list = { [Symbol.iterator]: () => [1, 2][Symbol.iterator]() };
  const at = (depth: number): unknown => (depth === 0 ? list : { in: at(depth - 1) });
  const array = (depth: number): unknown => (depth === 0 ? [1, 2] : { in: array(depth - 1) });
  for (const depth of [0, 1, 5, 9]) {
    expect([...jsonPieces(at(depth))].join("")).toBe(JSON.stringify(array(depth), null, 2));
  }
});
