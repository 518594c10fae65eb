import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatPortSet,
  intersectPortSets,
  type PortSet,
  portSet,
  portSetHas,
  portSetSize,
  subtractPortSets,
} from "../../src/net/port-set.ts";

const port = fc.integer({ min: 0, max: 40 });
const anySet: fc.Arbitrary<PortSet> = fc
  .array(
    fc.tuple(port, port).map(([x, y]) => ({ first: Math.min(x, y), last: Math.max(x, y) })),
    { maxLength: 6 },
  )
  .map(portSet);

describe("sets of ports", () => {
  it("meet and part as sets of numbers do", () => {
    fc.assert(
      fc.property(anySet, anySet, port, (x, y, value) => {
        expect(portSetHas(intersectPortSets(x, y), value)).toBe(portSetHas(x, value) && portSetHas(y, value));
        expect(portSetHas(subtractPortSets(x, y), value)).toBe(portSetHas(x, value) && !portSetHas(y, value));
      }),
    );
  });

  it("count their members", () => {
    fc.assert(
      fc.property(anySet, (set) => {
        expect(portSetSize(set)).toBe(Array.from({ length: 41 }, (_, n) => n).filter((n) => portSetHas(set, n)).length);
      }),
    );
  });

  it("print as people write them", () => {
    expect(
      formatPortSet(
        portSet([
          { first: 443, last: 443 },
          { first: 80, last: 80 },
          { first: 81, last: 90 },
        ]),
      ),
    ).toBe("80-90,443");
  });
});
