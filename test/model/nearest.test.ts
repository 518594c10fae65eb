import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { didYouMean, misspelt, nearest } from "../../src/model/nearest.ts";

describe("names like one that does not exist", () => {
  it("are first those with the same last part, then those that contain it, then those with the fewest slips", () => {
    expect(nearest("pod/defalt/a", ["pod/default/bbb", "pod/default/b", "pod/shop/a"], 2)).toEqual([
      "pod/shop/a",
      "pod/default/b",
    ]);
    expect(nearest("a", ["node/control-plane", "pod/default/a"], 1)).toEqual(["pod/default/a"]);
    expect(didYouMean("worker1", ["node/worker-2", "worker-1"], 1)).toBe("Did you mean worker-1?");
    expect(didYouMean("xyz", ["control-plane"])).toBeNull();
  });
});

describe("a word with a slip", () => {
  it.each([
    ["dprt", "dport"],
    ["tpc", "tcp"],
    ["conntrak", "conntrack"],
    ["NWE", "NEW"],
    ["REJCT", "REJECT"],
  ])("%s is %s", (text, meant) => {
    expect(misspelt(text, ["sport", "dport", "tcp", "udp", "conntrack", "NEW", "REJECT", "DNAT"])).toBe(meant);
  });

  it("is none where the word is right, or is another one", () => {
    expect(misspelt("tcp", ["tcp", "udp"])).toBeNull();
    expect(misspelt("geoip", ["iprange", "osf"])).toBeNull();
  });

  it("is found whatever the slip, among names that are far from it", () => {
    const name = fc.string({ unit: fc.constantFrom(..."abcdefgh"), minLength: 4, maxLength: 12 });
    fc.assert(
      fc.property(name, fc.nat(), fc.constantFrom("drop", "double", "swap"), (right, place, slip) => {
        const at = place % (right.length - 1);
        const [x = "", y = ""] = [right[at], right[at + 1]];
        const middle = slip === "drop" ? y : slip === "double" ? x + x + y : y + x;
        const wrong = right.slice(0, at) + middle + right.slice(at + 2);
        fc.pre(wrong !== right);
        expect(misspelt(wrong, ["ZZZZZZ", right, "YYYYYYYY"])).toBe(right);
      }),
    );
  });
});
