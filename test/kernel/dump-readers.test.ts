import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { IpSet, SetMember } from "../../src/model/ip-set.ts";
import { originTable } from "../../src/model/origin.ts";
import type { Route } from "../../src/model/route.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { readFdb } from "../../src/readers/bridge/fdb.ts";
import { readConntrack } from "../../src/readers/conntrack.ts";
import { readAddresses } from "../../src/readers/ip/address.ts";
import { mergeInterfaces, readLinks } from "../../src/readers/ip/link.ts";
import { readNeighbours } from "../../src/readers/ip/neigh.ts";
import { printRoute } from "../../src/readers/ip/print-route.ts";
import { printRule } from "../../src/readers/ip/print-rule.ts";
import { readRoutes } from "../../src/readers/ip/route.ts";
import { readPolicyRules } from "../../src/readers/ip/rule.ts";
import { readIpSetList } from "../../src/readers/ipset/list.ts";
import { printIpSet } from "../../src/readers/ipset/print-save.ts";
import { readIpSetSave } from "../../src/readers/ipset/save.ts";
import { readSockets } from "../../src/readers/ss.ts";
import { readSysctls } from "../../src/readers/sysctl.ts";
import { withoutOrigin } from "../readers/fixture.ts";

/** One namespace for the devices, and one for the far end of a veth; the number keeps parallel runs apart. */
const HOME = `ppr-${process.pid}a`;
const FAR = `ppr-${process.pid}b`;
const { CI } = process.env;
const isRoot = process.getuid?.() === 0;

if (!isRoot) {
  if (CI) throw new Error("test/kernel needs root: it makes network namespaces.");
  process.stderr.write("SKIPPED test/kernel/dump-readers.test.ts: it needs root to make network namespaces.\n");
}

function untimed(member: SetMember): SetMember {
  return { ...member, timeout: member.timeout === null ? null : 1 };
}

/** A set that a list:set holds cannot be destroyed, and the kernel lets go of it a moment after the list is gone. */
function destroySets(): void {
  for (let attempt = 0; attempt < 50 && !tried("ipset destroy"); attempt++) {
    for (const name of lines(inside("ipset list -n")).toReversed()) tried(`ipset destroy ${name}`);
    run("sleep 0.1");
  }
  expect(inside("ipset save")).toBe("");
}

