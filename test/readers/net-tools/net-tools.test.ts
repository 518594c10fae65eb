import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { readAddresses } from "../../../src/readers/ip/address.ts";
import { readRoutes } from "../../../src/readers/ip/route.ts";
import { type DumpKind, recogniseDump } from "../../../src/readers/recognise.ts";
import { readLoneDump } from "../../../src/readers/snapshot/lone-dump.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { readSockets } from "../../../src/readers/ss.ts";
import { codes, fixture } from "../fixture.ts";

const routes = (text: string) => readRoutes(text, "f", originTable());
const brief = (text: string): readonly string[] =>
  routes(text).routes.map((route) => {
    const [hop] = route.nextHops;
    return `${route.type} ${formatPrefix(route.destination)} ${hop?.gateway ? formatAddress(hop.gateway) : "-"} ${hop?.interface ?? "-"} ${route.metric}`;
  });

test("a real table of route -n, and what cannot be known from it", () => {
  const text = fixture("net-tools/fixtures/route.txt");
  expect(brief(text)).toContain("unicast 192.168.0.0/26 10.0.0.2 eth0 0");
  expect(brief(text)).toContain("unicast 192.168.5.7/32 - eth0 100");
  expect(brief(text)).toContain("unreachable 192.168.3.0/26 - - 5");
  expect(brief(text)).toContain("blackhole 192.168.1.0/26 - - 0");
  expect(new Set(codes(routes(text)))).toEqual(new Set(["lossy-dump", "ambiguous-route"]));
  expect(routes(text).lossy).toBe(true);
});

test("netstat -rn has no metrics, and says so", () => {
  const found = routes(fixture("net-tools/fixtures/netstat-rn.txt"));
  expect(found.routes.every((route) => route.metric === 0)).toBe(true);
  expect(codes(found)).toContain("no-metric");
});

test("headings in other languages are headings, and names of networks are not resolved", () => {
  const german =
    "Kernel-IP-Routentabelle\nZiel            Router          Genmask         Flags   MSS Fenster irtt Iface\n";
  const french =
    "Table de routage IP du noyau\nDestination     Passerelle      Genmask         Indic Metric Ref    Use Iface\n";
  const row = "10.1.0.0        10.0.0.2        255.255.0.0     UG    0      0        0 eth0\n";
  for (const heading of [german, french, ""])
    expect(brief(heading + row)).toEqual(["unicast 10.1.0.0/16 10.0.0.2 eth0 0"]);
  const named = routes(`${row}my-net          10.0.0.2        255.255.0.0     UG    0      0        0 eth0\n`);
  expect(named.routes).toHaveLength(1);
  expect(named.findings).toContainEqual(expect.objectContaining({ code: "unreadable-address", line: 2 }));
});

test("the IPv6 table has all tables: local and multicast entries are of table local, the null entry is none", () => {
  const found = routes(fixture("net-tools/fixtures/route-inet6.txt"));
  const table = (type: string) => found.routes.filter((route) => route.type === type).map((route) => route.table);
  expect(new Set(table("local"))).toEqual(new Set([255]));
  expect(new Set(table("multicast"))).toEqual(new Set([255]));
  expect(found.routes.filter((route) => route.destination.length === 0)).toHaveLength(1);
});

test("both forms of ifconfig tell the same devices and addresses; labels belong to their device", () => {
  const read = (file: string) => readAddresses(fixture(`net-tools/fixtures/${file}`), "f", originTable());
  const told = (file: string): unknown =>
    read(file).interfaces.map((device) => [
      device.name,
      device.mtu,
      device.up,
      device.mac,
      device.addresses.map((one) => `${formatAddress(one.address)}/${one.prefixLength}`).sort(),
    ]);
  const sorted = (list: unknown): unknown => (Array.isArray(list) ? [...list].sort() : list);
  expect(sorted(told("ifconfig.txt"))).toEqual(sorted(told("ifconfig-old.txt")));
  const eth0 = read("ifconfig.txt").interfaces.find((device) => device.name === "eth0");
  expect(eth0?.addresses.map((one) => formatAddress(one.address))).toContain("10.9.0.1");
  expect(codes(read("ifconfig.txt"))).toEqual(["lossy-dump"]);
});

test("an address of netstat that was cut to its column is not guessed, and others may listen", () => {
  const cut = "tcp6       0      0 2001:db8:aaaa:bbb:50443 :::*                    LISTEN\n";
  const found = readSockets(`${fixture("net-tools/fixtures/netstat.txt")}${cut}`, "f", originTable());
  expect(found.complete).toBe(false);
  expect(codes(found)).toContain("unreadable-address");
});

test("a socket that a terminal broke into two lines is one", () => {
  const found = readSockets(
    'tcp   LISTEN 0      5      0.0.0.0:22\n   0.0.0.0:*    users:(("sshd",pid=1,fd=3))\n',
    "f",
    originTable(),
  );
  expect(found.sockets).toMatchObject([{ port: 22, process: "sshd" }]);
  expect(codes(found)).toEqual(["wrapped-line"]);
});

test.each<[string, DumpKind]>([
  ["route.txt", "route"],
  ["netstat-rn.txt", "route"],
  ["route-inet6.txt", "route"],
  ["ifconfig.txt", "ifconfig"],
  ["ifconfig-old.txt", "ifconfig"],
  ["netstat.txt", "netstat"],
])("%s is recognised as the output of %s, alone and under the name of the better tool", (file, kind) => {
  const text = fixture(`net-tools/fixtures/${file}`);
  expect(recogniseDump(text)).toBe(kind);
  const { network, recognised } = readLoneDump(text, file);
  expect(recognised).toMatchObject([{ path: file }]);
  const [host] = network.hosts.values();
  expect(
    [...(host?.routes ?? []), ...(host?.interfaces.values() ?? []), ...(host?.sockets ?? [])].length,
  ).toBeGreaterThan(2);
});

test("a table of route is read where no ip route is there, and rests on an assumption", () => {
  const address = fixture("net-tools/fixtures/addr.json.txt");
  const lossy = fixture("net-tools/fixtures/route.txt");
  const read = (files: Readonly<Record<string, string>>) =>
    readSnapshot({ name: "s", files: new Map(Object.entries(files).map(([file, text]) => [`nodes/n/${file}`, text])) });
  for (const name of ["route.txt", "ip-route.txt"]) {
    const host = read({ "ip-addr.json": address, [name]: lossy }).network.hosts.get("n");
    expect(host?.knowledge.get("routes")).toBe("assumed");
  }
  const both = read({ "ip-addr.json": address, "route.txt": lossy, "ip-route.txt": "default via 10.0.0.2 dev eth0\n" });
  expect(both.network.hosts.get("n")?.routes.filter((route) => route.table === 254)).toHaveLength(1);
  expect(codes(both)).toContain("same-dump-twice");
});
