import { describe, expect, test } from "vitest";
import { originTable } from "../../src/model/origin.ts";
import { formatAddress } from "../../src/net/address.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { readBirdc } from "../../src/readers/birdc/birdc.ts";
import { readConntrack } from "../../src/readers/conntrack.ts";
import { printRoute } from "../../src/readers/ip/print-route.ts";
import { readRoutes } from "../../src/readers/ip/route.ts";
import { readIpSetSave } from "../../src/readers/ipset/save.ts";
import { printRule } from "../../src/readers/iptables/print.ts";
import { readNftBaseChains } from "../../src/readers/nft/base-chains.ts";
import { buildCluster } from "../../src/readers/resources/build-cluster.ts";
import { readTables } from "../../src/readers/tables/read-tables.ts";
import { codes } from "./fixture.ts";
import { readSave } from "./iptables/helpers.ts";

/** Spellings that people paste, of old and new versions, each for a rule, route, set or row that the usual spelling gives too. */

/** The rules of a table whose chains are all declared, in their order. */
function rules(
  table: "filter" | "nat" | "mangle" | "raw",
  chains: readonly string[],
  ...lines: readonly string[]
): readonly string[] {
  const text = `*${table}\n${chains.map((name) => `:${name} - [0:0]\n`).join("")}${lines.map((line) => `-A ${line}\n`).join("")}COMMIT\n`;
  const { rulesets, findings } = readSave(text);
  expect(codes({ findings })).toEqual([]);
  const read = rulesets[0]?.tables.get(table)?.chains ?? new Map();
  return [...read.values()].flatMap(({ name, rules: own }) =>
    own.map((rule: Parameters<typeof printRule>[0]) => `${name} ${printRule(rule, 4)}`),
  );
}

describe("iptables-save", () => {
  test("one match in several spellings is one match", () => {
    const read = (...lines: readonly string[]) => new Set(rules("filter", ["c"], ...lines.map((line) => `c ${line}`)));
    expect(read("-p ipencap -j ACCEPT", "-p ipv4 -j ACCEPT", "-p 4 -j ACCEPT")).toEqual(
      new Set(["c -p ipencap -j ACCEPT"]),
    );
    expect(read("! -s 10.0.0.1 -j DROP", "-s ! 10.0.0.1 -j DROP", "! -s 10.0.0.1/32 -j DROP").size).toBe(1);
    expect(read("-s 10.0.0.0/255.255.255.0 -j DROP", "-s 10.0.0.0/24 -j DROP").size).toBe(1);
  });

  test("marks of --or-mark, --and-mark and --set-mark are those of --set-xmark", () => {
    const read = (line: string) => rules("mangle", ["c"], `c -j MARK ${line}`);
    expect(read("--or-mark 0x4000")).toEqual(read("--set-xmark 0x4000/0x4000"));
    expect(read("--and-mark 0xfff0ffff")).toEqual(read("--set-xmark 0x0/0xf0000"));
    expect(read("--set-mark 0x10000/0x10000")).toEqual(read("--set-xmark 0x10000/0x10000"));
  });

  test("-j NOTRACK is -j CT --notrack", () => {
    expect(rules("raw", ["c"], "c -j NOTRACK")).toEqual(["c -j NOTRACK"]);
    expect(rules("raw", ["c"], "c -j CT --notrack")).toEqual(["c -j CT --notrack"]);
  });

  test("chains and sets of old Calico and kube-proxy are chains and sets like any other", () => {
    const chains = [
      "felix-FORWARD",
      "felix-TO-ENDPOINT",
      "cali-FORWARD",
      "KUBE-XLB-ABC",
      "KUBE-MARK-DROP",
      "KUBE-EXT-ABC",
    ];
    const lines = [
      "felix-FORWARD -o cali+ -g felix-TO-ENDPOINT",
      "cali-FORWARD -m mark --mark 0x1000000/0x1000000 -j ACCEPT",
      "cali-FORWARD -m set --match-set cali4-s:abc src -j MARK --set-xmark 0x1000000/0x1000000",
      "KUBE-XLB-ABC -j KUBE-MARK-DROP",
      "KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000",
      'KUBE-EXT-ABC -m comment --comment "route LOCAL traffic" -m addrtype --src-type LOCAL -j KUBE-XLB-ABC',
    ];
    expect(rules("mangle", chains, ...lines)).toEqual(lines);
  });
});

describe("iptables -L", () => {
  const listed = (row: string): readonly string[] => {
    const text = `Chain INPUT (policy ACCEPT)\ntarget     prot opt source               destination         \n${row}\n`;
    return (readSave(text).rulesets[0]?.tables.get("filter")?.chains.get("INPUT")?.rules ?? []).map((rule) =>
      printRule(rule, 4),
    );
  };

  test("MARK and, MARK or, MARK set", () => {
    const mark = (text: string) => listed(`MARK       all  --  anywhere             anywhere             ${text}`)[0];
    expect(mark("MARK or 0x10000")).toContain("-j MARK --set-xmark 0x10000/0x10000");
    expect(mark("MARK and 0xfff0ffff")).toContain("-j MARK --set-xmark 0x0/0xf0000");
  });

  test("a port by a name that no list has is in doubt, not left out", () => {
    const [rule = ""] = listed("ACCEPT     udp  --  anywhere             anywhere             udp dpt:gsmp-x");
    expect(rule).toMatch(/gsmp-x|…/);
  });
});

