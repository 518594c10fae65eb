import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  drawnNumber,
  drawnResult,
  freeDomain,
  freeValue,
  freeValues,
  keepApart,
  meet,
  valueIn,
} from "../../src/linux/free-value.ts";
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

  it("has of what is made of it each result as often as values have it, and is one of these from then on", () => {
    const domain = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(domain, fc.integer({ min: 1, max: 7 }), (numbers, modulus) => {
        const ranges = numbers.map((port) => ({ first: port, last: port }));
        const of = (port: number): number => (port * port) % modulus;
        const seen = explore((choose) => {
          const table = freeValues();
          const port = freeValue(table, ranges);
          const result = drawnResult(table, choose, port, { question: "which?", of, label: String });
          return { result, left: freeDomain(table, port) };
        });
        for (const { value, probability } of seen.leaves) {
          const having = numbers.filter((port) => of(port) === value.result);
          expect(probability).toBeCloseTo(having.length / numbers.length, 9);
          const left = value.left.flatMap(({ first, last }) =>
            Array.from({ length: last - first + 1 }, (_, at) => first + at),
          );
          expect(left.sort()).toEqual(having.sort());
        }
        expect(new Set(numbers.map(of)).size).toBe(seen.leaves.length);
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

  it("is none of those that it was kept apart from, once they are known", () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }));
    fc.assert(
      fc.property(
        sizes.filter(([count, size]) => count <= size),
        ([count, size]) => {
          const seen = explore((choose) => {
            const table = freeValues();
            const drawn: number[] = [];
            for (let at = 0; at < count; at++) {
              const value = freeValue(table, [{ first: 1, last: size }]);
              for (const other of drawn) keepApart(table, value, other);
              drawn.push(value);
            }
            return drawn.map((value) => drawnNumber(table, choose, value));
          });
          for (const { value } of seen.leaves) expect(new Set(value).size).toBe(count);
          const orders = Array.from({ length: count }, (_, at) => size - at).reduce(
            (product, left) => product * left,
            1,
          );
          expect(seen.leaves).toHaveLength(orders);
        },
      ),
    );
  });

  it("is another's as often as two even draws agree, and stays so", () => {
    const range = fc.tuple(fc.nat(9), fc.nat(9)).map(([x, y]) => ({ first: Math.min(x, y), last: Math.max(x, y) }));
    fc.assert(
      fc.property(range, range, (left, right) => {
        const seen = explore((choose) => {
          const table = freeValues();
          const [x, y] = [freeValue(table, [left]), freeValue(table, [right])];
          const first = meet(table, choose, x, y);
          expect(meet(table, choose, y, x)).toBe(first);
          return first;
        });
        const met = seen.leaves.filter((leaf) => leaf.value).reduce((sum, leaf) => sum + leaf.probability, 0);
        let pairs = 0;
        for (let x = left.first; x <= left.last; x++) if (x >= right.first && x <= right.last) pairs++;
        expect(met).toBeCloseTo(pairs / ((left.last - left.first + 1) * (right.last - right.first + 1)), 9);
      }),
    );
  });

  it("is a written one's when it is drawn so, and never that of a value that it was kept apart from", () => {
    const seen = explore((choose) => {
      const table = freeValues();
      const [x, y] = [freeValue(table, [{ first: 1, last: 2 }]), freeValue(table, [{ first: 1, last: 2 }])];
      keepApart(table, x, y);
      return `${meet(table, choose, x, 1)} ${formatPortSet(freeDomain(table, x))} ${meet(table, choose, x, y)}`;
    });
    expect(seen.leaves.map((leaf) => leaf.value)).toEqual(["true 1 false", "false 2 false"]);
  });
});
