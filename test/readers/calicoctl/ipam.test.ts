import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { originTable, sourceOf } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { readIpamCheck } from "../../../src/readers/calicoctl/ipam-check.ts";
import { readIpamShow } from "../../../src/readers/calicoctl/ipam-show.ts";
import { recogniseDump } from "../../../src/readers/recognise.ts";

/** As calicoctl 3.29 prints them, after its source (tablewriter). */
const BLOCKS = `+----------+--------------------+------------+------------+-------------------+
| GROUPING |        CIDR        | IPS TOTAL  | IPS IN USE |     IPS FREE      |
+----------+--------------------+------------+------------+-------------------+
| IP Pool  | 10.65.0.0/16       |      65536 | 78 (0%)    | 65458 (100%)      |
| Block    | 10.65.79.0/26      |         64 | 5 (8%)     | 59 (92%)          |
| IP Pool  | fd5f:abcd:64::/48  | 1.2089e+24 | 7 (0%)     | 1.2089e+24 (100%) |
+----------+--------------------+------------+------------+-------------------+
`;
/** Of the newest source (go-pretty), with columns that came later. */
const NEWER = `+----------+---------------+-----------+------------+--------------+-----------+-------------+
| GROUPING | CIDR          | IPS TOTAL | IPS IN USE | IPS RESERVED |  IPS FREE | IPS COOLING |
+----------+---------------+-----------+------------+--------------+-----------+-------------+
| IP Pool  | 10.65.79.0/26 |        64 |   64 (100%) |     0 (0%)  |    0 (0%) |      0 (0%) |
+----------+---------------+-----------+------------+--------------+-----------+-------------+
`;
const BORROWED = `+---------------+----------------+----------------+-------------+------+------------------------------+
|      IP       | BORROWING-NODE |     BLOCK      | BLOCK OWNER | TYPE |         ALLOCATED-TO         |
+---------------+----------------+----------------+-------------+------+------------------------------+
| 192.168.3.130 | node-2         | 192.168.3.128/26 | node-1    | pod  | default/nginx-deployment-5d  |
| 192.168.3.131 | node-2         | 192.168.3.128/26 |           | pod  | default/web                  |
+---------------+----------------+----------------+-------------+------+------------------------------+

Note: found 3 IP allocations without an explicit node association. Unable to determine if they are borrowed.
`;
const CONFIGURATION = `+--------------------+-------+
|      PROPERTY      | VALUE |
+--------------------+-------+
| StrictAffinity     | false |
| AutoAllocateBlocks | true  |
| MaxBlocksPerHost   |     0 |
+--------------------+-------+
`;

describe("calicoctl ipam show", () => {
  const read = (text: string) => readIpamShow(text, "ipam.txt", originTable());

  test.each([BLOCKS, NEWER, BORROWED, CONFIGURATION])("is recognised, and read without a complaint", (text) => {
    expect(recogniseDump(text)).toBe("ipam-show");
    expect(read(text).findings).toEqual([]);
  });

  test("tells how full pools and blocks are", () => {
    const usage = read(BLOCKS).report.usage.map((one) => [
      one.grouping,
      formatPrefix(one.cidr),
      one.total,
      one.inUse,
      one.free,
    ]);
    expect(usage).toEqual([
      ["pool", "10.65.0.0/16", 65536, 78, 65458],
      ["block", "10.65.79.0/26", 64, 5, 59],
      ["pool", "fd5f:abcd:64::/48", 1.2089e24, 7, 1.2089e24],
    ]);
    expect(read(NEWER).report.usage[0]).toMatchObject({ total: 64, inUse: 64, free: 0 });
  });

  test("tells who borrowed what of whom", () => {
    const [first, second] = read(BORROWED).report.borrowed;
    expect(first).toMatchObject({
      node: "node-2",
      owner: "node-1",
      type: "pod",
      allocatedTo: "default/nginx-deployment-5d",
    });
    expect(second?.owner).toBeNull();
    expect(first && [formatAddress(first.address), formatPrefix(first.block)]).toEqual([
      "192.168.3.130",
      "192.168.3.128/26",
    ]);
  });

  test("tells settings", () => {
    expect(read(CONFIGURATION).report.settings.map(({ name, value }) => [name, value])).toEqual([
      ["StrictAffinity", "false"],
      ["AutoAllocateBlocks", "true"],
      ["MaxBlocksPerHost", "0"],
    ]);
  });

  test("tells of one address, in the words of old and new versions", () => {
    const old = "IP 192.168.1.2 is in use\nAttributes:\n  pod: web\n  namespace: shop\n";
    const origins = originTable();
    const [told] = readIpamShow(old, "ipam.txt", origins).report.addresses;
    expect(told).toMatchObject({
      allocated: true,
      attributes: new Map([
        ["pod", "web"],
        ["namespace", "shop"],
      ]),
    });
    expect(sourceOf(origins, told?.origin ?? 0)).toEqual({ file: "ipam.txt", line: 1 });
    const recent =
      "IP 192.168.1.2 is in use\nHandle ID: k8s-pod-network.01\nActive Owner Attributes:\n  pod: web\nAlternate Owner Attributes:\n  node: n2\n";
    expect(read(recent)).toMatchObject({ findings: [], items: 1 });
    expect(read("192.168.1.9 is not assigned\n").report.addresses[0]?.allocated).toBe(false);
    expect(recogniseDump(recent)).toBe("ipam-show");
  });

  test("tells of one address with an attribute without a value, and of one that has no handle and no owner", () => {
    const empty = "IP 192.168.1.2 is in use\nHandle ID: <none>\nActive Owner Attributes:\n  node: n1\n  pod: \n";
    expect(read(empty)).toMatchObject({ findings: [], items: 1 });
    expect(read(empty).report.addresses[0]?.attributes.get("pod")).toBe("");
    const nobody = "IP fd00::2 is in use\nHandle ID: h\nNo Active Owner attributes defined\n";
    expect(read(nobody)).toMatchObject({ findings: [], items: 1 });
  });

  test("says what it does not understand", () => {
    expect(read(`${BLOCKS}and more\n| a | b |\n`).findings.map(({ code, line }) => [code, line])).toEqual([
      ["unknown-line", 8],
    ]);
  });
});

