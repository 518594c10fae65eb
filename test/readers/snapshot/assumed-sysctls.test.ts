import fc from "fast-check";
import { expect, test } from "vitest";
import { networkInterface } from "../../../src/model/interface.ts";
import { assumedNodeSysctls, assumedSysctls } from "../../../src/readers/snapshot/assumed-sysctls.ts";

const device = fc.constantFrom(
  "lo",
  "eth0",
  "eth0.100",
  "vxlan.calico",
  "cali8eb1cae1cb3",
  "calinot",
  "cali0.1",
  "tunl0",
);

test("what is assumed of a node's sysctls is the same asked key by key as listed", () => {
  fc.assert(
    fc.property(fc.uniqueArray(device), fc.array(device), (present, others) => {
      const interfaces = present.map((name) => networkInterface({ name }));
      const listed = assumedSysctls("node", interfaces, true);
      const asked = assumedNodeSysctls(new Set(present));
      // keys of devices that are not there too
      const absent = assumedSysctls(
        "node",
        others.map((name) => networkInterface({ name })),
        true,
      );
      for (const key of [...listed.keys(), ...absent.keys(), "net.ipv4.conf.eth0", "net.ipv4.conf.eth0.nothing", ""])
        expect([key, asked.get(key)]).toEqual([key, listed.get(key)]);
    }),
  );
});
