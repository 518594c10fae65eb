import { expect, test } from "vitest";
import { deriveConnectedRoutes } from "../../../src/linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../../src/linux/routing/derive-local-routes.ts";
import { originTable } from "../../../src/model/origin.ts";
import type { Route } from "../../../src/model/route.ts";
import { readAddresses } from "../../../src/readers/ip/address.ts";
import { printRoute } from "../../../src/readers/ip/print-route.ts";
import { readRoutes } from "../../../src/readers/ip/route.ts";

// both texts were printed by Linux 6.18 (iproute2 6.1) in one namespace; d0 and d1 are two ends of a veth pair
const ADDRESSES = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
    inet 127.5.5.5/32 scope host lo
       valid_lft forever preferred_lft forever
    inet 10.99.0.1/24 scope global lo
       valid_lft forever preferred_lft forever
    inet6 ::1/128 scope host
       valid_lft forever preferred_lft forever
2: d1@d0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether fa:87:59:48:c7:95 brd ff:ff:ff:ff:ff:ff
    inet 10.12.0.1/24 brd 10.12.0.255 scope global d1
       valid_lft forever preferred_lft forever
    inet6 fe80::f887:59ff:fe48:c795/64 scope link
       valid_lft forever preferred_lft forever
3: d0@d1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether be:e0:2a:2d:c9:41 brd ff:ff:ff:ff:ff:ff
    inet 10.11.0.1/24 brd 10.11.0.77 scope link d0
       valid_lft forever preferred_lft forever
    inet 10.1.2.3/24 brd 10.1.2.255 scope global d0
       valid_lft forever preferred_lft forever
    inet 10.9.9.9/32 scope global d0
       valid_lft forever preferred_lft forever
    inet 10.7.0.1/31 scope global d0
       valid_lft forever preferred_lft forever
    inet 10.6.0.1/30 brd 10.6.0.3 scope global d0
       valid_lft forever preferred_lft forever
    inet 10.5.0.1 peer 10.5.0.2/32 scope global d0
       valid_lft forever preferred_lft forever
    inet 10.5.1.1 peer 10.5.1.2/24 brd 10.5.1.255 scope global d0
       valid_lft forever preferred_lft forever
    inet 10.8.0.1/24 brd 10.8.0.255 scope global noprefixroute d0
       valid_lft forever preferred_lft forever
    inet 10.10.0.1/24 scope global d0
       valid_lft forever preferred_lft forever
    inet 10.1.2.4/24 scope global secondary d0
       valid_lft forever preferred_lft forever
    inet6 fd00:5::1 peer fd00:5::2/128 scope global
       valid_lft forever preferred_lft forever
    inet6 fd00:4::1/127 scope global
       valid_lft forever preferred_lft forever
    inet6 fd00:3::1/64 scope global noprefixroute
       valid_lft forever preferred_lft forever
    inet6 fd00:2::1/128 scope global
       valid_lft forever preferred_lft forever
    inet6 fd00:1::1/64 scope global
       valid_lft forever preferred_lft forever
    inet6 fe80::bce0:2aff:fe2d:c941/64 scope link
       valid_lft forever preferred_lft forever
5: dn@dm: <BROADCAST,MULTICAST,M-DOWN> mtu 1500 qdisc noop state DOWN group default qlen 1000
    link/ether 7a:80:44:78:51:7f brd ff:ff:ff:ff:ff:ff
    inet 10.20.0.1/24 brd 10.20.0.255 scope global dn
       valid_lft forever preferred_lft forever