const CHECK = `Checking IPAM for inconsistencies...

Loading all IPAM blocks...
Found 2 IPAM blocks.
 IPAM block 192.168.1.0/26 affinity=host:node1:
  192.168.1.2 allocated; attrs Main:k8s-pod-network.01 Extra:namespace=shop,node=node1,pod=web
  192.168.1.9 allocated; attrs Main:k8s-pod-network.02 Extra:namespace=shop,node=node1,pod=old
 IPAM block 192.168.2.0/26 affinity=<none>:
IPAM blocks record 2 allocations.

Loading all IPAM pools...
  192.168.0.0/16
Found 1 active IP pools.

Loading all nodes.
  192.168.1.1 belongs to Node(node1)
Found 1 node tunnel IPs.

Loading all service load balancer IPs.
Found 0 service load balancer.

Loading all workload endpoints.
  192.168.1.2 belongs to Workload(shop/node1-k8s-web-eth0)
Found 2 workload IPs.
Workloads and nodes are using 2 IPs.

Loading all handles
Looking for top (up to 20) nodes by allocations...
  node1 has 2 allocations
Node with most allocations has 2; median is 2

Scanning for IPs that are allocated but not actually in use...
  192.168.1.9 leaked; attrs Main:k8s-pod-network.02 Extra:namespace=shop,node=node1,pod=old
Found 1 IPs that are allocated in IPAM but not actually in use.
Scanning for IPs that are in use by a workload or node but not allocated in IPAM...
  192.168.1.2 has multiple owners.
  10.9.9.9 in use by Workload(shop/b) is not in any active IP pool.
  192.168.1.1 in use by Node(node1) and in active IPAM pool but has no IPAM allocation.
Found 1 in-use IPs that are not in active IP pools.
Found 1 in-use IPs that are in active IP pools but have no corresponding IPAM allocation.

Scanning for IPAM handles with no matching IPs...
  k8s-pod-network.77 doesn't have any active IPs.
Found 1 handles with no matching IPs (and 2 handles with matches).
Scanning for IPs with missing handle...
Found 3 handles mentioned in blocks with no matching handle resource.
Check complete; found 7 problems.
`;

describe("calicoctl ipam check", () => {
  test("is recognised, and read without a complaint, every problem once", () => {
    expect(recogniseDump(CHECK)).toBe("ipam-check");
    const { report, findings } = readIpamCheck(CHECK, "check.txt", originTable());
    expect(findings).toEqual([]);
    expect(
      report.problems.map(({ kind, address, count, detail }) => [
        kind,
        address && formatAddress(address),
        count,
        detail,
      ]),
    ).toEqual([
      ["leaked", "192.168.1.9", 1, "Main:k8s-pod-network.02 Extra:namespace=shop,node=node1,pod=old"],
      ["several-owners", "192.168.1.2", 1, ""],
      ["outside-pools", "10.9.9.9", 1, "Workload(shop/b)"],
      ["not-allocated", "192.168.1.1", 1, "Node(node1)"],
      ["handle-without-addresses", null, 1, "k8s-pod-network.77"],
      ["handle-missing", null, 3, ""],
    ]);
    expect(report.addresses.map(({ address, attributes }) => [formatAddress(address), attributes.get("pod")])).toEqual([
      ["192.168.1.2", "web"],
      ["192.168.1.9", "old"],
    ]);
  });
});

test("a check without options tells how many, and one of a block whose attributes are gone tells the address", () => {
  const lines = CHECK.split("\n").filter(
    (line) => !/^ {2}(?:k8s|\S+ (?:leaked|allocated|belongs|has multiple|in use))/.test(line),
  );
  const read = (text: string) => readIpamCheck(text, "check.txt", originTable());
  const bare = read(lines.join("\n"));
  expect(bare.findings).toEqual([]);
  expect(bare.report.problems.map(({ kind, address, count }) => [kind, address, count])).toEqual([
    ["leaked", null, 1],
    ["outside-pools", null, 1],
    ["not-allocated", null, 1],
    ["handle-without-addresses", null, 1],
    ["handle-missing", null, 3],
  ]);
  const gone = read(
    "Checking IPAM for inconsistencies...\n  10.0.0.9 allocated; attrs <missing>\n  10.0.0.1 belongs to Reserved for Windows\n",
  );
  expect(gone.findings).toEqual([]);
  expect(gone.report.addresses.map(({ attributes }) => attributes.size)).toEqual([0]);
});

test("no text makes the readers throw, or makes more of it than it has lines", () => {
  const lines = `${BLOCKS}${BORROWED}${CONFIGURATION}${CHECK}`.split("\n");
  const text = fc
    .array(fc.oneof(fc.constantFrom(...lines), fc.string()), { maxLength: 30 })
    .map((some) => some.join("\n"));
  fc.assert(
    fc.property(text, (some) => {
      const count = some.split("\n").length;
      expect(readIpamShow(some, "f", originTable()).items).toBeLessThanOrEqual(count);
      expect(readIpamCheck(some, "f", originTable()).items).toBeLessThanOrEqual(count);
    }),
  );
});
