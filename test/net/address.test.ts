import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { type Address, compareAddresses, formatAddress, ipv4, ipv6, parseAddress } from "../../src/net/address.ts";

const word = fc.integer({ min: 0, max: 0xffffffff });
const anyAddress: fc.Arbitrary<Address> = fc.oneof(
  word.map(ipv4),
  fc.tuple(word, word, word, word).map((words) => ipv6(...words)),
  // zero runs, where the short forms of IPv6 differ
  fc
    .array(fc.constantFrom(0, 1, 0xffff, 0x10000), { minLength: 4, maxLength: 4 })
    .map(([a = 0, b = 0, c = 0, d = 0]) => ipv6(a, b, c, d)),
);

describe("an address as text", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
    );
  });

  it("is what ipaddr.js prints, without four decimal parts", () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        const text = formatAddress(address);
        if (address.family === 6 && text.includes(".")) return;
        const other = ipaddr.parse(text);
        expect(other instanceof ipaddr.IPv6 ? other.toRFC5952String() : other.toString()).toBe(text);
      }),
    );
  });

  it("is what inet_ntop() of glibc prints for mapped and compatible addresses", () => {
    for (const text of ["::ffff:0.0.0.0", "::0.1.0.0", "::ffff:10.0.0.1", "::10.0.0.1", "::ffff", "::1", "::"]) {
      expect(formatAddress(parseAddress(text) ?? ipv4(0))).toBe(text);
    }
    expect(formatAddress(ipv6(0x64ff9b, 0, 0, 0x0a000001))).toBe("64:ff9b::a00:1");
    expect(formatAddress(ipv6(0, 0, 0x1ffff, 1))).toBe("::1:ffff:0:1");
  });

  it("is refused in the legacy forms of inet_aton, which no tool prints", () => {
    for (const text of [
      "10.1",
      "1",
      "010.0.0.1",
      "0x0a000001",
      "1.2.3.256",
      "1.2.3.4.5",
      "",
      " 1.2.3.4",
      "fe80::1%eth0",
    ]) {
      expect(parseAddress(text), text).toBeNull();
    }
  });

  it("may end in four decimal parts", () => {
    expect(parseAddress("::1.2.3.4")).toEqual(ipv6(0, 0, 0, 0x01020304));
    expect(parseAddress("::ffff:10.0.0.1")).toEqual(ipv6(0, 0, 0xffff, 0x0a000001));
    expect(parseAddress("64:ff9b::1.2.3.400")).toBeNull();
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseAddress(text)));
  });
});

describe("the order of addresses", () => {
  it("is total", () => {
    fc.assert(
      fc.property(anyAddress, anyAddress, (x, y) => {
        expect(Math.sign(compareAddresses(x, y))).toBe(-Math.sign(compareAddresses(y, x)) + 0);
      }),
    );
  });
});