`;
const LOCAL = `local 10.1.2.3 dev d0 table local proto kernel scope host src 10.1.2.3
local 10.1.2.4 dev d0 table local proto kernel scope host src 10.1.2.3
broadcast 10.1.2.255 dev d0 table local proto kernel scope link src 10.1.2.3
local 10.5.0.1 dev d0 table local proto kernel scope host src 10.5.0.1
local 10.5.1.1 dev d0 table local proto kernel scope host src 10.5.1.1
broadcast 10.5.1.255 dev d0 table local proto kernel scope link src 10.5.1.1
local 10.6.0.1 dev d0 table local proto kernel scope host src 10.6.0.1
broadcast 10.6.0.3 dev d0 table local proto kernel scope link src 10.6.0.1
local 10.7.0.1 dev d0 table local proto kernel scope host src 10.7.0.1
local 10.8.0.1 dev d0 table local proto kernel scope host src 10.8.0.1
broadcast 10.8.0.255 dev d0 table local proto kernel scope link src 10.8.0.1
local 10.9.9.9 dev d0 table local proto kernel scope host src 10.9.9.9
local 10.10.0.1 dev d0 table local proto kernel scope host src 10.10.0.1
broadcast 10.10.0.255 dev d0 table local proto kernel scope link src 10.10.0.1
local 10.11.0.1 dev d0 table local proto kernel scope host src 10.11.0.1
broadcast 10.11.0.77 dev d0 table local proto kernel scope link src 10.11.0.1
broadcast 10.11.0.255 dev d0 table local proto kernel scope link src 10.11.0.1
local 10.12.0.1 dev d1 table local proto kernel scope host src 10.12.0.1
broadcast 10.12.0.255 dev d1 table local proto kernel scope link src 10.12.0.1
local 10.20.0.1 dev dn table local proto kernel scope host src 10.20.0.1
local 10.99.0.0/24 dev lo table local proto kernel scope host src 10.99.0.1
local 10.99.0.1 dev lo table local proto kernel scope host src 10.99.0.1
broadcast 10.99.0.255 dev lo table local proto kernel scope link src 10.99.0.1
local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1
local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1
local 127.5.5.5 dev lo table local proto kernel scope host src 127.5.5.5
broadcast 127.255.255.255 dev lo table local proto kernel scope link src 127.0.0.1
`;
const LOCAL_6 = `local ::1 dev lo table local proto kernel metric 0 pref medium
anycast fd00:1:: dev d0 table local proto kernel metric 0 pref medium
local fd00:1::1 dev d0 table local proto kernel metric 0 pref medium
local fd00:2::1 dev d0 table local proto kernel metric 0 pref medium
anycast fd00:3:: dev d0 table local proto kernel metric 0 pref medium
local fd00:3::1 dev d0 table local proto kernel metric 0 pref medium
local fd00:4::1 dev d0 table local proto kernel metric 0 pref medium
local fd00:5::1 dev d0 table local proto kernel metric 0 pref medium
anycast fe80:: dev d1 table local proto kernel metric 0 pref medium
anycast fe80:: dev d0 table local proto kernel metric 0 pref medium
local fe80::bce0:2aff:fe2d:c941 dev d0 table local proto kernel metric 0 pref medium
local fe80::f887:59ff:fe48:c795 dev d1 table local proto kernel metric 0 pref medium
multicast ff00::/8 dev d0 table local proto kernel metric 256 pref medium
multicast ff00::/8 dev d1 table local proto kernel metric 256 pref medium
`;
const CONNECTED = `10.1.2.0/24 dev d0 proto kernel scope link src 10.1.2.3
10.5.0.2 dev d0 proto kernel scope link src 10.5.0.1
10.5.1.0/24 dev d0 proto kernel scope link src 10.5.1.1
10.6.0.0/30 dev d0 proto kernel scope link src 10.6.0.1
10.7.0.0/31 dev d0 proto kernel scope link src 10.7.0.1
10.10.0.0/24 dev d0 proto kernel scope link src 10.10.0.1
10.11.0.0/24 dev d0 proto kernel scope link src 10.11.0.1
10.12.0.0/24 dev d1 proto kernel scope link src 10.12.0.1
`;
const CONNECTED_6 = `fd00:1::/64 dev d0 proto kernel metric 256 pref medium
fd00:2::1 dev d0 proto kernel metric 256 pref medium
fd00:4::/127 dev d0 proto kernel metric 256 pref medium
fd00:5::1 dev d0 proto kernel metric 256 pref medium
fd00:5::2 dev d0 proto kernel metric 256 pref medium
fe80::/64 dev d0 proto kernel metric 256 pref medium
fe80::/64 dev d1 proto kernel metric 256 pref medium
`;

const { interfaces } = readAddresses(ADDRESSES, "ip-addr.txt", originTable());
const printed = (routes: readonly Route[]): string[] => routes.map((one) => printRoute(one)).sort();
const dumped = (text: string, family: 4 | 6): string[] => {
  const { routes, findings } = readRoutes(text, "ip-route.txt", originTable(), { family });
  expect(findings).toEqual([]);
  return printed(routes);
};

test("table local follows from the addresses as the kernel makes it", () => {
  const derived = deriveLocalRoutes(interfaces, () => true);
  expect(printed(derived.filter((one) => one.family === 4))).toEqual(dumped(LOCAL, 4));
  expect(printed(derived.filter((one) => one.family === 6))).toEqual(dumped(LOCAL_6, 6));
});

test("subnet-router anycast addresses exist only where IPv6 is forwarded", () => {
  const withoutAnycast = LOCAL_6.split("\n")
    .filter((line) => !line.startsWith("anycast"))
    .join("\n");
  expect(printed(deriveLocalRoutes(interfaces).filter((one) => one.family === 6))).toEqual(dumped(withoutAnycast, 6));
});

test("connected routes follow from the addresses, but for those with noprefixroute", () => {
  const derived = deriveConnectedRoutes(interfaces);
  expect(printed(derived.filter((one) => one.family === 4))).toEqual(dumped(CONNECTED, 4));
  expect(printed(derived.filter((one) => one.family === 6))).toEqual(dumped(CONNECTED_6, 6));
});
