import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonPieces } from "../../src/report/json-pieces.ts";

test("the pieces of a value are the text of JSON.stringify", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      expect([...jsonPieces(value)].join("")).toBe(JSON.stringify(value, null, 2));
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
