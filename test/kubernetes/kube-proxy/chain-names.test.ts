import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { endpointChainName, serviceChainName } from "../../../src/kubernetes/kube-proxy/chain-names.ts";
import { sha256Words } from "../../../src/net/sha256-words.ts";

function digest(text: string): string {
  return [...sha256Words(text)].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

test("the hash is that of the library, for texts of any length", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      expect(digest(text)).toBe(Buffer.from(sha256(utf8ToBytes(text))).toString("hex"));
    }),
    { numRuns: 200 },
  );
  for (const length of [0, 55, 56, 63, 64, 119, 120]) {
    const text = "a".repeat(length);
    expect(digest(text)).toBe(Buffer.from(sha256(utf8ToBytes(text))).toString("hex"));
  }
});

test("chains have the names that kube-proxy gives them", () => {
  expect(serviceChainName("SVC", "default/kubernetes:https", "tcp")).toBe("KUBE-SVC-NPX46M4PTMTKRN6Y");
  expect(serviceChainName("SVC", "kube-system/kube-dns:dns", "udp")).toBe("KUBE-SVC-TCOU7JCQXEZGVUNU");
  expect(serviceChainName("EXT", "ns4/svc4:p80", "TCP")).toBe("KUBE-EXT-4SW47YFZTEDKD3PK");
  expect(endpointChainName("ns4/svc4:p80", "tcp", "10.180.0.5:80")).toBe("KUBE-SEP-C6EBXVWJJZMIWKLZ");
});
