import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addKeys,
  CHUNK,
  clearValues,
  deleteKey,
  entriesOf,
  entriesThen,
  keysOf,
  numberMap,
  patchChunk,
  type Snapshot,
  setValue,
  snapshotOf,
  valueAt,
} from "../../../src/bgp/rib/number-map.ts";

const change = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("set" as const), key: fc.nat(200), value: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("delete" as const), key: fc.nat(200) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("patch" as const),
      chunk: fc.nat(2),
      places: fc.uniqueArray(fc.nat(CHUNK - 1), { minLength: 1, maxLength: 20 }),
      value: fc.nat(),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "clear" as const }, { kind: "snapshot" as const }) },
);

test("a map of numbers holds what a Map holds, in the same order, and snapshots what it held", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 600, size: "max" }), (changes) => {
      const map = numberMap<number>();
      const plain = new Map<number, number>();
      const snapshots: (readonly [Snapshot<number>, readonly (readonly [number, number])[]])[] = [];
      for (const one of changes) {
        if (one.kind === "set") {
          setValue(map, one.key, one.value);
          plain.set(one.key, one.value);
        } else if (one.kind === "delete") {
          deleteKey(map, one.key);
          plain.delete(one.key);
        } else if (one.kind === "patch") {
          const from = Array.from({ length: CHUNK }, (_, place) => one.value + place);
          const keys = one.places.map((place) => one.chunk * CHUNK + place);
          patchChunk(map, one.chunk, one.places, from);
          addKeys(
            map,
            keys.filter((key) => !plain.has(key)),
          );
          for (const key of keys) plain.set(key, one.value + (key % CHUNK));
        } else if (one.kind === "snapshot") snapshots.push([snapshotOf(map), [...plain]]);
        else {
          clearValues(map);
          plain.clear();
        }
      }
      expect([...entriesOf(map)]).toEqual([...plain]);
      expect(keysOf(map)).toEqual([...plain.keys()]);
      for (const [snapshot, there] of snapshots) expect([...entriesThen(snapshot)]).toEqual(there);
      expect(map.size).toBe(plain.size);
      for (let key = 0; key <= 200; key++) expect(valueAt(map, key)).toBe(plain.get(key));
    }),
    { numRuns: 200 },
  );
});
