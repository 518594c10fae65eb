import { expect, test } from "vitest";
import { network } from "../../src/model/network.ts";
import { originAt, originFile, originTable } from "../../src/model/origin.ts";
import { nextHop, route } from "../../src/model/route.ts";
import type { Chain, Rule } from "../../src/model/ruleset.ts";
import { parsePrefix } from "../../src/net/prefix.ts";
import { readRuleText } from "../../src/readers/iptables/rule.ts";
import { citeRoute } from "../../src/report/route-text.ts";
import { citeRule } from "../../src/report/rule-text.ts";

const origins = originTable();
const line = originAt(origins, originFile(origins, "nodes/n1/iptables-save.txt"), 7);
const declared = network({ origins });

function cited(chain: string, text: string, origin = 0) {
  const made: Chain = { name: chain, policy: null, rules: [], counters: null, origin: 0 };
  const rules: readonly Rule[] = readRuleText(text, {
    family: 4,
    isChain: (name) => name.startsWith("cali-") || name.startsWith("KUBE-"),
    counters: null,
    origin,
  }).rules;
  return rules.map((rule) => citeRule(declared, { family: 4, chain: made, rule }));
}

test("a rule of a dump is cited by its line, whoever wrote it", () => {
  expect(cited("cali-FORWARD", "-j ACCEPT", line)).toEqual(["nodes/n1/iptables-save.txt:7"]);
});

test("rules that no resource asks for name the program that writes them", () => {
  expect(cited("cali-FORWARD", "-j ACCEPT")).toEqual(["written by Felix on every node"]);
  expect(cited("FORWARD", '-m comment --comment "cali:S93hcgKJrXEqnTfs" -j ACCEPT')).toEqual([
    "written by Felix on every node",
  ]);
  expect(cited("KUBE-FORWARD", "-j DROP")).toEqual(["written by kube-proxy on every node"]);
  expect(cited("INPUT", '-m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS')).toEqual([
    "written by kube-proxy on every node",
  ]);
  expect(cited("INPUT", '-m comment --comment "call: me" -j DROP')).toEqual(["not in a dump"]);
});

test("a route of BIRD's that no dump shows is what BIRD programs", () => {
  const destination = parsePrefix("192.168.1.0/26");
  if (destination === null) throw new Error("no prefix");
  const hops = [nextHop({ interface: "eth0" })];
  expect(citeRoute(declared, route({ destination, nextHops: hops, protocol: "bird" }))).toBe(
    "what BIRD programs once it has settled",
  );
  expect(citeRoute(declared, route({ destination, nextHops: hops, protocol: "kernel" }))).toBe(
    "derived, not in a dump",
  );
});
