import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freeDomain, freeValue, freeValues, valueIn } from "../../src/linux/free-value.ts";
import { formatPortSet } from "../../src/net/port-set.ts";
import { explore } from "../../src/trace/explorer.ts";

describe("a port that nobody has chosen yet", () => {
  it("is no choice while nothing reads it, and none when a rule cannot tell its values apart", () => {
    const seen = explore((choose) => {
      const table = freeValues();
      const port = freeValue(table, [{ first: 1024, last: 65535 }]);
      return [
        valueIn(table, choose, port, [{ first: 1, last: 1023 }]),
        valueIn(table, choose, port, [{ first: 1024, last: 65535 }]),
      ];
    });
    expect(seen.leaves.map((leaf) => leaf.value)).toEqual([[false, true]]);
  });

  it("is inside a range as often as an even draw is", () => {
    const range = fc
      .tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }))
      .map(([x, y]) => ({ first: Math.min(x, y), last: Math.max(x, y) }));
    fc.assert(
      fc.property(range, range, (domain, tested) => {
        const seen = explore((choose) => {
          const table = freeValues();
          return valueIn(table, choose, freeValue(table, [domain]), [tested]);
        });
        const inside = seen.leaves.filter((leaf) => leaf.value).reduce((sum, leaf) => sum + leaf.probability, 0);
        let count = 0;
        for (let port = domain.first; port <= domain.last; port++)
          if (port >= tested.first && port <= tested.last) count++;
        expect(inside).toBeCloseTo(count / (domain.last - domain.first + 1), 9);
      }),
    );
  });

  it("remembers what was found out about it", () => {
    const seen = explore((choose) => {
      const table = freeValues();
      const port = freeValue(table, [{ first: 1, last: 10 }]);
      const low = valueIn(table, choose, port, [{ first: 1, last: 5 }]);
      return `${low} ${formatPortSet(freeDomain(table, port))} ${valueIn(table, choose, port, [{ first: 1, last: 5 }])}`;
    });
    expect(seen.leaves.map((leaf) => leaf.value)).toEqual(["true 1-5 true", "false 6-10 false"]);
  });
});
