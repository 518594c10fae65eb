import fc from "fast-check";
import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import type { Route } from "../../../src/model/route.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { readRoutes } from "../../../src/readers/ip/route.ts";
import { digestRoutes } from "../../../src/readers/ip/route-digest.ts";
import { hostRoutesOf } from "../../../src/readers/snapshot/pod-links.ts";

const read = (text: string) => readRoutes(text, "f", originTable(), { family: 4 });

/** What the digest has to tell: the device of each single address, who is a gateway where, the machine's own addresses. */
function told(routes: readonly Route[]) {
  const gateways = routes.flatMap((route) =>
    route.nextHops.flatMap((hop) => (hop.gateway === null ? [] : [`${formatAddress(hop.gateway)} ${hop.interface}`])),
  );
  return {
    devices: [...hostRoutesOf(routes)].map(([address, { nextHops }]) => `${address} ${nextHops[0]?.interface}`).sort(),
    gateways: [...new Set(gateways)].sort(),
    own: [
      ...new Set(routes.flatMap(({ type, destination }) => (type === "local" ? formatPrefix(destination) : []))),
    ].sort(),
  };
}

const octet = fc.integer({ min: 0, max: 3 });
const address = fc.tuple(octet, octet).map(([x, y]) => `10.0.${x}.${y}`);
const device = fc.constantFrom("eth0", "cali1", "cali2", "via");
const destination = fc.oneof(
  address,
  address.map((one) => `${one}/32`),
  address.map((one) => `${one}/30`),
  fc.constantFrom("default", "fd00::1", "fd00::/64", "10.0/16", "nonsense", "0/0"),
);
const type = fc.constantFrom("", "", "", "unicast ", "local ", "blackhole ", "broadcast ", "anycast ");
const rest = fc.constantFrom(
  "",
  " scope link",
  " proto bird",
  " proto kernel scope link src 10.0.0.1",
  " table local",
  " table 100",
  " metric 5 onlink",
  " mtu",
);
const way = fc.oneof(
  device.map((one) => ` dev ${one}`),
  fc.tuple(address, device).map(([one, over]) => ` via ${one} dev ${over}`),
  fc.tuple(fc.constantFrom("inet6 fe80::1", "nobody"), device).map(([one, over]) => ` via ${one} dev ${over}`),
  fc.constantFrom(""),
);
const indent = fc.constantFrom("", "", "", " ", "\t");
const entry = fc.tuple(indent, type, destination, way, rest).map((parts) => parts.join(""));
const line = fc.oneof(
  { weight: 12, arbitrary: entry },
  fc.constantFrom(
    "$ ip route",
    "# ip route show table all",
    "",
    "RTNETLINK answers: No such device",
    "...",
    "10.0.0.1",
    "{",
    "[",
    "default 10.0.1.1 0.0.0.0 UG 0 0 0 eth0",
    "10.0.1.2 0.0.0.0 255.255.255.255 UH 0 0 0 cali1",
    "::/0 fd00::1 UG 1024 1 0 eth0",
    "fd00::2/128 :: U 1024 1 0 cali2",
  ),
  fc.string({ maxLength: 20 }),
);

test("a digest tells of a machine's neighbours what the whole dump tells", () => {
  let digested = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const text = lines.join("\n");
      const digest = digestRoutes(text);
      if (digest === null) return;
      const part = read(digest);
      if (part.findings.length > 0) return;
      digested++;
      expect(told(part.routes)).toEqual(told(read(text).routes));
    }),
    {
      numRuns: 1500,
      examples: [
        [["10.0.0.0/32 dev via table local", " local 10.0.0.0/30 dev via table local"]],
        [["$ ip route", "{", "10.0.0.0/32 via 10.0.0.0 dev eth0"]],
      ],
    },
  );
  expect(digested).toBeGreaterThan(100);
});

test("of thousands of routes over few gateways a digest has few lines", () => {
  const routes = Array.from(
    { length: 3000 },
    (_, i) => `10.${i >> 8}.${i & 255}.0/26 via 172.16.0.${i % 50} dev eth0 proto bird`,
  );
  const digest = digestRoutes(["192.168.0.5 dev cali1 scope link", ...routes, "local 172.16.0.9 dev eth0"].join("\n"));
  expect(digest?.split("\n").length).toBe(52);
});

test("entries of several lines, JSON, tables of net-tools and repaired text are read whole", () => {
  const odd = [
    "default \n\tnexthop via 10.0.0.1 dev eth0",
    "[{}]",
    "$ ip -j route\n[{}]",
    "default 172.16.0.1 0.0.0.0 UG 0 0 0 eth0",
    "[::]/0 fe80::1 UG 1024 1 0 eth0",
    "::1/128 ::1 an 0 2 0 lo",
    "10.0.0.1 dev eth0\r\n",
    "10.0.0.1\\\tdev x",
    "10.0.0.1&gt;",
  ];
  expect(odd.map(digestRoutes)).toEqual(odd.map(() => null));
});
