import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { appendItem, itemAt, pagedList, replaceItem } from "../../src/net/paged-list.ts";

/** What is done to a list: an item at the end, or in the place of one, which may be beyond it. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("append" as const), count: fc.nat(700) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("replace" as const), index: fc.nat(3000) }) },
);

describe("a paged list", () => {
  it("holds what an array would, across its pages", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), fc.array(fc.nat(4000)), (steps, asked) => {
        const list = pagedList<string>();
        const array: string[] = [];
        steps.forEach((one, number) => {
          if (one.kind === "append") {
            for (let count = 0; count < one.count; count++) {
              expect(appendItem(list, `${number} ${count}`)).toBe(array.push(`${number} ${count}`) - 1);
            }
            return;
          }
          replaceItem(list, one.index, `replaced ${number}`);
          if (one.index < array.length) array[one.index] = `replaced ${number}`;
        });
        expect(list.length).toBe(array.length);
        expect(list.pages.flat()).toEqual(array);
        for (const index of asked) expect(itemAt(list, index)).toBe(array[index]);
      }),
      { numRuns: 25 },
    );
  });
});