function run(command: string, input = ""): string {
  const [program = "", ...args] = command.split(" ");
  return execFileSync(program, args, { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"], maxBuffer: 1 << 28 });
}

function inside(command: string, input = ""): string {
  return run(`ip netns exec ${HOME} ${command}`, input);
}

/** Runs a command and says whether the kernel and the tool could do it. */
function tried(command: string, input = ""): boolean {
  try {
    inside(command, input);
    return true;
  } catch {
    return false;
  }
}

const lines = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");
const origins = originTable();
const same = (x: unknown, y: unknown): void => expect(withoutOrigin(x)).toEqual(withoutOrigin(y));

const DEVICES = [
  "eth0 type veth peer name v1",
  `va type veth peer name vb netns ${FAR}`,
  "down0 type veth peer name down1",
  "br0 type bridge",
  "vxlan.calico type vxlan id 4096 local 10.0.0.1 dev eth0 dstport 4790 nolearning",
  "vx1 type vxlan external dstport 4791",
  "vx2 type vxlan id 5 group 239.1.1.1 dev eth0 dstport 8472 ttl 5",
  "vx6 type vxlan id 7 local 2001:db8::1 remote 2001:db8::2 dev eth0 dstport 4792",
  "mv0 link eth0 type macvlan mode bridge",
  "dummy0 type dummy",
  "eth0.10 link eth0 type vlan id 10",
  "bond0 type bond",
  "wg0 type wireguard",
  "tunl1 type ipip remote 10.0.0.2 local 10.0.0.1",
  "vrf0 type vrf table 10",
  "gre1 type gre remote 192.0.2.4",
];

const ROUTES = [
  "10.20.0.0/16 via 10.0.0.9",
  "10.21.0.0/16 dev eth0",
  "10.21.0.1 dev eth0 scope global proto bird",
  "blackhole 10.22.0.0/24 proto 80",
  "unreachable 10.23.0.0/24 metric 77",
  "prohibit 10.24.0.0/24",
  "throw 10.25.0.0/24 table 100",
  "default via 10.0.0.9 proto dhcp src 10.0.0.1 metric 100",
  "10.26.0.0/16 proto static nexthop via 10.0.0.5 dev eth0 weight 3 nexthop via 10.0.0.6 dev eth0 nexthop dev br0",
  "10.27.0.0/16 via 192.0.2.1 dev vxlan.calico onlink proto bird",
  "10.28.0.0/16 via inet6 fe80::9 dev eth0",
  "10.29.0.0/16 dev eth0 mtu 1400",
  "10.30.0.0/16 dev eth0 tos 0x10",
  "10.30.0.0/16 dev eth0 tos 0x20",
  "10.31.0.0/16 dev down0",
  "multicast 239.0.0.0/8 dev eth0 table 7",
  "anycast 10.32.0.1 dev eth0",
  "local 10.35.0.0/16 dev lo",
  "broadcast 10.36.0.255 dev eth0",
  "10.37.0.0/16 proto static scope site dev eth0",
  "10.40.0.0/16 nexthop via 10.5.0.2 dev br0 onlink nexthop via inet6 fe80::4 dev eth0",
  "10.41.0.0/16 nexthop via 10.0.0.7 dev eth0 weight 9",
  "10.42.0.0/16 nexthop dev down0 nexthop dev eth0",
  "0.0.0.0/1 dev eth0 table 4294967295",
  "10.43.0.0/16 dev eth0 table default proto 250",
];

const ROUTES6 = [
  "2001:db8:20::/48 via fe80::1 dev eth0",
  "default via fe80::1 dev eth0 proto ra metric 1024",
  "blackhole 2001:db8:21::/48",
  "unreachable 2001:db8:22::/48",
  "prohibit 2001:db8:23::/48",
  "throw 2001:db8:24::/48 table 100",
  "2001:db8:25::/48 nexthop via fe80::2 dev eth0 weight 4 nexthop via fe80::3 dev eth0",
  "2001:db8:26::/48 dev eth0 mtu 1400 advmss 1300 hoplimit 9",
  "2001:db8:27::/48 via fe80::1 dev eth0 onlink proto bird",
  "local 2001:db8:29::1 dev lo",
  "2001:db8:30::1 dev eth0 metric 5 src 2001:db8::1",
  "anycast 2001:db8:31::1 dev eth0",
  "multicast ff05::/16 dev eth0 table 8",
  "2001:db8:32::/48 via 2001:db8::9 proto 80",
];

/** Options that the model does not have, or that JSON does not tell: the route must read, and read the same as text and JSON otherwise. */
const ODD_ROUTES = [
  "10.50.0.0/16 dev eth0 mtu lock 1400 advmss 1300 hoplimit 9 rto_min 20ms quickack 1 initcwnd 10",
  "10.51.0.0/16 dev eth0 realm 5",
  "10.52.0.0/16 dev eth0 scope 100",
  "10.53.0.0/16 dev eth0 congctl reno",
  "10.54.0.0/16 encap ip id 5 dst 192.0.2.4 dev eth0",
  "10.55.0.0/16 nhid 12",
  "10.56.0.0/16 nhid 14",
  "10.57.0.0/16 nhid 15",
];

const RULES = [
  "pref 10 from 10.0.0.0/8 to 10.1.2.3 table 100",
  "pref 11 not fwmark 0x200000/0x200000 lookup 1",
  "pref 12 fwmark 5 lookup main suppress_prefixlength 0",
  "pref 13 iif eth0 oif nosuch table 51820",
  "pref 14 tos 0x10 blackhole",
  "pref 15 ipproto tcp sport 80 dport 1000-2000 prohibit",
  "pref 16 uidrange 0-100 unreachable",
  "pref 17 goto 20",
  "pref 18 goto 4000",
  "pref 20 nop",
  "pref 21 l3mdev",
  "pref 22 tun_id 5 table 9",
  "pref 23 lookup 100 suppress_ifgroup default",
  "pref 24 realms 3/4 lookup 5",
  "pref 25 from all lookup 6 protocol bird",
  "pref 26 ipproto 47 dport 5 lookup default",
  "pref 27 fwmark 0x0/0xff lookup local",
  "pref 28 iif lo lookup 4294967295",
];

/** A create line and its members, per type that ipset 7.17 has; what the kernel lacks is skipped, and named. */
const SETS: readonly (readonly [string, readonly string[]])[] = [
  [
    "hash:ip timeout 3000 counters comment skbinfo",
    ['10.0.0.1 timeout 0 comment "a b"', "10.0.0.2 skbmark 0x5/0xff", "10.0.0.8/30"],
  ],
  ["hash:ip netmask 24", ["10.0.5.77"]],
  ["hash:ip family inet6 netmask 64", ["2001:db8::1"]],
  ["hash:net", ["10.0.0.0/8", "10.1.0.0/16 nomatch", "0.0.0.0/1", "128.0.0.0/1", "10.9.9.9", "10.0.0.1-10.0.0.6"]],
  ["hash:net family inet6", ["2001:db8::/32", "2001:db8::1"]],
  ["hash:mac", ["02:ab:00:00:00:01"]],
  ["hash:ip,mac", ["10.0.0.1,02:ab:00:00:00:01"]],
  ["hash:ip,mark", ["10.0.0.1,0xf"]],
  ["hash:ip,port,ip", ["10.0.0.1,80,10.0.0.2"]],
  ["hash:ip,port,net", ["10.0.0.1,udp:80,10.1.0.0/16"]],
  ["hash:net,net", ["10.0.0.0/24,10.1.0.0/24"]],
  ["hash:net,port", ["10.0.0.0/24,80", "10.0.0.0/24,tcp:0"]],
  ["hash:net,port,net", ["10.0.0.0/24,udp:80,10.1.0.0/24"]],
  ["hash:net,iface", ["10.0.0.0/24,eth0", "10.0.0.0/24,physdev:eth1", "0.0.0.0/0,eth9"]],
  ["bitmap:ip range 10.0.0.0/24", ["10.0.0.4-10.0.0.6"]],
  ["bitmap:ip range 10.0.0.0/16 netmask 24", ["10.0.5.0"]],
  ["bitmap:ip,mac range 10.0.0.0/24", ["10.0.0.4,02:ab:00:00:00:01", "10.0.0.5"]],
  ["bitmap:port range 0-1000", ["5-7"]],
  ["list:set size 8", ["s0", "s1"]],
];

/** A second may pass between two dumps. */
function ageless(route: Route): Route {
  return route.expires === undefined ? route : { ...route, expires: 0 };
}

describe.skipIf(!isRoot)("dump readers against the real tools", () => {
  const missing: string[] = [];

  beforeAll(() => {
    run(`ip netns add ${HOME}`);
    run(`ip netns add ${FAR}`);
    // Duplicate address detection would change addresses and routes between the two dumps that a test compares.
    inside("sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0");
    inside("ip link set lo up");
    for (const device of DEVICES) if (!tried(`ip link add ${device}`)) missing.push(device);
    for (const name of ["eth0", "v1", "va", "br0", "down0", "vxlan.calico"]) inside(`ip link set ${name} up`);
    inside("ip link set v1 master br0");
    for (const address of [
      "10.0.0.1/24 brd + dev eth0",
      "10.0.0.3/24 dev eth0",
      "10.5.0.1 peer 10.5.0.2/32 dev br0",
      "10.6.0.1/24 dev br0 noprefixroute scope link",
      "10.7.0.1/24 dev br0 label br0:x valid_lft 100000 preferred_lft 50000",
      "2001:db8::1/64 dev eth0 nodad",
      "2001:db8:1::1/64 dev br0 nodad preferred_lft 0 valid_lft 100000",
      "fe80::77 peer fe80::78/128 dev br0 nodad",
    ]) {
      inside(`ip addr add ${address}`);
    }
    if (missing.length > 0) process.stderr.write(`Not verified, the kernel lacks it: ${missing.join("; ")}\n`);
  });

  afterAll(() => {
    for (const name of [HOME, FAR]) run(`ip netns del ${name}`);
  });

  test("devices and addresses: text, JSON, one-line form and the merge of two dumps say the same", () => {
    const read = (command: string) => readAddresses(inside(command), command, origins);
    const detailed = read("ip -d -s addr");
    expect(detailed.findings).toEqual([]);
    same(read("ip -d -s -j -p addr").interfaces, detailed.interfaces);
    same(read("ip -d -s -o link").interfaces, readLinks(inside("ip -d -s link"), "l", origins).interfaces);
    same(
      readLinks(inside("ip -d -j link"), "l", origins).interfaces,
      readLinks(inside("ip -d link"), "l", origins).interfaces,
    );
    same(read("ip -j addr").interfaces, read("ip addr").interfaces);
    const merged = mergeInterfaces(read("ip addr"), readLinks(inside("ip -d link"), "l", origins), origins);
    expect(merged.findings).toEqual([]);
    same(merged.interfaces, detailed.interfaces);
    expect(merged.interfaces.length).toBe(lines(inside("ip -o link")).length);
  });

  test.each([
    [4, ROUTES],
    [6, ROUTES6],
  ] as const)(
    "IPv%i routes of every type: text and JSON say the same, and the text is printed back byte for byte",
    (family, routes) => {
      for (const route of routes) inside(`ip -${family} route add ${route}`);
      const read = (options: string) =>
        readRoutes(inside(`ip -${family} ${options} route show table all`.replace("  ", " ")), "f", origins, {
          family,
        });
      const text = read("");
      expect(text.findings).toEqual([]);
      for (const options of ["-j", "-d", "-d -j", "-o"]) {
        same(read(options).routes.map(ageless), text.routes.map(ageless));
      }
      const printed = text.routes.map((route) => `${printRoute(ageless(route))}\n`).join("");
      const real = inside(`ip -${family} route show table all`).replaceAll(/ expires \d+sec/g, " expires 0sec");
      expect(printed).toBe(real);
    },
  );

  test("`table all` as text has the routes of both families", () => {
    const both = readRoutes(inside("ip route show table all"), "f", origins).routes;
    for (const family of [4, 6] as const) {
      const own = readRoutes(inside(`ip -${family} route show table all`), "f", origins, { family }).routes;
      same(both.filter((route) => route.family === family).map(ageless), own.map(ageless));
    }
  });

  test("routes with options that the model does not have read the same as text and JSON", () => {
    tried("ip nexthop add id 12 via 10.0.0.7 dev eth0");
    tried("ip nexthop add id 13 via 10.0.0.8 dev eth0");
    tried("ip nexthop add id 14 group 12,3/13");
    tried("ip nexthop add id 15 blackhole");
    const added = ODD_ROUTES.filter((route) => tried(`ip route add ${route}`));
    expect(added.length).toBeGreaterThan(0);
    const text = readRoutes(inside("ip route"), "f", origins);
    const json = readRoutes(inside("ip -j route"), "f", origins);
    same(
      json.routes,
      text.routes.map(({ mtuLocked: _, ...route }) => route),
    );
    expect(text.routes.length).toBe(lines(inside("ip -o route")).length);
    expect(text.findings.every((finding) => finding.severity !== "error")).toBe(true);
    for (const route of added) inside(`ip route del ${route.replace(/ (?:mtu|realm|congctl) .*/, "")}`);
  });

  test("what `ip route` prints and the model keeps can be given to `ip route add` again", () => {
    const before = readRoutes(inside("ip -4 route show table all"), "f", origins).routes;
    const mine = before.filter((route) => route.protocol !== "kernel" && !route.nextHops.some((hop) => hop.linkdown));
    for (const route of mine) {
      const words = printRoute(route).replaceAll(/\s+/g, " ").trim();
      const key = `${route.type} ${formatPrefix(route.destination)} table ${route.table} tos ${route.tos.toString(16)}`;
      inside(`ip -4 route del ${key}${route.metric === 0 ? "" : ` metric ${route.metric}`}`);
      // iproute2 takes `scope link` for granted where there is no gateway; the dump says global by saying nothing.
      const scope = route.scope === "global" && route.nextHops.length === 1 ? " scope global" : "";
      inside(`ip -4 route add ${words}${scope}`);
    }
    const text = (route: unknown): string => JSON.stringify(withoutOrigin(route));
    const after = readRoutes(inside("ip -4 route show table all"), "f", origins).routes;
    expect(after.map(text).sort()).toEqual(before.map(text).sort());
  });

  test.each([4, 6] as const)("IPv%i policy rules: text and JSON say the same", (family) => {
    const added = RULES.filter((rule) =>
      tried(
        `ip -${family} rule add ${rule.replace(/10\.0\.0\.0\/8 to 10\.1\.2\.3/, family === 4 ? "$&" : "2001:db8::/32 to 2001:db8:1::3")}`,
      ),
    );
    expect(added.length).toBe(RULES.length);
    const text = readPolicyRules(inside(`ip -${family} rule`), "f", origins, family);
    same(readPolicyRules(inside(`ip -${family} -j rule`), "f", origins, family).rules, text.rules);
    same(readPolicyRules(inside(`ip -${family} -d rule`), "f", origins, family).rules, text.rules);
    expect(text.rules.length).toBe(RULES.length + (family === 4 ? 3 : 2));
    const unmodelled = text.rules.filter((rule) => rule.action.kind === "unmodelled").map((rule) => rule.priority);
    expect(unmodelled).toEqual([21]);
    // What the kernel adds about devices and other rules is no part of a rule.
    const said = (line: string): string =>
      line
        .replaceAll(/ \[(?:detached|unresolved)\]| proto \S+/g, "")
        .replaceAll(/\s+/g, " ")
        .trim();
    const lines = inside(`ip -${family} rule`).trimEnd().split("\n").map(said);
    expect(text.rules.map((rule) => said(printRule(rule)))).toEqual(lines);
  });

  test("neighbours in every state: text and JSON say the same", () => {
    for (const [i, state] of [
      "permanent",
      "stale",
      "reachable",
      "noarp",
      "failed",
      "incomplete",
      "none",
      "delay",
      "probe",
    ].entries()) {
      const mac = ["failed", "incomplete", "none"].includes(state) ? "" : " lladdr 02:00:00:00:00:01";
      inside(`ip neigh add 10.0.0.5${i} dev va nud ${state}${mac}`);
    }
    inside("ip neigh add proxy 10.0.0.99 dev va");
    inside("ip neigh add 2001:db8::5 dev va lladdr 02:00:00:00:00:04 nud stale router");
    inside("ip neigh add 10.0.0.60 dev va lladdr 02:00:00:00:00:04 nud noarp extern_learn");
    // One run after the other: states move on by themselves.
    const stable = (text: string): unknown =>
      readNeighbours(text, "f", origins).neighbours.flatMap((item) =>
        ["DELAY", "PROBE", "REACHABLE", "STALE", "FAILED"].includes(item.state) ? [] : [withoutOrigin(item)],
      );
    expect(stable(inside("ip -j neigh show nud all"))).toEqual(stable(inside("ip -s neigh show nud all")));
    const text = readNeighbours(inside("ip -s neigh show nud all"), "f", origins);
    expect(text.findings).toEqual([]);
    expect(text.neighbours.length).toBe(lines(inside("ip neigh show nud all")).length);
    const proxies = readNeighbours(inside("ip neigh show proxy"), "f", origins);
    expect(proxies.neighbours).toMatchObject([{ proxy: true, interface: "va" }]);
    same(readNeighbours(inside("ip -j neigh show proxy"), "f", origins).neighbours, proxies.neighbours);
  });

  test("forwarding entries: text and JSON say the same", () => {
    inside("bridge fdb append 66:00:00:00:00:01 dev vxlan.calico dst 10.0.0.2");
    inside("bridge fdb append 66:00:00:00:00:02 dev vxlan.calico dst 10.0.0.3 port 8472 vni 7 via eth0");
    inside("bridge fdb append 00:00:00:00:00:00 dev vxlan.calico dst 10.0.0.4");
    inside("bridge fdb append 66:00:00:00:00:09 dev vx6 dst 2001:db8::9");
    tried("bridge fdb add 02:00:00:00:00:45 dev v1 master static");
    const text = readFdb(inside("bridge fdb show"), "f", origins);
    same(readFdb(inside("bridge -j fdb show"), "f", origins).entries, text.entries);
    expect(text.findings.every((finding) => finding.severity === "info")).toBe(true);
    expect(text.entries.length).toBe(lines(inside("bridge fdb show")).length);
  });

  test("sets of every type that the kernel has: save and list say the same, and what is printed can be restored", () => {
    destroySets();
    const absent: string[] = [];
    for (const [i, [create, members]] of SETS.entries()) {
      const commands = [`create s${i} ${create}`, ...members.map((member) => `add s${i} ${member}`), ""].join("\n");
      if (!tried("ipset restore", commands)) absent.push(create.split(" ")[0] ?? "");
    }
    if (absent.length > 0)
      process.stderr.write(`Not verified, the kernel lacks it: ${[...new Set(absent)].join(" ")}\n`);
    const text = inside("ipset save");
    const saved = readIpSetSave(text, "f", origins);
    const listed = readIpSetList(inside("ipset list"), "f", origins);
    expect(saved.findings.every((finding) => finding.severity === "info")).toBe(true);
    expect(saved.sets.size).toBe(SETS.length - absent.length);
    // A second may pass between two dumps.
    const ageless = (of: ReadonlyMap<string, IpSet>): unknown =>
      [...of.values()].map((set) => ({ ...set, members: set.members.map(untimed) }));
    same(ageless(listed.sets), ageless(saved.sets));
    const printed = [...saved.sets.values()].map((set) => `${printIpSet(set)}\n`).join("");
    expect(printed).toBe(text);
    destroySets();
    inside("ipset restore", printed);
    // Hash tables do not keep the order, not even with the same `initval`.
    const sorted = (of: ReadonlyMap<string, IpSet>): unknown =>
      [...of].map(([name, set]) => [
        name,
        set.members.map((member) => JSON.stringify(withoutOrigin(untimed(member)))).sort(),
      ]);
    expect(sorted(readIpSetSave(inside("ipset save"), "f", origins).sets)).toEqual(sorted(saved.sets));
    destroySets();
  });

  test.each([
    ["inet", "10.0.0.1,icmp:", "10.0.0.1,"],
    ["inet6", "2001:db8::1,icmpv6:", "2001:db8::1,"],
  ])(
    "every ICMP type and code, and every protocol, of a set of %s has the name that ipset prints",
    (family, icmp, other) => {
      destroySets();
      const members: string[] = [];
      for (let type = 0; type < 256; type++)
        for (let code = 0; code < 20; code++) members.push(`${icmp}${type}/${code}`);
      for (let protocol = 1; protocol < 256; protocol++) {
        const isIcmp = protocol === 1 || protocol === 58;
        if (!isIcmp) members.push(`${other}${protocol}:0`);
      }
      inside(
        "ipset restore",
        [`create p hash:ip,port family ${family} maxelem 9999`, ...members.map((member) => `add p ${member}`), ""].join(
          "\n",
        ),
      );
      const text = inside("ipset save");
      const dump = readIpSetSave(text, "f", origins);
      expect(dump.findings).toEqual([]);
      expect(dump.sets.get("p")?.members.length).toBe(members.length);
      expect(dump.sets.size).toBe(1);
      const protocols = dump.sets
        .get("p")
        ?.members.map(({ elements: [, port] }) => (port && "protocol" in port ? port.protocol : null));
      expect(new Set(protocols).size).toBe(254);
      // Protocols that the model has no name for are printed as numbers, which ipset takes as well.
      const again = readIpSetSave([...dump.sets.values()].map(printIpSet).join("\n"), "f", origins);
      same(again.sets, dump.sets);
      expect(lines([...dump.sets.values()].map(printIpSet).join("\n")).filter((line) => line.includes("icmp"))).toEqual(
        lines(text).filter((line) => line.includes("icmp")),
      );
      destroySets();
    },
  );

  test("sysctls: every line of `sysctl -a` below net is read, and dotted interface names keep their form", () => {
    const text = inside("sysctl -a --pattern ^net");
    const dump = readSysctls(text, "f", origins);
    expect(dump.findings).toEqual([]);
    expect(dump.values.size).toBe(lines(text).length);
    expect(dump.values.get("net.ipv4.conf.vxlan/calico.rp_filter")).toBe(
      inside("sysctl -n net.ipv4.conf.vxlan/calico.rp_filter").trim(),
    );
    expect(inside("cat /proc/sys/net/ipv4/conf/vxlan.calico/rp_filter").trim()).toBe(
      dump.values.get("net.ipv4.conf.vxlan/calico.rp_filter"),
    );
  });

  test("connections and sockets: all forms of the tools say the same", () => {
    const script = `
import socket, subprocess
T, U = socket.SOCK_STREAM, socket.SOCK_DGRAM
def listen(family, kind, address, only=None, device=None):
    s = socket.socket(family, kind)
    if only is not None: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    if device: s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    s.bind(address)
    if kind == T: s.listen()
    return s
keep = [listen(socket.AF_INET, T, ("0.0.0.0", 22)), listen(socket.AF_INET6, T, ("::", 80), 0), listen(socket.AF_INET6, T, ("::", 81), 1),
    listen(socket.AF_INET, U, ("127.0.0.1", 67), None, "lo"), listen(socket.AF_INET6, U, ("::1", 69)), listen(socket.AF_INET6, T, ("::ffff:127.0.0.1", 83), 0)]
client = socket.create_connection(("127.0.0.1", 22)); keep.append(client)
u = socket.socket(socket.AF_INET, U); u.sendto(b"x", ("127.0.0.1", 53)); u.sendto(b"x", ("127.0.0.1", 54))
six = socket.socket(socket.AF_INET6, U); six.sendto(b"x", ("::1", 53))
for number in (47, 200):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, number); raw.sendto(b"\\0\\0\\x08\\0abcdefgh", ("127.0.0.1", 0))
for command in ("conntrack -L", "conntrack -L -o extended", "cat /proc/net/nf_conntrack", "ss -H -lntup", "ss -antup"):
    print("=====")
    print(subprocess.run(command.split(), capture_output=True, text=True).stdout, end="")
`;
    inside("iptables -I OUTPUT -m conntrack --ctstate NEW -j ACCEPT");
    inside("ip6tables -I OUTPUT -m conntrack --ctstate NEW -j ACCEPT");
    inside("iptables -t raw -I OUTPUT -p udp --dport 54 -j CT --zone 5");
    inside("ping -c 1 -W 1 127.0.0.1");
    inside("ping -6 -c 1 -W 1 ::1");
    const [, list = "", extended = "", proc = "", listening = "", all = ""] = inside("python3 -", script).split(
      "=====\n",
    );
    const flows = (text: string): unknown => {
      const dump = readConntrack(text, "f", origins);
      expect(dump.findings).toEqual([]);
      expect(dump.records.length).toBe(lines(text).length);
      // Time passes between two dumps.
      return dump.records.map((record) => JSON.stringify(withoutOrigin({ ...record, timeout: 0 }))).sort();
    };
    expect(flows(extended)).toEqual(flows(list));
    expect(flows(proc)).toEqual(flows(list));
    expect(readConntrack(list, "f", origins).records.some((record) => record.zone === 5)).toBe(true);
    const sockets = readSockets(listening, "f", origins);
    expect(sockets.findings).toEqual([]);
    expect(sockets.sockets.length).toBe(lines(listening).length);
    same(readSockets(all, "f", origins).sockets, sockets.sockets);
  });
});