describe("nft", () => {
  test("rules that old nft prints as comments still make the chain one with rules", () => {
    const text =
      "table inet f {\n\tchain input {\n\t\ttype filter hook input priority filter + 10; policy accept;\n\t\t# xt_set # counter packets 0 bytes 0 drop\n\t}\n}\n";
    const { baseChains } = readNftBaseChains({ text, file: "nft" }, originTable());
    expect(baseChains.map(({ ruleCount, priority }) => [ruleCount, priority])).toEqual([[1, 10]]);
  });
});

describe("ip route", () => {
  const routes = (text: string): readonly string[] => {
    const { routes: read, findings } = readRoutes(text, "f", originTable(), {});
    expect(codes({ findings })).toEqual([]);
    return read.map((route) => printRoute(route));
  };

  test("two blanks and no blank at the end, as old iproute2 prints them", () => {
    expect(routes("192.168.1.0/26 via 10.0.0.2 dev eth0  proto bird\n")).toEqual(
      routes("192.168.1.0/26 via 10.0.0.2 dev eth0 proto bird \n"),
    );
    expect(routes("10.0.0.0/24 dev eth0  proto kernel  scope link  src 10.0.0.1\n")).toEqual(
      routes("10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1 \n"),
    );
  });

  test("bird and 12 are one protocol, and metric 32 and 1024 are kept", () => {
    expect(routes("10.1.0.0/26 via 10.0.0.2 dev eth0 proto 12 metric 32 \n")).toEqual(
      routes("10.1.0.0/26 via 10.0.0.2 dev eth0 proto bird metric 32 \n"),
    );
    expect(routes("10.1.0.0/26 via 10.0.0.2 dev eth0 proto bird metric 1024 \n")[0]).toContain("metric 1024");
  });

  test("flags that the kernel sets by itself are read, and one that changes nothing is told", () => {
    expect(routes("10.1.0.0/26 dev eth0 scope link dead linkdown \n")).toHaveLength(1);
    const { routes: read, findings } = readRoutes("10.1.0.0/26 dev eth0 pervasive \n", "f", originTable(), {});
    expect(read).toHaveLength(1);
    expect(codes({ findings })).toEqual(["ignored-option"]);
  });
});

test("ipset: the pair that Felix makes of everything is two networks", () => {
  const text =
    "create cali40all-ipam-pools hash:net family inet hashsize 1024 maxelem 1048576\nadd cali40all-ipam-pools 0.0.0.0/1\nadd cali40all-ipam-pools 128.0.0.0/1\ncreate p hash:net,net family inet hashsize 64 maxelem 64\nadd p 0.0.0.0/1,128.0.0.0/1\n";
  const { sets, findings } = readIpSetSave(text, "f", originTable());
  expect(codes({ findings })).toEqual([]);
  expect([...sets.values()].map(({ name, members }) => [name, members.length])).toEqual([
    ["cali40all-ipam-pools", 2],
    ["p", 1],
  ]);
});

test("conntrack: entries that a flow table or a device took over are entries, and it is told", () => {
  const entry = (flag: string): string =>
    `tcp      6 src=10.0.0.1 dst=10.0.0.2 sport=4000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=4000 ${flag} mark=0 use=3\n`;
  for (const flag of ["[OFFLOAD]", "[HW_OFFLOAD]"]) {
    const { records, findings } = readConntrack(entry(flag), "f", originTable());
    expect(records.length, flag).toBe(1);
    expect(codes({ findings }), flag).toEqual(["ignored-option"]);
  }
});

test("birdc: an identifier that two routers share", () => {
  const text =
    "BIRD 1.6.8 ready.\nname     proto    table    state  since       info\nMesh_10_0_0_2 BGP      master   start  10:00:00    Idle          BGP Error: Bad BGP identifier\n";
  const { evidence, findings } = readBirdc(text, "f", originTable());
  expect(codes({ findings })).toEqual([]);
  expect(
    evidence.bgpSessions.map(({ bgpState, lastError, peer }) => [bgpState, lastError, peer && formatAddress(peer)]),
  ).toEqual([["Idle", "BGP Error: Bad BGP identifier", "10.0.0.2"]]);
});

describe("tables of objects", () => {
  const cluster = (text: string) => {
    const { resources, findings } = readTables(text, "f", originTable());
    return { findings, cluster: buildCluster(resources).cluster };
  };

  test("restarts of three words, two addresses, and columns that came later", () => {
    const text = `NAME    READY   STATUS    RESTARTS       AGE   IP              NODE     NOMINATED NODE   READINESS GATES
web-1   1/1     Running   6 (109s ago)   3d    192.168.1.5     node1    <none>           <none>
web-2   0/1     Pending   0              3d    <none>          <none>   <none>           <none>
`;
    const { pods } = cluster(text).cluster;
    expect([...pods].map(([name, { nodeName, podIPs }]) => [name, nodeName, podIPs.map(formatAddress)])).toEqual([
      ["default/web-1", "node1", ["192.168.1.5"]],
      ["default/web-2", null, []],
    ]);
  });

  test("pools of a calicoctl that has ASSIGNMENTMODE", () => {
    const text = `NAME                  CIDR             NAT    IPIPMODE   VXLANMODE     DISABLED   DISABLEBGPEXPORT   SELECTOR   ASSIGNMENTMODE
default-ipv4-ippool   192.168.0.0/16   true   Never      CrossSubnet   false      false              all()      Automatic
`;
    const { ipPools } = cluster(text).cluster;
    expect(
      [...ipPools.values()].map(({ cidr, vxlanMode, natOutgoing }) => [formatPrefix(cidr), vxlanMode, natOutgoing]),
    ).toEqual([["192.168.0.0/16", "CrossSubnet", true]]);
  });
});
