import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type InterfacePattern, nameMatches } from "../../../src/linux/netfilter/program.ts";
import { impliedBy, type OutputAnswer } from "../../../src/linux/netfilter/unknown-output.ts";

const ALPHABET = ["a", "b"];
/** All names of one to four letters: long enough that a wildcard always has a name beside those that were denied. */
const NAMES = ALPHABET.flatMap((x) => [
  x,
  ...ALPHABET.flatMap((y) => [x + y, ...ALPHABET.flatMap((z) => [x + y + z, ...ALPHABET.map((w) => x + y + z + w)])]),
]);

const pattern: fc.Arbitrary<InterfacePattern> = fc.record({
  text: fc.array(fc.constantFrom(...ALPHABET), { minLength: 1, maxLength: 3 }).map((letters) => letters.join("")),
  wildcard: fc.boolean(),
});

function fitting(answers: readonly OutputAnswer[]): readonly string[] {
  return NAMES.filter((name) => answers.every((item) => nameMatches(item.pattern, name) === item.matches));
}

describe("the interface that a packet leaves by, where no routes were dumped", () => {
  it("is one that fits all answers, however they are drawn", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(pattern, fc.boolean()), { maxLength: 8 }), (questions) => {
        const answers: OutputAnswer[] = [];
        for (const [asked, drawn] of questions) {
          const implied = impliedBy(answers, asked);
          const names = fitting(answers);
          if (implied !== null) {
            expect(names.map((name) => nameMatches(asked, name))).toEqual(names.map(() => implied));
            continue;
          }
          const next = [...answers, { pattern: asked, matches: drawn }];
          // All names that are left may have been denied one by one: then nothing follows from the last denial.
          if (fitting(next).length === 0) continue;
          answers.push({ pattern: asked, matches: drawn });
        }
        expect(fitting(answers)).not.toEqual([]);
      }),
    );
  });

  it("is no longer asked for once its name is known", () => {
    const known = [{ pattern: { text: "eth0", wildcard: false }, matches: true }];
    expect(impliedBy(known, { text: "eth", wildcard: true })).toBe(true);
    expect(impliedBy(known, { text: "cali", wildcard: true })).toBe(false);
    expect(impliedBy(known, { text: "eth1", wildcard: false })).toBe(false);
  });

  it("is still open among the names of a pattern that it fits", () => {
    const known = [{ pattern: { text: "eth", wildcard: true }, matches: true }];
    expect(impliedBy(known, { text: "eth1", wildcard: false })).toBeNull();
    expect(impliedBy(known, { text: "cali1", wildcard: false })).toBe(false);
    expect(impliedBy(known, { text: "e", wildcard: true })).toBe(true);
  });
});
