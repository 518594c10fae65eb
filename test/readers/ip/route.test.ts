import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatSource, originTable, sourceOf } from "../../../src/model/origin.ts";
import { type NextHop, nextHop, type Route, type RouteType, route } from "../../../src/model/route.ts";
import { type Address, type Family, ipv4, ipv6, parseAddress } from "../../../src/net/address.ts";
import { parsePrefix, prefixOf } from "../../../src/net/prefix.ts";
import { printRoute } from "../../../src/readers/ip/print-route.ts";
import { type RouteReading, readRoutes } from "../../../src/readers/ip/route.ts";
import { codes, fixture, withoutOrigin } from "../fixture.ts";

function read(text: string, reading: RouteReading = {}) {
  return readRoutes(text, "f", originTable(), reading);
}

function prefix(text: string) {
  const parsed = parsePrefix(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

/** As JSON tells them, which has no locks. */
function unlocked<T extends { readonly mtuLocked?: true }>(routes: readonly T[]): readonly Omit<T, "mtuLocked">[] {
  return routes.map(({ mtuLocked: _, ...rest }) => rest);
}

describe("real outputs", () => {
  const { routes: told } = read(fixture("ip/fixtures/route.txt"));
  const routes = withoutOrigin(told);

  test.each(["route.json.txt", "route-detailed.txt", "route-detailed.json.txt", "route-oneline.txt"])(
    "%s says the same as the plain text",
    (name) => {
      const again = withoutOrigin(read(fixture(`ip/fixtures/${name}`)).routes);
      expect(again).toEqual(name.includes("json") ? withoutOrigin(unlocked(told)) : routes);
    },
  );

  test("JSON of IPv6 says the same as text", () => {
    const text = read(fixture("ip/fixtures/route-v6.txt"), { family: 6 });
    const json = read(fixture("ip/fixtures/route-v6-detailed.json.txt"), { family: 6 });
    expect(withoutOrigin(json.routes)).toEqual(withoutOrigin(unlocked(text.routes)));
    expect(text.routes.every((entry) => entry.family === 6)).toBe(true);
  });

  test("`table all` as text has both families, each as in its own dump", () => {
    const all = read(fixture("ip/fixtures/route-all-families.txt")).routes;
    const six = read(fixture("ip/fixtures/route-v6.txt")).routes;
    expect(withoutOrigin(all.filter((entry) => entry.family === 4))).toEqual(routes);
    expect(all.filter((entry) => entry.family === 6).map(printRoute)).toEqual(six.map(printRoute));
  });

  test.each(["route.txt", "route-v6.txt"])(
    "%s is printed back byte for byte, but for options the model does not have",
    (name) => {
      const unmodelled = / (?:realm|congctl|initcwnd|nhid|encap|from|expires)\b| scope 100 | pref high|weight/;
      const text = fixture(`ip/fixtures/${name}`);
      const printed = new Set(read(text).routes.flatMap((entry) => printRoute(entry).split("\n")));
      const lost = text.split("\n").filter((line) => line !== "" && !unmodelled.test(line) && !printed.has(line));
      expect(lost).toEqual([]);
    },
  );
});

test("metrics that change what leaves by a route", () => {
  const [text] = read("10.29.0.0/16 dev eth0 scope link mtu lock 1400 advmss 1300 hoplimit lock 9 initcwnd 10").routes;
  expect(text).toMatchObject({ mtu: 1400, mtuLocked: true, advertisedMss: 1300, hopLimit: 9 });
  const [json] = read(
    '[{"dst":"10.29.0.0/16","dev":"eth0","flags":[],"metrics":[{"mtu":1400,"advmss":1300,"hoplimit":9}]}]',
  ).routes;
  expect(json).toMatchObject({ mtu: 1400, advertisedMss: 1300, hopLimit: 9 });
  expect(read("10.29.0.0/16 dev eth0 hoplimit 0").routes[0]?.hopLimit).toBeUndefined();
});

test("a Felix VXLAN block route", () => {
  expect(read("192.168.2.0/26 via 192.168.2.0 dev vxlan.calico proto 80 onlink").routes).toEqual([
    route({
      destination: prefix("192.168.2.0/26"),
      protocol: "80",
      nextHops: [nextHop({ gateway: parseAddress("192.168.2.0"), interface: "vxlan.calico", onlink: true })],
      origin: 1,
    }),
  ]);
});

test("hops on lines of their own belong to the route above, also where tabs were lost", () => {
  const { routes } = read(
    "10.0.0.0/8 proto static \n        nexthop via 10.1.0.1 dev eth0 weight 3 \nnexthop via inet6 fe80::1 dev eth1 weight 1 dead linkdown",
  );
  expect(routes[0]?.nextHops).toEqual([
    nextHop({ gateway: parseAddress("10.1.0.1"), interface: "eth0", weight: 3 }),
    nextHop({ gateway: parseAddress("fe80::1"), interface: "eth1", dead: true, linkdown: true }),
  ]);
});

test("origins cite the line of the route, not of its hops", () => {
  const origins = originTable();
  const { routes } = readRoutes(
    "$ ip route\n\ndefault via 10.0.0.1 dev eth0\n10.0.0.0/8\n\tnexthop dev a weight 1\n\tnexthop dev b weight 1\n10.9.0.0/16 dev c",
    "nodes/n/ip-route.txt",
    origins,
  );
  expect(routes.map((entry) => formatSource(sourceOf(origins, entry.origin)))).toEqual([
    "nodes/n/ip-route.txt:3",
    "nodes/n/ip-route.txt:4",
    "nodes/n/ip-route.txt:7",
  ]);
});

describe("the family of `default`", () => {
  test.each<[string, Family | undefined, Family]>([
    ["default via 10.0.0.1 dev eth0", 6, 4],
    ["default via fe80::1 dev eth0", 4, 6],
    ["default via inet6 fe80::1 dev eth0", 6, 4],
    ["default dev wg0 metric 1024 pref medium", 4, 6],
    ["default dev wg0 src 10.0.0.1", 6, 4],
    ["unreachable default dev lo metric 4294967295 error -101 pref medium", undefined, 6],
    ["default dev wg0", 6, 6],
    ["default dev wg0", undefined, 4],
  ])("%s in a dump of IPv%s is IPv%s", (line, family, expected) => {
    expect(read(line, family === undefined ? {} : { family }).routes[0]?.family).toBe(expected);
  });
});

test("an absent scope is global in a dump, and what `ip route add` would send in a typed line", () => {
  const scopes = (line: string): readonly unknown[] => [
    read(line).routes[0]?.scope,
    read(line, { typed: true }).routes[0]?.scope,
  ];
  expect(scopes("10.0.0.0/8 dev eth0")).toEqual(["global", "link"]);
  expect(scopes("10.0.0.0/8 via 10.1.0.1")).toEqual(["global", "global"]);
  expect(scopes("local 10.0.0.1 dev lo")).toEqual(["global", "host"]);
  expect(scopes("2001:db8::/32 dev eth0")).toEqual(["global", "global"]);
});

test("an absent table is main in a dump; a typed local, broadcast or anycast route goes to the table local, as `ip route show table all` shows it then", () => {
  const tables = (line: string): readonly unknown[] => [
    read(line).routes[0]?.table,
    read(line, { typed: true }).routes[0]?.table,
  ];
  expect(tables("local 10.1.0.0/16 dev lo")).toEqual([254, 255]);
  expect(tables("local fd00:1::/64 dev lo")).toEqual([254, 255]);
  expect(tables("anycast fd00:2::1 dev lo")).toEqual([254, 255]);
  expect(tables("broadcast 10.3.0.0 dev lo")).toEqual([254, 255]);
  expect(tables("multicast 224.0.0.9 dev lo")).toEqual([254, 254]);
  expect(tables("local 10.1.0.0/16 dev lo table main")).toEqual([254, 254]);
});

test("names of a machine's own rt_tables get one number, in every file", () => {
  const first = read(
    "10.0.0.0/8 dev eth0 table mgmt\n10.1.0.0/16 dev eth0 table mgmt\n10.2.0.0/16 dev eth0 table 51820",
  );
  expect(first.routes.map((entry) => entry.table)).toEqual([first.routes[1]?.table, first.routes[0]?.table, 51820]);
  expect(first.routes[0]?.table).toBeGreaterThan(0x7fffffff);
  expect(codes(first)).toEqual(["unknown-table-name"]);
});

test("the table of `ip route show table 100` is given by the caller", () => {
  expect(read("10.0.0.0/8 dev eth0", { table: 100 }).routes[0]?.table).toBe(100);
});

test("numbers and names of protocols and TOS are the same thing", () => {
  const routes = read("10.0.0.0/8 tos CS1 dev a proto 12\n10.0.0.0/8 tos 0x20 dev a proto bird").routes;
  expect(routes.map((entry) => [entry.protocol, entry.tos])).toEqual([
    ["bird", 0x20],
    ["bird", 0x20],
  ]);
});

test.each([
  ["the quick brown fox", "unknown-line"],
  ["xx.xx.199.27/24 dev eth0", "unreadable-address"],
  ["10.0.0.0/8 via a.b.c.d dev eth0", "unreadable-address"],
  ["10.0.0.0/8 via 10.0.0.1 dev", "damaged-line"],
  ["10.0.0.0/8 dev eth0 metric x", "damaged-line"],
  ["10.0.0.0/8 nhid 12", "unmodelled-route"],
  ["2001:db8::/32 from 2001:db8:1::/64 dev eth0", "unmodelled-route"],
  ["sh: ip: not found", "tool-error"],
])("%s gives no route, but %s", (line, code) => {
  expect(read(line)).toMatchObject({ routes: [], findings: [{ code, line: 1 }] });
});

test("an unknown option is named with its column, and the rest of the line is read", () => {
  expect(read("10.0.0.0/8 dev eth0 frobnicate 5 metric 7")).toMatchObject({
    routes: [{ metric: 7 }],
    findings: [{ code: "unknown-option", line: 1, column: 21 }],
  });
});

test("the destination of an encapsulated route in JSON is the first of the two that iproute2 writes", () => {
  const { routes } = read(
    '[{"dst":"10.44.0.0/16","encap":"ip","id":5,"src":"0.0.0.0","dst":"1.2.3.4","ttl":0,"tos":0,"dev":"eth0"}]',
  );
  expect(routes.map(printRoute)).toEqual(["10.44.0.0/16 dev eth0 "]);
});

const types: readonly RouteType[] = [
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
];
const word = fc.nat(0xffffffff);
const address4: fc.Arbitrary<Address> = word.map(ipv4);
const address6: fc.Arbitrary<Address> = fc.tuple(word, word, word, word).map((words) => ipv6(...words));
const device = fc.constantFrom("eth0", "vxlan.calico", "cali0123456789a", "lo", "wg0");

function hop(gateway: fc.Arbitrary<Address>): fc.Arbitrary<NextHop> {
  return fc.record({
    gateway: fc.option(gateway),
    interface: device,
    weight: fc.integer({ min: 1, max: 256 }),
    onlink: fc.boolean(),
    linkdown: fc.boolean(),
    dead: fc.boolean(),
  });
}

function hops(gateway: fc.Arbitrary<Address>): fc.Arbitrary<NextHop[]> {
  return fc
    .array(hop(gateway), { maxLength: 3 })
    .map((list) => (list.length === 1 ? list.map((only) => ({ ...only, weight: 1 })) : list));
}

const common = {
  table: fc.oneof(fc.constantFrom(253, 254, 255), fc.nat(0xffffffff)),
  type: fc.constantFrom(...types),
  metric: fc.nat(0xffffffff),
  protocol: fc.constantFrom("boot", "kernel", "bird", "80", "dhcp", "ra", "static"),
  mtu: fc.nat(65535),
};
const route4: fc.Arbitrary<Route> = fc
  .record({
    ...common,
    destination: fc.tuple(address4, fc.nat(32)).map(([address, length]) => prefixOf(address, length)),
    nextHops: hops(fc.oneof(address4, address6)),
    scope: fc.constantFrom<Route["scope"]>("global", "site", "link", "host", "nowhere"),
    preferredSource: fc.option(address4),
    tos: fc.nat(255),
  })
  .map(route);
const route6: fc.Arbitrary<Route> = fc
  .record({
    ...common,
    destination: fc.tuple(address6, fc.nat(128)).map(([address, length]) => prefixOf(address, length)),
    nextHops: hops(address6),
    preferredSource: fc.option(address6),
  })
  .map(route);

test("what is printed reads back as the same routes, both families in one dump", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(route4, route6)), (routes) => {
      const dump = read(routes.map(printRoute).join("\n"));
      expect(dump.findings).toEqual([]);
      expect(withoutOrigin(dump.routes)).toEqual(withoutOrigin(routes));
    }),
  );
});

const vocabulary = fc.constantFrom(
  ..."default 10.0.0.0/8 10.0.0.1 fe80::1 via inet6 dev eth0 proto bird 80 scope link host src metric 5 0x10 nexthop weight onlink".split(
    " ",
  ),
  ..."dead linkdown table main 100 local blackhole unreachable tos mtu lock pref medium nhid from encap ip expires realm \\ \n \t é".split(
    " ",
  ),
);

test("whatever is read, printing and reading it again changes nothing", () => {
  fc.assert(
    fc.property(fc.array(vocabulary, { maxLength: 40 }), (words) => {
      const { routes } = read(words.join(" "));
      expect(withoutOrigin(read(routes.map(printRoute).join("\n")).routes)).toEqual(withoutOrigin(routes));
    }),
    { numRuns: 1000 },
  );
});
