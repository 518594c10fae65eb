import { sha224 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ruleDigest } from "../../../src/calico/felix/rule-digest.ts";

test("a rule's digest is SHA-224 of what stands before it and of its text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 28 }), fc.string({ unit: "binary", maxLength: 3000 }), (before, text) => {
      expect(ruleDigest(before, text)).toEqual(sha224(concatBytes(before, utf8ToBytes(text))));
    }),
  );
  expect(ruleDigest(null, "x")).toEqual(sha224(utf8ToBytes("x")));
});
