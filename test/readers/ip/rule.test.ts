import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { defaultPolicyRules, policyRule } from "../../../src/model/policy-rule.ts";
import { parsePrefix } from "../../../src/net/prefix.ts";
import { readRoutes } from "../../../src/readers/ip/route.ts";
import { readPolicyRules } from "../../../src/readers/ip/rule.ts";
import { codes, fixture, withoutOrigin } from "../fixture.ts";

const read = (text: string, family: 4 | 6 = 4) => readPolicyRules(text, "f", originTable(), family);

test.each<[string, string, 4 | 6]>([
  ["rule.txt", "rule.json.txt", 4],
  ["rule.txt", "rule-detailed.txt", 4],
  ["rule-v6.txt", "rule-v6.json.txt", 6],
])("%s says the same as %s", (text, json, family) => {
  const rules = read(fixture(`ip/fixtures/${text}`), family).rules;
  expect(rules.length).toBeGreaterThan(20);
  expect(withoutOrigin(rules)).toEqual(withoutOrigin(read(fixture(`ip/fixtures/${json}`), family).rules));
});

test("the kernel's own rules read as the model's defaults", () => {
  const four = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n";
  expect(withoutOrigin(read(four).rules)).toEqual(withoutOrigin(defaultPolicyRules(4)));
  expect(withoutOrigin(read("0: from all lookup local\n32766: from all lookup main", 6).rules)).toEqual(
    withoutOrigin(defaultPolicyRules(6)),
  );
});

test("Calico's WireGuard rule", () => {
  expect(read("99:\tnot from all fwmark 0x200000/0x200000 lookup 1").rules).toEqual([
    policyRule({
      family: 4,
      priority: 99,
      not: true,
      mark: { value: 0x200000, mask: 0x200000 },
      action: { kind: "lookup", table: 1 },
      origin: 1,
    }),
  ]);
});

test("every selector lands in its field", () => {
  const line =
    "7: from 10.0.0.0/8 to 10.1.2.3 tos 0x10 fwmark 0x5 iif eth0 oif eth1 [detached] uidrange 0-100 ipproto tcp sport 80 dport 1000-2000 lookup main suppress_prefixlength 0";
  expect(read(line)).toMatchObject({
    findings: [],
    rules: [
      {
        from: parsePrefix("10.0.0.0/8"),
        to: parsePrefix("10.1.2.3"),
        tos: 0x10,
        mark: { value: 5, mask: 0xffffffff },
        inInterface: "eth0",
        outInterface: "eth1",
        uidRange: { first: 0, last: 100 },
        protocol: 6,
        sport: { first: 80, last: 80 },
        dport: { first: 1000, last: 2000 },
        suppressPrefixLength: 0,
        action: { kind: "lookup", table: 254 },
      },
    ],
  });
});

test.each([
  ["1: from all frobnicate lookup 9", "frobnicate"],
  ["1: from xx.xx.1.2 lookup 9", "from xx.xx.1.2"],
  ["1: from all fwmark lots lookup 9", "fwmark lots"],
  ["1: from all flowlabel 0x5 lookup 9", "flowlabel 0x5"],
])("%s keeps its action; what it selects is unknown", (line, unmodelled) => {
  const dump = read(line);
  expect(dump.rules).toMatchObject([{ unmodelled, action: { kind: "lookup", table: 9 } }]);
  expect(codes(dump)).toEqual(["unmodelled-rule"]);
});

test.each([
  ["1: from all lookup [l3mdev-table]", "lookup [l3mdev-table]"],
  ["1: from all", "no action"],
  ["1: from all lookup", "an action without its value"],
  ["1: from all unicast", "unicast"],
])("%s is kept, with an action that is not modelled", (line, text) => {
  const dump = read(line);
  expect(dump.rules[0]?.action).toEqual({ kind: "unmodelled", text });
  expect(codes(dump)).toEqual(["unmodelled-rule"]);
});

test("the selectors of newer kernels land in their fields", () => {
  const lines = [
    "1: from all tun_id 5 lookup 9",
    "2: from all lookup main suppress_ifgroup default realms 3/4",
    "3: from all dscp AF11 lookup 9",
    "4: from all dscp 0x0a/0x0f lookup 9",
  ];
  expect(read(lines.join("\n"))).toMatchObject({
    findings: [],
    rules: [
      { tunnelId: "5" },
      { suppressGroup: 0, realms: "3/4" },
      { dscp: { value: 10, mask: 0x3f } },
      { dscp: { value: 10, mask: 0x0f } },
    ],
  });
});

test("a table that only the machine can name is the same one as in its routes", () => {
  const table = readRoutes("10.0.0.0/8 dev eth0 table mgmt", "f", originTable()).routes[0]?.table;
  expect(read("1: from all lookup mgmt").rules[0]?.action).toEqual({ kind: "lookup", table });
});

test("other lines are reported", () => {
  expect(read("hello\n0: from all lookup local")).toMatchObject({
    rules: [{ priority: 0 }],
    findings: [{ code: "unknown-line", line: 1 }],
  });
});
