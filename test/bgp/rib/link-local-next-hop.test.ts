import { describe, expect, test } from "vitest";
import { pathAttributes } from "../../../src/bgp/messages/path-attributes.ts";
import { numbering, numberOfPrefix, sharedOwner } from "../../../src/bgp/rib/numbering.ts";
import { NO_KERNEL_ATTRIBUTES, type RibRoute } from "../../../src/bgp/rib/route.ts";
import { givenRoute } from "../../../src/bgp/rib/route-list.ts";
import { nameNextHop, netsOf, type RoutingTable, routingTable, updateRoute } from "../../../src/bgp/rib/table.ts";
import { type Address, formatAddress, parseAddress } from "../../../src/net/address.ts";
import { parsePrefix } from "../../../src/net/prefix.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";

const ADDRESSES = `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet6 fd00::1/64 scope global
       valid_lft forever preferred_lft forever
`;

function address(text: string): Address {
  const found = parseAddress(text);
  if (found === null) throw new Error(text);
  return found;
}

const HOP = address("fd00::9");
const LINK = address("fe80::9");

function table(): RoutingTable {
  const files = new Map([
    ["snapshot.yaml", "apiVersion: podpath/v1\nkind: Snapshot\nmetadata: {name: one}\n"],
    ["nodes/n/ip-addr.txt", ADDRESSES],
  ]);
  const host = readSnapshot({ name: "one", files }).network.hosts.get("n");
  if (host === undefined) throw new Error("there is a host");
  return routingTable(numbering(), { host });
}

/** Puts a route into the table, on the link or by the next hop, or takes it away. */
function put(rib: RoutingTable, destination: string, by: "link" | "next hop", gone: "gone" | null = null): void {
  const prefix = parsePrefix(destination);
  if (prefix === null) throw new Error(destination);
  const owner = sharedOwner(rib.numbering, { name: by === "link" ? "direct1" : "peer", order: 1, bgp: null });
  const number = numberOfPrefix(rib.numbering, prefix);
  const common = { prefix, owner, path: 0, from: null, kernel: NO_KERNEL_ATTRIBUTES, since: 0 };
  const route: RibRoute =
    by === "link"
      ? {
          ...common,
          source: "device",
          preference: 240,
          target: "device",
          hops: [{ gateway: null, interface: "eth0", weight: 1 }],
          attributes: null,
          recursive: false,
          igpMetric: 0,
        }
      : {
          ...common,
          source: "bgp",
          preference: 100,
          target: "unreachable",
          hops: [],
          attributes: pathAttributes({ nextHop: HOP }),
          recursive: true,
          igpMetric: null,
        };
  updateRoute(rib, number, owner, 0, gone !== null ? null : givenRoute(rib.numbering, number, route));
}

/** By what address the routes that are looked up go. */
function gateways(rib: RoutingTable): readonly string[] {
  const routes = [...netsOf(rib)].flatMap((net) => net.routes).filter(({ recursive }) => recursive);
  return routes.flatMap(({ hops }) => hops).map(({ gateway }) => (gateway === null ? "-" : formatAddress(gateway)));
}

describe("all routes of one next hop go", () => {
  test("by its link-local address, where the first to name it told that too", () => {
    const rib = table();
    put(rib, "fd00::/64", "link");
    nameNextHop(rib, HOP, LINK);
    put(rib, "fd01::/64", "next hop");
    nameNextHop(rib, HOP, null);
    put(rib, "fd02::/64", "next hop");
    expect(gateways(rib)).toEqual(["fe80::9", "fe80::9"]);
  });

  test("by its global address, where the first to name it told no other", () => {
    const rib = table();
    put(rib, "fd00::/64", "link");
    nameNextHop(rib, HOP, null);
    put(rib, "fd01::/64", "next hop");
    nameNextHop(rib, HOP, LINK);
    put(rib, "fd02::/64", "next hop");
    expect(gateways(rib)).toEqual(["fd00::9", "fd00::9"]);
  });

  test("as it is told anew, once nothing goes by it and next hops were looked up again", () => {
    const rib = table();
    put(rib, "fd00::/64", "link");
    nameNextHop(rib, HOP, null);
    put(rib, "fd01::/64", "next hop");
    put(rib, "fd01::/64", "next hop", "gone");
    nameNextHop(rib, HOP, LINK);
    put(rib, "fd01::/64", "next hop");
    expect(gateways(rib)).toEqual(["fd00::9"]);
    put(rib, "fd01::/64", "next hop", "gone");
    put(rib, "fd00::/64", "link", "gone");
    put(rib, "fd00::/64", "link");
    nameNextHop(rib, HOP, LINK);
    put(rib, "fd01::/64", "next hop");
    expect(gateways(rib)).toEqual(["fe80::9"]);
  });
});
