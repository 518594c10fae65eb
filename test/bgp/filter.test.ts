import { expect, test } from "vitest";
import { filterEnvironment, runFilter } from "../../src/bgp/filter/evaluate.ts";
import { filterTextOn } from "../../src/bgp/filter/filter-text.ts";
import type { FilterHost } from "../../src/bgp/filter/find-neighbour.ts";
import { pathAttributes } from "../../src/bgp/messages/path-attributes.ts";
import { NO_KERNEL_ATTRIBUTES, type RibRoute } from "../../src/bgp/rib/route.ts";
import { originTable } from "../../src/model/origin.ts";
import { ipv4 } from "../../src/net/address.ts";
import { parsePrefix } from "../../src/net/prefix.ts";
import { readBirdConfiguration } from "../../src/readers/bird/configuration.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";

const ROUTE: RibRoute = {
  prefix: parsePrefix("192.168.2.0/26") ?? { address: ipv4(0), length: 0 },
  owner: { name: "Mesh_10_0_0_2", order: 0, bgp: null },
  path: 0,
  source: "bgp",
  preference: 100,
  target: "router",
  hops: [{ gateway: ipv4(0x0a000002), interface: "eth0", weight: 1 }],
  from: null,
  attributes: pathAttributes({
    origin: 0,
    asPath: [{ kind: "sequence", numbers: [64513, 64514] }],
    nextHop: ipv4(0x0a000002),
    localPref: 100,
  }),
  kernel: NO_KERNEL_ATTRIBUTES,
  recursive: true,
  igpMetric: 0,
  since: 0,
};

const HOST = hostOf("1: lo: <LOOPBACK,UP> mtu 65536\n2: eth0: <UP> mtu 1500\n    inet 10.0.0.1/24 scope global eth0\n");

function hostOf(addresses: string): FilterHost {
  const { network } = readSnapshot({ name: "filter", files: new Map([["nodes/n/ip-addr.txt", addresses]]) });
  const host = network.hosts.get("n");
  if (host === undefined) throw new Error("no host");
  return { host };
}

function judged(body: string, functions = ""): ReturnType<typeof runFilter> {
  const { configuration, findings } = readBirdConfiguration(`${functions}\nfilter f { ${body} }\n`, "f", originTable());
  expect(findings).toEqual([]);
  return runFilter({ kind: "named", name: "f" }, ROUTE, filterEnvironment(configuration), HOST);
}

test.each([
  ["net ~ 192.168.0.0/16", true],
  ["net = 192.168.2.0/26", true],
  ["net ~ [ 192.168.0.0/16{24,25} ]", false],
  ["net ~ [ 192.168.0.0/16{24,28}, 10.0.0.0/8+ ]", true],
  ['ifname ~ "eth*"', true],
  ['ifname ~ "*.cali"', false],
  ["defined(bgp_med)", false],
  ["defined(bgp_next_hop) && bgp_next_hop ~ 10.0.0.0/24", true],
  ["source ~ [ RTS_BGP, RTS_STATIC ]", true],
  ["bgp_path ~ [= 64513 * =]", true],
  ["bgp_path ~ [= * 64515 =]", false],
  ["bgp_path.len = 2 && bgp_path.first = 64513 && bgp_path.last = 64514", true],
  ['net.len > 24 && ! (proto = "static1")', true],
])("a route is judged by %s", (condition, accepted) => {
  expect(judged(`if ${condition} then accept; reject;`).kind).toBe(accepted ? "accept" : "reject");
});

const ROAS = `roa table t {
  roa 192.168.0.0/16 max 24 as 64514;
  roa 192.168.2.0/24 max 26 as 64513;
  roa 10.0.0.0/8 max 8 as 0;
  roa 172.16.0.0/12 max 16 as 64514;
}`;

// as in a real BIRD 1.6.8: test/kernel/bird/labs/foreign/origins, and roa_check of nest/rt-roa.c
test.each([
  ["roa_check(t)", "ROA_INVALID"],
  ["roa_check(t, net, 64513)", "ROA_VALID"],
  ["roa_check(t, net, bgp_path.first)", "ROA_VALID"],
  ["roa_check(t, 192.168.3.0/24, bgp_path.last)", "ROA_VALID"],
  ["roa_check(t, 192.168.3.0/25, bgp_path.last)", "ROA_INVALID"],
  ["roa_check(t, 10.0.0.0/8, 0)", "ROA_INVALID"],
  ["roa_check(t, 11.0.0.0/8, 64514)", "ROA_UNKNOWN"],
  ["roa_check(t, 172.0.0.0/8, 64514)", "ROA_UNKNOWN"],
])("%s gives %s", (call, state) => {
  expect(judged(`if ${call} = ${state} then accept; reject;`, ROAS).kind).toBe("accept");
});

test("a word that podpath does not know is no error of the filter", () => {
  for (const unknown of ["roa_check(other) = ROA_VALID", "net.type = 1", "bgp_aigp > 5", "bgp_path.min() = 1"]) {
    expect(judged(`if ${unknown} then accept; reject;`)).toMatchObject({ kind: "error", isUnknown: true });
  }
  expect(judged("if ifname < 5 then accept; reject;")).not.toHaveProperty("isUnknown");
});

test("what a filter sets is in the route that it accepts, and the route itself stays as it was", () => {
  const verdict = judged(
    'bgp_local_pref = 200; preference = 150; krt_tunnel = "tunl0"; bgp_community.add((64512, 7)); bgp_path.prepend(65000); accept;',
  );
  expect(verdict).toMatchObject({
    kind: "accept",
    route: {
      preference: 150,
      kernel: { tunnel: "tunl0" },
      attributes: {
        localPref: 200,
        communities: [(64512 << 16) + 7 + 2 ** 32],
        asPath: [{ numbers: [65000, 64513, 64514] }],
      },
    },
  });
  expect([ROUTE.preference, ROUTE.attributes?.localPref, ROUTE.attributes?.communities]).toEqual([100, 100, null]);
});

test("accept and reject within a function end the filter; what returns goes on", () => {
  const functions = "function inner() { if net ~ 192.168.0.0/16 then accept; }\nfunction two() { return 2; }";
  expect(judged("inner(); reject;", functions).kind).toBe("accept");
  expect(judged("if two() = 2 then reject; accept;", functions).kind).toBe("reject");
});

test("a filter that comes to no end or makes no sense is an error, and the route is not taken", () => {
  expect(judged("loop(); accept;", "function loop() { loop(); }")).toMatchObject({ kind: "error" });
  expect(judged("if ifname < 5 then accept; reject;")).toMatchObject({ kind: "error" });
  expect(judged("if net ~ 10.0.0.0/8 then accept;")).toMatchObject({ kind: "error" });
});

test("a filter that sets a gateway or a device is one of its host, also in a function; others are the same on all", () => {
  const isOfHost = (body: string, functions = ""): boolean => {
    const { configuration } = readBirdConfiguration(`${functions}\nfilter f { ${body} }\n`, "f", originTable());
    const text = (name: string): string =>
      filterTextOn({ host: { ...HOST.host, name } }, { kind: "named", name: "f" }, filterEnvironment(configuration));
    return text("a") !== text("b");
  };
  expect(isOfHost("gw = 10.0.0.9; accept;")).toBe(true);
  expect(isOfHost("if net ~ 10.0.0.0/8 then { inner(); } accept;", 'function inner() { ifname = "eth0"; }')).toBe(true);
  expect(isOfHost('if gw = 10.0.0.9 && ifname ~ "eth*" then bgp_med = 5; accept;')).toBe(false);
});
