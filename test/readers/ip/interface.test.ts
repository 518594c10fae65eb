import { describe, expect, test } from "vitest";
import type { InterfaceKind } from "../../../src/model/interface.ts";
import { formatSource, originTable, sourceOf } from "../../../src/model/origin.ts";
import { parseAddress } from "../../../src/net/address.ts";
import { readAddresses } from "../../../src/readers/ip/address.ts";
import { mergeInterfaces, readLinks } from "../../../src/readers/ip/link.ts";
import { codes, fixture, withoutOrigin } from "../fixture.ts";

const read = (text: string) => readAddresses(text, "f", originTable());
const readFixture = (name: string) => read(fixture(`ip/fixtures/${name}`));
const plain = (dump: ReturnType<typeof read>): unknown => withoutOrigin(dump.interfaces);

describe("real outputs", () => {
  test("JSON says the same as text, with and without details", () => {
    expect(plain(readFixture("addr-detailed.json.txt"))).toEqual(plain(readFixture("addr-detailed.txt")));
    expect(plain(readFixture("addr.json.txt"))).toEqual(plain(readFixture("addr.txt")));
    expect(plain(readFixture("link-detailed.json.txt"))).toEqual(plain(readFixture("link-detailed.txt")));
    expect(plain(readFixture("link-oneline.txt"))).toEqual(plain(readFixture("link-detailed.txt")));
  });

  test("`ip addr` and `ip -d link` together say what `ip -d addr` says", () => {
    const origins = originTable();
    const merged = mergeInterfaces(
      readAddresses(fixture("ip/fixtures/addr.txt"), "addr", origins),
      readLinks(fixture("ip/fixtures/link-detailed.txt"), "link", origins),
      origins,
    );
    expect(plain(merged)).toEqual(plain(readFixture("addr-detailed.txt")));
    expect(codes(merged)).toEqual(["unmodelled-option"]);
  });

  test("`ip -o addr` has the same addresses", () => {
    const addresses = (name: string): unknown =>
      withoutOrigin(
        readFixture(name).interfaces.flatMap((item) =>
          item.addresses.length === 0 ? [] : [[item.name, item.addresses]],
        ),
      );
    expect(addresses("addr-oneline.txt")).toEqual(addresses("addr.txt"));
  });

  test("details of VXLAN devices", () => {
    const { interfaces } = readFixture("addr-detailed.txt");
    const vxlan = (name: string): unknown => interfaces.find((item) => item.name === name)?.vxlan;
    expect(vxlan("vx0")).toEqual({
      vni: 4096,
      port: 4789,
      local: parseAddress("10.0.0.1"),
      device: "eth0",
      remote: null,
      learning: false,
      ttl: 0,
      tos: 0,
      df: "unset",
      sourcePorts: null,
    });
    expect(vxlan("vx1")).toMatchObject({ vni: -1, port: 4790 });
    expect(vxlan("vx2")).toMatchObject({ remote: parseAddress("239.1.1.1"), learning: true, ttl: 5, port: 8472 });
    expect(vxlan("vx6")).toMatchObject({ local: parseAddress("2001:db8::1"), remote: parseAddress("2001:db8::2") });
  });

  test("the kinds that the kernel says", () => {
    const { interfaces } = readFixture("addr-detailed.txt");
    expect(interfaces.map((item) => `${item.name} ${item.kind}`)).toEqual([
      "lo loopback",
      "v1 veth",
      "eth0 veth",
      "va veth",
      "br0 bridge",
      "vx0 vxlan",
      "vx1 vxlan",
      "vx2 vxlan",
      "mv0 macvlan",
      "ifb0 other",
      "vx6 vxlan",
      "tun0 tun",
      "tap0 tun",
      "vdown2 veth",
      "vdown veth",
    ]);
  });

  test("peers, carrier and masters", () => {
    const by = new Map(readFixture("addr-detailed.txt").interfaces.map((item) => [item.name, item]));
    expect(by.get("v1")).toMatchObject({ lower: "eth0", peerIndex: 3, master: "br0", up: true, carrier: true });
    expect(by.get("va")).toMatchObject({ lower: null, peerIndex: 2, up: true, carrier: false });
    expect(by.get("vdown2")).toMatchObject({ up: false });
    expect(readFixture("addr-detailed.txt").namespaces.get("va")).toEqual({ id: null, name: "ppr-other" });
    expect(readFixture("addr-detailed.json.txt").namespaces.get("va")).toEqual({ id: 0, name: null });
  });

  test("peers, labels, scopes and states of addresses", () => {
    const bridge = readFixture("addr.txt").interfaces.find((item) => item.name === "br0");
    expect(bridge?.addresses).toMatchObject([
      { address: parseAddress("10.6.0.1"), scope: "link", noPrefixRoute: true },
      { address: parseAddress("10.8.0.1"), scope: "global" },
      { address: parseAddress("10.5.0.1"), peer: parseAddress("10.5.0.2"), prefixLength: 32 },
      { address: parseAddress("fe80::77"), peer: parseAddress("fe80::78"), prefixLength: 128 },
      { scope: "link" },
    ]);
    const eth0 = readFixture("addr.txt").interfaces.find((item) => item.name === "eth0");
    expect(eth0?.addresses.map((item) => item.secondary)).toEqual([false, true, false, false]);
    expect(eth0?.addresses[0]?.broadcast).toEqual(parseAddress("10.0.0.255"));
  });
});

