import fc from "fast-check";
import { expect, test } from "vitest";
import { type RouteGroup, type RouteTable, routeTables, searchRoutes } from "../../src/linux/routing/route-table.ts";
import { layeredRoutes, type Route, route, TABLE_LOCAL, TABLE_MAIN } from "../../src/model/route.ts";
import { ipv4 } from "../../src/net/address.ts";
import { prefixOf } from "../../src/net/prefix.ts";

/** Few addresses and lengths, so that prefixes often hold each other or are equal. */
const anyRoute = fc
  .record({
    word: fc.nat(15).map((bits) => (0x0a000000 + (bits << 20)) >>> 0),
    length: fc.constantFrom(0, 8, 11, 12, 32),
    table: fc.constantFrom(TABLE_MAIN, TABLE_MAIN, TABLE_LOCAL, 100),
    metric: fc.nat(2),
  })
  .map(({ word, length, table, metric }): Route => route({ destination: prefixOf(ipv4(word), length), table, metric }));

function groupsFor(table: RouteTable | undefined, word: number): readonly RouteGroup[] {
  const groups: RouteGroup[] = [];
  if (table !== undefined) {
    searchRoutes(table, ipv4(word), (group) => {
      groups.push(group);
      return null;
    });
  }
  return groups;
}

test("routes of which a host shares most with others are looked up as one list, whatever is its own and what it lacks", () => {
  let layered = 0;
  fc.assert(
    fc.property(
      fc.uniqueArray(anyRoute, { maxLength: 12 }),
      fc.uniqueArray(anyRoute, { maxLength: 6 }),
      fc.array(fc.nat(11), { maxLength: 4 }),
      fc.boolean(),
      (shared, own, gone, isMerged) => {
        const without = new Set(gone.flatMap((position) => shared[position] ?? []));
        const list = layeredRoutes.list({ shared, own, without });
        expect(list).toEqual([...own, ...shared.filter((one) => !without.has(one))]);
        const tables = routeTables(list, 4, isMerged);
        const whole = routeTables([...list], 4, isMerged);
        if ([...tables.values()].some((table) => table.shared !== null)) layered++;
        for (const number of [TABLE_MAIN, TABLE_LOCAL, 100]) {
          for (let bits = 0; bits < 16; bits++) {
            const word = (0x0a000000 + (bits << 20)) >>> 0;
            expect(groupsFor(tables.get(number), word)).toEqual(groupsFor(whole.get(number), word));
          }
        }
      },
    ),
    { numRuns: 300 },
  );
  // with a prefix in both lists they are one list again
  expect(layered).toBeGreaterThan(20);
});
