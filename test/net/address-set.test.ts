import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Address, ipv4, ipv6 } from "../../src/net/address.ts";
import {
  type AddressSet,
  addressSet,
  addressSetHas,
  intersectAddressSets,
  prefixRange,
  rangePrefixes,
  subtractAddressSets,
} from "../../src/net/address-set.ts";

// Close to the ends of both families, where neighbours wrap when the sums are wrong.
const low = fc.integer({ min: 0, max: 20 });
const anyAddress: fc.Arbitrary<Address> = fc.oneof(
  low.map(ipv4),
  low.map((value) => ipv4(0xffffffff - value)),
  low.map((value) => ipv6(0, 0, 0, value)),
  low.map((value) => ipv6(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff - value)),
);
const anySet: fc.Arbitrary<AddressSet> = fc
  .array(
    fc.tuple(anyAddress, anyAddress).map(([first, last]) => ({ first, last })),
    { maxLength: 5 },
  )
  .map(addressSet);

describe("sets of addresses", () => {
  it("meet and part as sets do, in both families", () => {
    fc.assert(
      fc.property(anySet, anySet, anyAddress, (x, y, address) => {
        const [inX, inY] = [addressSetHas(x, address), addressSetHas(y, address)];
        expect(addressSetHas(intersectAddressSets(x, y), address)).toBe(inX && inY);
        expect(addressSetHas(subtractAddressSets(x, y), address)).toBe(inX && !inY);
        expect(addressSetHas(addressSet([...x, ...y]), address)).toBe(inX || inY);
      }),
    );
  });

  it("have one form for one content", () => {
    fc.assert(
      fc.property(anySet, (set) => {
        const blocks = set.flatMap(({ first, last }) => rangePrefixes(first, last));
        expect(addressSet(blocks.map(prefixRange))).toEqual(set);
      }),
    );
  });
});
