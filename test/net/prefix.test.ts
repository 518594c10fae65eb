import fc from "fast-check";
import IPCIDR from "ip-cidr";
import { describe, expect, it } from "vitest";
import { ipv4, ipv6 } from "../../src/net/address.ts";
import {
  formatPrefix,
  lastAddress,
  maskLength,
  netmask,
  parsePrefix,
  prefixContains,
  prefixOf,
} from "../../src/net/prefix.ts";

const word = fc.integer({ min: 0, max: 0xffffffff });
const anyPrefix = fc.oneof(
  fc.tuple(word.map(ipv4), fc.integer({ min: 0, max: 32 })),
  fc.tuple(
    fc.tuple(word, word, word, word).map((words) => ipv6(...words)),
    fc.integer({ min: 0, max: 128 }),
  ),
);

describe("a prefix", () => {
  it("comes back from its text", () => {
    fc.assert(
      fc.property(anyPrefix, ([address, length]) => {
        const prefix = prefixOf(address, length);
        expect(parsePrefix(formatPrefix(prefix))).toEqual(prefix);
      }),
    );
  });

  it("begins and ends where ip-cidr says", () => {
    fc.assert(
      fc.property(anyPrefix, ([address, length]) => {
        const prefix = prefixOf(address, length);
        const other = new IPCIDR(formatPrefix(prefix));
        expect(prefix.address).toEqual(parsePrefix(String(other.start()))?.address);
        expect(lastAddress(prefix)).toEqual(parsePrefix(String(other.end()))?.address);
      }),
      { numRuns: 300 },
    );
  });

  it("holds its first and last address and nothing beside them", () => {
    fc.assert(
      fc.property(anyPrefix, ([address, length]) => {
        const prefix = prefixOf(address, length);
        const last = lastAddress(prefix);
        expect(prefixContains(prefix, prefix.address)).toBe(true);
        expect(prefixContains(prefix, last)).toBe(true);
        if (address.family === 4 && length > 0) {
          expect(prefixContains(prefix, ipv4(last.a + 1))).toBe(false);
          expect(prefixContains(prefix, ipv4(prefix.address.a - 1))).toBe(false);
        }
      }),
    );
  });

  it("is read with a dotted mask when the mask has no holes", () => {
    expect(parsePrefix("10.1.2.3/255.255.0.0")).toEqual(parsePrefix("10.1.0.0/16"));
    expect(parsePrefix("10.1.2.3/255.0.255.0")).toBeNull();
    expect(parsePrefix("10.0.0.0/33")).toBeNull();
  });
});

describe("the length of a mask", () => {
  it("is the one the mask was made from", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 128 }), (four, six) => {
        expect(maskLength(netmask(4, four))).toBe(four);
        expect(maskLength(netmask(6, six))).toBe(six);
      }),
    );
  });
});
