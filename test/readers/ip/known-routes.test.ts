import fc from "fast-check";
import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import type { KnownRoutes } from "../../../src/readers/ip/known-routes.ts";
import { type RouteDump, readRoutes } from "../../../src/readers/ip/route.ts";

const LINES = [
  "default via 172.16.0.1 dev eth0 proto static",
  "default",
  "10.244.1.0/26 via 172.16.0.11 dev eth0 proto bird",
  "blackhole 10.244.0.0/26 proto bird",
  "10.244.0.1 dev cali0 scope link",
  "10.0.0.0/8 proto bird",
  "\tnexthop via 172.16.0.11 dev eth0 weight 1",
  "\tnexthop via 172.16.0.12 dev eth0 weight 1",
  "    nexthop",
  "cache",
  "10.0.1.0/24 dev eth0 mtu lock 1400 advmss 1300 hoplimit 9",
  "10.0.4.0/24 dev eth0 initcwnd 10",
  "fd00:1::/64 via fe80::1 dev eth0 proto ra metric 1024 expires 478sec hoplimit 64 pref medium",
  "10.0.2.0/24 dev eth0 frob 7",
  "10.0.3.0/24 via",
  "10.0.x.0/24 via xx.xx.1.2 dev eth0",
  "fe80::/64 dev eth0 proto kernel metric 256 pref medium",
  "not a route",
];

const read = (text: string, family: 4 | 6, known?: KnownRoutes): RouteDump =>
  readRoutes(text, "f", originTable(), { family, ...(known === undefined ? {} : { known }) });

test("routes of several machines are read as if each dump were alone", () => {
  const text = fc.array(fc.constantFrom(...LINES), { maxLength: 12 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 6 }), fc.constantFrom<4 | 6>(4, 6), (dumps, family) => {
      const known: KnownRoutes = new Map();
      for (const dump of dumps) {
        const alone = read(dump, family);
        const together = read(dump, family, known);
        expect({ ...together, findings: [] }).toEqual({ ...alone, findings: [] });
        // what is told comes line by line
        expect(new Set(together.findings)).toEqual(new Set(alone.findings));
      }
    }),
    { numRuns: 1000 },
  );
});
