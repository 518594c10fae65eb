import { describe, expect, it } from "vitest";
import { felixRuleText } from "../../../src/calico/felix/felix-rule.ts";
import { policyChain } from "../../../src/calico/felix/policy-chain.ts";
import { ANY_SIDE, type PolicyRule } from "../../../src/calico/felix/policy-rule.ts";
import { settingsOf } from "./settings-fixture.ts";

const SETTINGS = settingsOf("v3.29/noencap/random-fully");

const RULE: PolicyRule = {
  action: "allow",
  family: null,
  protocol: "tcp",
  notProtocol: null,
  source: ANY_SIDE,
  destination: ANY_SIDE,
  serviceSets: [],
  icmp: null,
  notIcmp: null,
  annotations: [],
};

function texts(rule: PolicyRule, settings = SETTINGS): readonly string[] {
  return policyChain("cali-pi-x", "Policy x ingress", [rule], settings).rules.map((rendered) =>
    felixRuleText(rendered).replace('-m comment --comment "Policy x ingress" ', ""),
  );
}

function port(first: number, last = first): { readonly first: number; readonly last: number } {
  return { first, last };
}

// The layouts are those that felix/rules/policy.go writes.
describe("a policy rule that one iptables rule cannot say", () => {
  it("has a block for ports beyond fifteen slots, of which a range takes two", () => {
    const ports = [...Array.from({ length: 14 }, (_, i) => port(i + 1)), port(100, 200)];
    expect(texts({ ...RULE, destination: { ...ANY_SIDE, ports } })).toEqual([
      "--jump MARK --set-mark 0/0xc0000",
      "-p tcp -m multiport --destination-ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14 --jump MARK --set-mark 0x40000/0x40000",
      "-p tcp -m multiport --destination-ports 100:200 --jump MARK --set-mark 0x40000/0x40000",
      "-p tcp -m mark --mark 0x40000/0x40000 --jump MARK --set-mark 0x10000/0x10000",
    ]);
  });

  it("joins the second positive block through the other scratch bit, and negated networks clear the first", () => {
    const rule: PolicyRule = {
      ...RULE,
      source: { ...ANY_SIDE, nets: ["10.0.0.0/8", "11.0.0.0/8"], notNets: ["10.1.0.0/16", "10.2.0.0/16"] },
      destination: { ...ANY_SIDE, nets: ["12.0.0.0/8", "13.0.0.0/8"] },
    };
    expect(texts(rule)).toEqual([
      "--jump MARK --set-mark 0/0xc0000",
      "--source 10.0.0.0/8 --jump MARK --set-mark 0x40000/0x40000",
      "--source 11.0.0.0/8 --jump MARK --set-mark 0x40000/0x40000",
      "--destination 12.0.0.0/8 --jump MARK --set-mark 0x80000/0x80000",
      "--destination 13.0.0.0/8 --jump MARK --set-mark 0x80000/0x80000",
      "-m mark --mark 0/0x80000 --jump MARK --set-mark 0/0x40000",
      "--source 10.1.0.0/16 --jump MARK --set-mark 0/0x40000",
      "--source 10.2.0.0/16 --jump MARK --set-mark 0/0x40000",
      "-p tcp -m mark --mark 0x40000/0x40000 --jump MARK --set-mark 0x10000/0x10000",
    ]);
  });

  it("starts from a set bit where only negated networks need a block", () => {
    const rule: PolicyRule = { ...RULE, destination: { ...ANY_SIDE, nets: ["10.0.0.0/8"], notNets: ["10.1.0.0/16"] } };
    expect(texts(rule)).toEqual([
      "--jump MARK --set-mark 0x40000/0xc0000",
      "--destination 10.1.0.0/16 --jump MARK --set-mark 0/0x40000",
      "-p tcp --destination 10.0.0.0/8 -m mark --mark 0x40000/0x40000 --jump MARK --set-mark 0x10000/0x10000",
    ]);
  });

  it("asks a numeric and a named port as alternatives", () => {
    const destination = { ...ANY_SIDE, ports: [port(80)], namedPortSets: ["n:abc"] };
    expect(texts({ ...RULE, destination })).toEqual([
      "--jump MARK --set-mark 0/0xc0000",
      "-p tcp -m multiport --destination-ports 80 --jump MARK --set-mark 0x40000/0x40000",
      "-m set --match-set cali40n:abc dst,dst --jump MARK --set-mark 0x40000/0x40000",
      "-p tcp -m mark --mark 0x40000/0x40000 --jump MARK --set-mark 0x10000/0x10000",
    ]);
  });
});

describe("a policy rule of one family", () => {
  it("is left out where none of its networks is of the family", () => {
    const rule: PolicyRule = { ...RULE, source: { ...ANY_SIDE, nets: ["fd00::/8"] } };
    expect(texts(rule)).toEqual([`-m comment --comment "Policy x ingress"`]);
    expect(texts(rule, { ...SETTINGS, family: 6 })).toEqual([
      "-p tcp --source fd00::/8 --jump MARK --set-mark 0x10000/0x10000",
    ]);
  });

  it("denies at once before v3.30, and through the drop bit since", () => {
    expect(texts({ ...RULE, action: "deny" })).toEqual(["-p tcp --jump DROP"]);
    expect(texts({ ...RULE, action: "deny" }, settingsOf("v3.30/noencap/random-fully"))).toEqual([
      "-p tcp --jump MARK --set-mark 0x40000/0x40000",
      "-m mark --mark 0x40000/0x40000 --jump DROP",
    ]);
  });
});
