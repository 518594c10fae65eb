import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sha1 } from "../../src/calico/sha1.ts";
import { workloadInterfaceName } from "../../src/calico/workload-interface-name.ts";

// vectors of projectcalico/calico, libcalico-go (VethNameForWorkload)
test.each([
  ["default", "nginx", "calic440f455693"],
  ["kube-system", "coredns-5d78c9869d-abcde", "cali4d5f75c480c"],
  ["prod", "web-0", "caliaa960f0d82e"],
])("the veth of %s/%s is called as Calico calls it", (namespace, pod, name) => {
  expect(workloadInterfaceName(namespace, pod)).toBe(name);
});

test("SHA-1 agrees with OpenSSL's for any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 130 }), (text) => {
      expect(sha1(text)).toBe(createHash("sha1").update(text).digest("hex"));
    }),
  );
});