test.each<[string, InterfaceKind]>([
  [
    "2: tunl0@NONE: <NOARP,UP,LOWER_UP> mtu 1480 qdisc noqueue state UNKNOWN group default qlen 1000\n    link/ipip 0.0.0.0 brd 0.0.0.0",
    "ipip",
  ],
  [
    "5: vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 state UNKNOWN\n    link/ether 66:f9:37:c3:7e:94 brd ff:ff:ff:ff:ff:ff",
    "vxlan",
  ],
  [
    "9: cali12d4a061371@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 state UP\n    link/ether ee:ee:ee:ee:ee:ee brd ff:ff:ff:ff:ff:ff link-netnsid 0",
    "veth",
  ],
  [
    "4: eth0@if9: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 state UP\n    link/ether 9a:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff link-netnsid 0",
    "veth",
  ],
  [
    "3: docker0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 state DOWN\n    link/ether 02:42:00:00:00:01 brd ff:ff:ff:ff:ff:ff",
    "bridge",
  ],
  [
    "3: br-0a1b2c3d4e5f: <BROADCAST,MULTICAST,UP> mtu 1500\n    link/ether 02:42:00:00:00:01 brd ff:ff:ff:ff:ff:ff",
    "bridge",
  ],
  ["6: wireguard.cali: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1440\n    link/none ", "wireguard"],
  ["7: kube-ipvs0: <BROADCAST,NOARP> mtu 1500\n    link/ether 9a:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff", "dummy"],
  [
    "8: bond0: <BROADCAST,MULTICAST,MASTER,UP,LOWER_UP> mtu 1500\n    link/ether 9a:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff",
    "bond",
  ],
  [
    "8: bond0.12@bond0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    link/ether 9a:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff",
    "vlan",
  ],
  [
    "2: enp1s0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    link/ether 9a:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff",
    "physical",
  ],
  [
    "2: weird: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    link/ether 9a:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff",
    "other",
  ],
  [
    "2: weird: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    link/ether 9a:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff promiscuity 0 minmtu 68",
    "physical",
  ],
])("text %# is of the kind its details, link type, peer or name say", (text, kind) => {
  expect(read(text)).toMatchObject({ interfaces: [{ kind }], findings: [] });
});

