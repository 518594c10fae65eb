import type { ForeignCase } from "./foreign-labs.ts";

const lan = (name: string, last: number): { readonly name: string; readonly interfaces: readonly string[] } => ({
  name,
  interfaces: [`eth0 lan0 10.0.0.${last}/24`],
});

const exchange = (name: string, last: number): { readonly name: string; readonly interfaces: readonly string[] } => ({
  name,
  interfaces: [`eth0 ix0 192.0.2.${last}/24`],
});

export const FOREIGN_CASES: readonly ForeignCase[] = [
  {
    folder: "tor",
    says: "two top-of-rack switches, a spine and a host of two uplinks: templates, functions, prefix sets, merged paths, krt_prefsrc",
    nodes: [
      {
        name: "spine",
        interfaces: ["eth0 up1 10.1.1.0/31", "eth1 up2 10.1.2.0/31"],
        before: ["ip addr add 10.255.0.100/32 dev lo"],
      },
      {
        name: "tor1",
        interfaces: ["eth0 up1 10.1.1.1/31", "eth1 rack 10.64.1.1/24"],
        before: ["ip addr add 10.255.0.1/32 dev lo"],
      },
      {
        name: "tor2",
        interfaces: ["eth0 up2 10.1.2.1/31", "eth1 rack 10.64.1.2/24"],
        before: ["ip addr add 10.255.0.2/32 dev lo"],
      },
      { name: "host1", interfaces: ["eth0 rack 10.64.1.10/24"], before: ["ip addr add 10.64.9.1/32 dev lo"] },
    ],
  },
  {
    folder: "route-server",
    says: "a route server of one table: functions with arguments, case, bogons, communities that say to whom, large communities, path masks",
    nodes: [exchange("rs", 254), exchange("one", 1), exchange("two", 2), exchange("three", 3)],
  },
  {
    folder: "pipes",
    says: "a route server with a table and a pipe for each client",
    nodes: [exchange("rs", 254), exchange("one", 1), exchange("two", 2)],
    unfollowed: {
      told: [
        "rs/bird.conf:39 protocol pipe",
        "rs/bird.conf:48 protocol pipe",
        "rs/bird.conf:63 table T65001: only the master table is followed",
        "rs/bird.conf:64 table T65002: only the master table is followed",
      ],
      missing: /, rs show route all: only BIRD has|, rs show protocols all: line/,
    },
  },
  {
    folder: "anycast",
    says: "an anycast host between two gateways: passwords, preferences, medians, default routes, reject with a text",
    nodes: [
      {
        name: "dns",
        interfaces: ["eth0 front 10.10.0.53/24"],
        before: [
          "ip link add anycast0 type veth peer name anycast1",
          "ip link set anycast0 up",
          "ip link set anycast1 up",
          "ip addr add 203.0.113.53/32 dev anycast0",
          "ip addr add 203.0.113.54/32 dev anycast0",
          "ip addr add 198.18.0.1/32 dev anycast0",
        ],
      },
      { name: "gwa", interfaces: ["eth0 front 10.10.0.1/24", "eth1 back 10.20.0.1/24"] },
      { name: "gwb", interfaces: ["eth0 front 10.10.0.2/24", "eth1 back 10.20.0.2/24"] },
    ],
  },
  {
    folder: "six",
    says: "bird6 of a rack: unique local addresses, krt_prefsrc, missing lladdr, path masks with a wildcard",
    program: "bird6",
    nodes: [
      { name: "tor", interfaces: ["eth0 lan0 fd00:1::1/64"] },
      { name: "h1", interfaces: ["eth0 lan0 fd00:1::11/64"], before: ["ip addr add fd00:64:11::1/128 dev lo"] },
      { name: "h2", interfaces: ["eth0 lan0 fd00:1::12/64"] },
    ],
    unfollowed: { told: ["tor/bird.conf:7 missing lladdr self"], missing: /(?!)/ },
  },
  {
    folder: "filters",
    says: "filters of every kind: case over ranges, sets of pairs and of extended communities, lists, paths, ip ranges, unset, empty lists",
    nodes: [lan("a", 1), lan("b", 2), lan("c", 3), lan("d", 4)],
  },
  {
    folder: "recursive",
    says: "static routes that are recursive, beside reflected routes between loopbacks",
    nodes: [
      { ...lan("core", 1), before: ["ip addr add 10.9.0.1/32 dev lo"] },
      {
        ...lan("two", 2),
        before: ["ip addr add 10.9.0.2/32 dev lo", "ip route add 10.77.0.0/16 via 10.0.0.9 proto static"],
      },
      { ...lan("three", 3), before: ["ip addr add 10.9.0.3/32 dev lo"] },
    ],
    unfollowed: { told: ["core/bird.conf:5 check link on"], missing: /(?!)/ },
  },
  {
    folder: "tables",
    says: "two tables of the kernel, with a kernel protocol and a pipe between them",
    nodes: [lan("edge", 1), lan("cust", 2)],
    unfollowed: {
      told: [
        "edge/bird.conf:6 table customers: only the master table is followed",
        "edge/bird.conf:8 table customers: only the master table is followed",
        "edge/bird.conf:9 table customers: only the master table is followed",
        "edge/bird.conf:10 protocol pipe",
      ],
      missing:
        /, edge show route all: only BIRD has|, cust (?:show route all|ip route): only BIRD has|show protocols all: line/,
    },
  },
  {
    folder: "includes",
    says: "files that are included, by name and by pattern",
    nodes: [lan("hub", 1), lan("left", 2), lan("right", 3)],
  },
  {
    folder: "ospf",
    says: "OSPF beside BGP",
    nodes: [lan("edge", 1), lan("up", 2)],
    unfollowed: {
      told: ["edge/bird.conf:5 protocol ospf"],
      missing: /, edge show protocols all: line/,
    },
  },
  {
    folder: "edge",
    says: "the edge of a small provider: martians, sets of AS numbers, multihop to a loopback, prepending, preferred sources",
    nodes: [
      {
        name: "edge",
        interfaces: ["eth0 peers 10.0.1.1/24", "eth1 transits 10.0.2.1/24"],
        before: ["ip addr add 198.51.100.1/32 dev lo"],
      },
      { name: "transit", interfaces: ["eth0 transits 10.0.2.2/24"], before: ["ip addr add 192.0.2.2/32 dev lo"] },
      { name: "peer", interfaces: ["eth0 peers 10.0.1.2/24"] },
    ],
  },
  {
    folder: "origins",
    says: "a table of route origins, a direct protocol with two lists of interfaces, routes that the kernel does not take",
    nodes: [
      {
        name: "isp",
        interfaces: ["eth0 lan0 10.0.0.1/24", "eth1 up1 10.9.1.1/24", "eth2 dmz 10.9.2.1/24"],
      },
      lan("customer", 2),
      { name: "peer", interfaces: ["eth0 lan0 10.0.0.3/24", "eth1 back 172.20.0.3/16"] },
    ],
  },
];
