import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Choice } from "../../src/linux/chooser.ts";
import { explore } from "../../src/trace/explorer.ts";

function choice(kind: Choice["kind"], variable: string, ...probabilities: number[]): Choice {
  const common = {
    variable,
    question: `${variable}?`,
    alternatives: probabilities.map((probability, index) => ({ label: String(index), probability })),
  };
  return kind === "unknown" ? { ...common, kind, code: "routes-not-dumped" } : { ...common, kind };
}

describe("exploring a walk", () => {
  it("visits every combination of random answers once, and their probabilities sum to 1", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }), (sizes) => {
        const seen = explore((choose) =>
          sizes.map((size, index) => choose(choice("random", `v${index}`, ...Array(size).fill(1 / size)))).join(""),
        );
        const count = sizes.reduce((product, size) => product * size, 1);
        expect(new Set(seen.leaves.map((leaf) => leaf.value)).size).toBe(count);
        expect(seen.leaves).toHaveLength(count);
        expect(seen.leaves.reduce((sum, leaf) => sum + leaf.probability, 0)).toBeCloseTo(1, 9);
      }),
    );
  });

  it("gives an unknown asked twice the same answer within one branch", () => {
    const seen = explore((choose) => [choose(choice("unknown", "x", 0, 0)), choose(choice("unknown", "x", 0, 0))]);
    expect(seen.leaves.map((leaf) => leaf.value)).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  it("draws a random choice anew each time it is asked", () => {
    const seen = explore((choose) => [
      choose(choice("random", "x", 0.5, 0.5)),
      choose(choice("random", "x", 0.5, 0.5)),
    ]);
    expect(seen.leaves).toHaveLength(4);
  });

  it("does not visit what cannot happen", () => {
    expect(explore((choose) => choose(choice("random", "x", 0, 1, 0))).leaves.map((leaf) => leaf.value)).toEqual([1]);
  });

  it("says so when there are more branches than the limit", () => {
    const seen = explore(
      (choose) => Array.from({ length: 10 }, (_, n) => choose(choice("random", `v${n}`, 0.5, 0.5))),
      16,
    );
    expect(seen.leaves).toHaveLength(16);
    expect(seen.truncated).toBe(true);
  });

  it("says so when what it has walked is larger than it may be, and walks no further", () => {
    const seen = explore((choose) => choose(choice("random", "x", 0.5, 0.3, 0.2)), 16, { sizeOf: () => 60, most: 100 });
    expect(seen.leaves.map(({ value }) => value)).toEqual([0, 1]);
    expect(seen.truncated).toBe(true);
  });

  it("walks the likeliest where there are more branches than the limit, in the order of their answers", () => {
    // Drawn anew at each of 32 turns unless the first draw says no.
    const seen = explore((choose) => {
      const draws = [choose(choice("random", "turn", 0.25, 0.75))];
      while (draws[0] === 0 && draws.length < 32) draws.push(choose(choice("random", "turn", 0.25, 0.75)));
      return draws.join("");
    });
    expect(seen.truncated).toBe(true);
    expect(seen.leaves.at(-1)?.value).toBe("1");
    const values = seen.leaves.map(({ value }) => value);
    expect(values).toEqual([...values].sort());
  });

  it("leaves out only what is unlikely", () => {
    const probability = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(probability, { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (weights, limit) => {
        const walk = (most: number) =>
          explore(
            (choose) =>
              weights
                .map((of, index) => {
                  const sum = of.reduce((total, one) => total + one, 0);
                  return choose(choice("random", `v${index}`, ...of.map((one) => one / sum)));
                })
                .join(""),
            most,
          );
        const all = walk(Number.POSITIVE_INFINITY);
        const values = all.leaves.map(({ value }) => value);
        expect(values).toEqual([...values].sort());
        const some = walk(limit);
        expect(some.truncated).toBe(all.leaves.length > limit);
        expect(some.leaves).toHaveLength(Math.min(limit, all.leaves.length));
        const walked = new Set(some.leaves.map(({ value }) => value));
        expect([...walked].every((value) => values.includes(value))).toBe(true);
        const left = all.leaves.filter(({ value }) => !walked.has(value));
        // Of one level no more than 1/p stand before a leaf of probability p, each with four answers at most.
        for (const leaf of left) expect(leaf.probability).toBeLessThanOrEqual((weights.length * 4) / limit);
      }),
    );
  });

  it("follows walks whose later questions depend on earlier answers", () => {
    const seen = explore((choose) => {
      const first = choose(choice("random", "first", 0.25, 0.75));
      return first === 0 ? "short" : `long ${choose(choice("hash", "second", 0.5, 0.5))}`;
    });
    expect(seen.leaves.map((leaf) => [leaf.value, leaf.probability])).toEqual([
      ["short", 0.25],
      ["long 0", 0.375],
      ["long 1", 0.375],
    ]);
  });
});
