import { describe, expect, test } from "vitest";
import { DEFAULT_IPAM_CONFIG } from "../../../src/calico/ipam/ipam-config.ts";
import { originTable } from "../../../src/model/origin.ts";
import { formatAddress, parseAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { readIpamCheck } from "../../../src/readers/calicoctl/ipam-check.ts";
import { readIpamShow } from "../../../src/readers/calicoctl/ipam-show.ts";
import { fiveDigits, wholeNumber } from "../../../src/report/ipam/go-number.ts";
import { ipamCheckText } from "../../../src/report/ipam/ipam-check-text.ts";
import {
  ipamAddressText,
  ipamBorrowedText,
  ipamConfigurationText,
  ipamShowText,
} from "../../../src/report/ipam/ipam-show-text.ts";
import { tableText } from "../../../src/report/ipam/table-writer.ts";
import { clusterOf, nodesNamed, planOf, pod, pool } from "../../calico/ipam/declared-cluster.ts";

// printed by fmt.Sprintf("%.5g") and ("%.f") of go 1.19
test.each([
  [0, "0"],
  [64, "64"],
  [65531, "65531"],
  [65536, "65536"],
  [100000, "1e+05"],
  [131072, "1.3107e+05"],
  [1048576, "1.0486e+06"],
  [2 ** 80, "1.2089e+24"],
])("%d addresses are written %s, as Go does", (number, text) => {
  expect(fiveDigits(number)).toBe(text);
});

test.each([
  [0.5, "0"],
  [1.5, "2"],
  [2.5, "2"],
  [7.8125, "8"],
  [99.99, "100"],
])("%d percent are written %s, as Go does", (number, text) => {
  expect(wholeNumber(number)).toBe(text);
});

// printed by the library itself (Debian's golang-github-olekukonko-tablewriter-dev 0.0.5)
test.each([
  [
    ["GROUPING", "CIDR", "IPS TOTAL", "IPS IN USE"],
    [
      ["IP Pool", "10.65.0.0/16", "65536", "0 (0%)"],
      ["IP Pool", "fd00::/64", "1.8447e+19", "4 (100%)"],
    ],
    [
      "+----------+--------------+------------+------------+",
      "| GROUPING |     CIDR     | IPS TOTAL  | IPS IN USE |",
      "+----------+--------------+------------+------------+",
      "| IP Pool  | 10.65.0.0/16 |      65536 | 0 (0%)     |",
      "| IP Pool  | fd00::/64    | 1.8447e+19 | 4 (100%)   |",
      "+----------+--------------+------------+------------+",
    ],
  ],
  [
    ["IP", "BORROWING-NODE"],
    [["10.66.0.1", "node2"]],
    [
      "+-----------+----------------+",
      "|    IP     | BORROWING-NODE |",
      "+-----------+----------------+",
      "| 10.66.0.1 | node2          |",
      "+-----------+----------------+",
    ],
  ],
  [["IP", "TYPE"], [], ["+----+------+", "| IP | TYPE |", "+----+------+", "+----+------+"]],
])("a table of %j is drawn as tablewriter does", (header, rows, lines) => {
  expect(tableText(header, rows)).toBe(`${lines.join("\n")}\n`);
});

describe("of two nodes with three pods, one of them behind a borrowed address", () => {
  const nodes = nodesNamed("node1", "node2");
  const text =
    pool("a", "10.65.0.0/16", "nodeSelector: '!all()'") +
    pool("b", "10.66.0.0/30", "blockSize: 30, ipipMode: Always") +
    pod("shop/web-0", "node1") +
    pod("shop/web-1", "node2");
  const cluster = clusterOf(text);
  const plan = planOf(text, nodes);
  const pools = [...cluster.ipPools.values()];

  test("ipam show is the table of calicoctl, and podpath reads it back", () => {
    const shown = ipamShowText(pools, plan.blocks, true);
    expect(shown).toBe(
      [
        "+----------+--------------+-----------+------------+--------------+",
        "| GROUPING |     CIDR     | IPS TOTAL | IPS IN USE |   IPS FREE   |",
        "+----------+--------------+-----------+------------+--------------+",
        "| IP Pool  | 10.65.0.0/16 |     65536 | 0 (0%)     | 65536 (100%) |",
        "| IP Pool  | 10.66.0.0/30 |         4 | 4 (100%)   | 0 (0%)       |",
        "| Block    | 10.66.0.0/30 |         4 | 4 (100%)   | 0 (0%)       |",
        "+----------+--------------+-----------+------------+--------------+",
        "",
      ].join("\n"),
    );
    const { report, findings } = readIpamShow(shown, "ipam-show.txt", originTable());
    expect(findings).toEqual([]);
    expect(report.usage.map(({ grouping, cidr, inUse }) => [grouping, formatPrefix(cidr), inUse])).toEqual([
      ["pool", "10.65.0.0/16", 0],
      ["pool", "10.66.0.0/30", 4],
      ["block", "10.66.0.0/30", 4],
    ]);
  });

  test("ipam show --show-borrowed names the borrower", () => {
    const shown = ipamBorrowedText(plan.blocks);
    const { report, findings } = readIpamShow(shown, "ipam-show.txt", originTable());
    expect(findings).toEqual([]);
    expect(
      report.borrowed.map((one) => [formatAddress(one.address), one.node, one.owner, one.type, one.allocatedTo]),
    ).toEqual([
      ["10.66.0.1", "node2", "node1", "ipipTunnelAddress", ""],
      ["10.66.0.3", "node2", "node1", "pod", "shop/web-1"],
    ]);
  });

  test("ipam show --ip tells who has the address", () => {
    const show = (address: string): string => {
      const parsed = parseAddress(address);
      return parsed === null ? "" : ipamAddressText(plan.blocks, parsed);
    };
    expect(show("10.66.0.3")).toBe(
      "IP 10.66.0.3 is in use\nAttributes:\n  namespace: shop\n  node: node2\n  pod: web-1\n",
    );
    expect(show("10.65.0.1")).toBe("10.65.0.1 is not assigned\n");
  });

  test("ipam show --show-configuration tells the defaults", () => {
    const { report, findings } = readIpamShow(ipamConfigurationText(DEFAULT_IPAM_CONFIG), "f", originTable());
    expect(findings).toEqual([]);
    expect(report.settings.map(({ name, value }) => `${name} ${value}`)).toEqual([
      "StrictAffinity false",
      "AutoAllocateBlocks true",
      "MaxBlocksPerHost 0",
    ]);
  });

  test("ipam check finds nothing in what podpath gave", () => {
    const { text: checked, problems } = ipamCheckText(cluster, plan, { calico: "v3.29.2", showProblems: true });
    expect(problems).toEqual([]);
    expect(checked).toContain("Found 1 IPAM blocks.\n IPAM block 10.66.0.0/30 affinity=host:node1:\n");
    expect(checked).toContain("Workloads and nodes are using 4 IPs.");
    expect(checked).toContain("Node with most allocations has 2; median is 2");
    expect(checked).toContain("Found 0 handles with no matching IPs (and 4 handles with matches).");
    expect(checked).toMatch(/Check complete; found 0 problems\.\n$/);
    const { report, findings } = readIpamCheck(checked, "ipam-check.txt", originTable());
    expect([findings, report.problems]).toEqual([[], []]);
  });
});

test("ipam check tells of addresses that are given to nobody, of handles, and of pods outside the pools", () => {
  const block = `---\n${JSON.stringify({
    apiVersion: "crd.projectcalico.org/v1",
    kind: "IPAMBlock",
    metadata: { name: "10-66-0-0-30" },
    spec: {
      cidr: "10.66.0.0/30",
      affinity: "host:node1",
      allocations: [0, null, null, null],
      unallocated: [1, 2, 3],
      attributes: [{ handle_id: "k8s-pod-network.old", secondary: { namespace: "shop", node: "node1", pod: "gone" } }],
    },
  })}\n`;
  const handle =
    "---\napiVersion: crd.projectcalico.org/v1\nkind: IPAMHandle\nmetadata: {name: k8s-pod-network.x}\nspec: {handleID: k8s-pod-network.x, block: {10.66.0.0/30: 1}}\n";
  const text = `${pool("b", "10.66.0.0/24", "blockSize: 30")}${block}${handle}${pod("shop/far", "node1")}status: {podIP: 172.30.0.9}\n`;
  const { text: checked, problems } = ipamCheckText(clusterOf(text), planOf(text, nodesNamed("node1")), {
    calico: "v3.29.2",
    showProblems: true,
  });
  expect(checked).toContain(
    "  10.66.0.0 leaked; attrs Main:k8s-pod-network.old Extra:namespace=shop,node=node1,pod=gone\nFound 1 IPs that are allocated in IPAM but not actually in use.\n",
  );
  expect(checked).toContain("  172.30.0.9 in use by Workload(shop/node1-k8s-far-eth0) is not in any active IP pool.\n");
  expect(checked).toContain("Found 1 handles with no matching IPs (and 0 handles with matches).\n");
  expect(checked).toContain("  k8s-pod-network.old is in use in a block but doesn't exist.\n");
  expect(checked).toMatch(/Check complete; found 3 problems\.\n$/);
  expect(problems).toHaveLength(3);
  const { report, findings } = readIpamCheck(checked, "ipam-check.txt", originTable());
  expect(findings).toEqual([]);
  expect(report.problems.map(({ kind }) => kind)).toEqual([
    "leaked",
    "outside-pools",
    "handle-without-addresses",
    "handle-missing",
  ]);
});
