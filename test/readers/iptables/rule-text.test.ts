import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printRule } from "../../../src/readers/iptables/print.ts";
import { readRuleText } from "../../../src/readers/iptables/rule.ts";

const scope = { family: 4, isChain: (name: string) => name === "cali-FORWARD", counters: null, origin: 7 } as const;

describe("A rule as it stands behind -A CHAIN", () => {
  it("is read with its origin, and printed as it was", () => {
    const text = '-i cali+ -m comment --comment "cali:S93hcgKJrXEqnTfs" -j cali-FORWARD';
    const { rules, problems } = readRuleText(text, scope);
    expect(problems).toEqual([]);
    expect(rules.map((rule) => [printRule(rule, 4), rule.origin])).toEqual([[text, 7]]);
  });

  it("makes no rule for the other family, and two for a list of two addresses", () => {
    expect(readRuleText("-6 -j ACCEPT", scope).rules).toEqual([]);
    expect(readRuleText("-s 10.0.0.1,10.0.0.2 -j DROP", scope).rules).toHaveLength(2);
  });

  it("says what it does not understand, whatever the text", () => {
    expect(readRuleText("-j NOWHERE", scope).problems.map(({ code }) => code)).toEqual(["undeclared-chain"]);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { rules, problems } = readRuleText(text, scope);
        return rules.length > 0 || problems.length > 0 || /-[46]|--ipv[46]/.test(text);
      }),
    );
  });
});