test("an IPIP device as iproute2 prints it with -d", () => {
  const text =
    "3: tunl0@NONE: <NOARP,UP,LOWER_UP> mtu 1480 state UNKNOWN\n    link/ipip 0.0.0.0 brd 0.0.0.0 promiscuity 0\n    ipip ipip remote any local 10.0.0.1 ttl inherit nopmtudisc numtxqueues 1\n    inet 192.168.1.0/32 scope global tunl0";
  expect(read(text).interfaces[0]).toMatchObject({
    kind: "ipip",
    mac: null,
    lower: null,
    ipip: { local: parseAddress("10.0.0.1"), remote: null },
    addresses: [{ prefixLength: 32 }],
  });
});

test("origins cite the line of each address", () => {
  const origins = originTable();
  const [item] = readAddresses(
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    link/loopback 00:00:00:00:00:00\n    inet 127.0.0.1/8 scope host lo\n       valid_lft forever\n    inet6 ::1/128 scope host ",
    "addr",
    origins,
  ).interfaces;
  expect(
    [item?.origin ?? 0, ...(item?.addresses ?? []).map((a) => a.origin)].map((o) => formatSource(sourceOf(origins, o))),
  ).toEqual(["addr:1", "addr:3", "addr:5"]);
});

test("duplicate address detection", () => {
  const text =
    "2: eth0: <UP,LOWER_UP> mtu 1500\n    inet6 2001:db8::1/64 scope global dadfailed tentative \n    inet6 fe80::1/64 scope link tentative ";
  expect(read(text).interfaces[0]?.addresses.map((item) => item.dad)).toEqual(["dadfailed", "tentative"]);
});

test("addresses whose lifetime has run out are deprecated", () => {
  const text =
    "2: eth0: <UP,LOWER_UP> mtu 1500\n    inet6 2001:db8::1/64 scope global deprecated dynamic mngtmpaddr \n       valid_lft 100sec preferred_lft 0sec";
  const json =
    '[{"ifname":"eth0","ifindex":2,"flags":["UP","LOWER_UP"],"mtu":1500,"addr_info":[{"family":"inet6","local":"2001:db8::1","prefixlen":64,"scope":"global","deprecated":true,"dynamic":true}]}]';
  expect(read(text).interfaces[0]?.addresses[0]?.deprecated).toBe(true);
  expect(plain(read(json))).toEqual(plain(read(text)));
});

test("two dumps that contradict each other are reported with the place", () => {
  const origins = originTable();
  const merged = mergeInterfaces(
    readAddresses("2: eth0: <UP,LOWER_UP> mtu 1500\n3: old: <UP> mtu 1500", "addr", origins),
    readLinks("2: eth0: <UP,LOWER_UP> mtu 9000\n4: new: <UP> mtu 1500", "link", origins),
    origins,
  );
  expect(merged.interfaces.map((item) => [item.name, item.mtu])).toEqual([
    ["eth0", 9000],
    ["old", 1500],
    ["new", 1500],
  ]);
  expect(merged.findings).toMatchObject([
    {
      code: "dump-disagreement",
      file: "link",
      line: 1,
      message: "eth0: mtu is 9000 here, and 1500 in the addresses' dump.",
    },
    { code: "dump-disagreement", file: "addr", line: 2 },
    { code: "dump-disagreement", file: "link", line: 2 },
  ]);
});

test.each([
  ["hello", "unknown-line"],
  ["2: eth0: <UP> mtu 1500\n    inet a.b.c.d/24 scope global eth0", "unreadable-address"],
  ["2: eth0: <UP> mtu 1500\n2: eth0: <UP> mtu 1500", "duplicate-interface"],
  ["2: eth0: <UP> mtu 1500\nhello world", "unknown-line"],
  ['[{"x":1}]', "unknown-line"],
  ['[{"ifname":"a","mtu":1500,"addr_info":[{"local":"1.2.3.4","prefixlen":99}]}]', "unreadable-address"],
])("damaged text %# is reported", (text, code) => {
  expect(codes(read(text))).toEqual([code]);
});
