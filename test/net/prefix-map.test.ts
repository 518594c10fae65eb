import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Address, ipv4, ipv6 } from "../../src/net/address.ts";
import { type Prefix, prefixContains, prefixOf } from "../../src/net/prefix.ts";
import { longestMatch, lookUp, prefixMap } from "../../src/net/prefix-map.ts";

// Few distinct words, so that prefixes overlap and addresses hit.
const word = fc.constantFrom(0, 1, 0x0a000001, 0x0a000101, 0x0a010101, 0xc0a80101, 0xffffffff);
const addressOf = (family: 4 | 6): fc.Arbitrary<Address> =>
  family === 4 ? word.map(ipv4) : fc.tuple(word, word, word, word).map((words) => ipv6(...words));

function naive(entries: readonly (readonly [Prefix, number])[], address: Address): number | null {
  let best: readonly [Prefix, number] | null = null;
  for (const entry of entries) {
    if (prefixContains(entry[0], address) && (best === null || entry[0].length > best[0].length)) best = entry;
  }
  return best === null ? null : best[1];
}

describe("looking up the longest prefix", () => {
  for (const family of [4, 6] as const) {
    it(`finds in IPv${family} what a search through all prefixes finds`, () => {
      const prefix = fc
        .tuple(addressOf(family), fc.integer({ min: 0, max: family === 4 ? 32 : 128 }))
        .map(([address, length]) => prefixOf(address, length));
      fc.assert(
        fc.property(fc.array(prefix, { maxLength: 30 }), addressOf(family), (prefixes, address) => {
          const entries = prefixes.map((item, index) => [item, index] as const);
          expect(longestMatch(prefixMap(family, entries), address)).toBe(naive(entries, address));
        }),
      );
    });
  }

  it("finds any hundred of single addresses, the last of all too, and none of the others", () => {
    const number = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0x7fffffff, 0x80000000, 0xffffffff));
    fc.assert(
      fc.property(
        fc.uniqueArray(number, { minLength: 70, maxLength: 200 }),
        fc.array(number, { minLength: 50, maxLength: 200 }),
        (filed, asked) => {
          const entries = filed.map((value, index) => [prefixOf(ipv4(value), 32), index] as const);
          const map = prefixMap(4, entries);
          for (const value of [...filed, ...asked]) {
            expect(longestMatch(map, ipv4(value))).toBe(naive(entries, ipv4(value)));
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("finds thousands of single addresses, and the blocks around them", () => {
    const entries = Array.from(
      { length: 3000 },
      (_, index) => [prefixOf(ipv4(0x0a000000 + index * 3), 32), index] as const,
    );
    const blocks = [
      [prefixOf(ipv4(0x0a000000), 24), -1],
      [prefixOf(ipv4(0x0a000100), 24), -2],
    ] as const;
    const map = prefixMap<number>(4, [...entries, ...blocks]);
    for (let offset = 0; offset < 9100; offset++) {
      const address = ipv4(0x0a000000 + offset);
      const block = offset < 256 ? -1 : offset < 512 ? -2 : null;
      const own = offset % 3 === 0 && offset < 9000 ? offset / 3 : null;
      expect(longestMatch(map, address)).toBe(own ?? block);
      const offered: number[] = [];
      lookUp(map, address, (value) => {
        offered.push(value);
        return false;
      });
      expect(offered).toEqual([own, block].filter((value) => value !== null));
    }
  });

  it("offers shorter prefixes while longer ones are refused", () => {
    const map = prefixMap(4, [
      [prefixOf(ipv4(0x0a000000), 8), "ten"],
      [prefixOf(ipv4(0), 0), "default"],
    ]);
    const offered: string[] = [];
    lookUp(map, ipv4(0x0a010203), (value) => {
      offered.push(value);
      return false;
    });
    expect(offered).toEqual(["ten", "default"]);
  });
});
