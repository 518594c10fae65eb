import fc from "fast-check";
import { expect, test } from "vitest";
import { readInterfaceRule } from "../../../src/readers/cluster/interface-rule.ts";
import { readRuleText } from "../../../src/readers/iptables/rule.ts";
import { sharedParts } from "../../../src/readers/iptables/shared-parts.ts";

const hash = fc.stringMatching(/^[\w-]{16}$/);
const words = fc.constantFrom("", "", "", "", "-p tcp ", "! ", '-m comment --comment "x" ', "-m mark --mark 0x1 ");
const name = fc.oneof(
  fc.stringMatching(/^cali[0-9a-f]{11}$/),
  fc.stringMatching(/^[\w.+!"\\ -]{0,17}$/),
  fc.constantFrom("cali8+", "+", "eth0", "eth0.100", "a-very-long-name", "!"),
);
const chain = fc.constantFrom(
  "cali-fw-cali03418cfda37",
  "cali-tw-cali8eb1cae1cb3",
  "cali-from-wl-dispatch-8",
  "ACCEPT",
  "DROP",
  "MARK",
  "other",
);
const rule = fc.record({
  hash,
  words,
  name,
  chain,
  side: fc.constantFrom("in", "out"),
  jump: fc.constantFrom("goto", "goto", "jump"),
});

test("a rule of an interface that is read sooner is the rule that the reader of all rules makes of it", () => {
  let sooner = 0;
  fc.assert(
    fc.property(rule, fc.nat(9), ({ hash, words, name, chain, side, jump }, origin) => {
      const rest = `${words}--${side}-interface ${name} --${jump} ${chain}`;
      const scope = { family: 4, isChain: (one: string) => one.startsWith("cali-"), counters: null, origin } as const;
      const comment = { name: "comment", options: { text: `cali:${hash}` } } as const;
      const read = readInterfaceRule(rest, comment, scope, sharedParts());
      if (read === null) return;
      sooner++;
      expect([read]).toStrictEqual(readRuleText(`-m comment --comment "cali:${hash}" ${rest}`, scope).rules);
    }),
    { numRuns: 2000 },
  );
  expect(sooner).toBeGreaterThan(20);
});

test("rules of pods' interfaces, whose names take all fifteen characters, are read sooner, and longer names are not", () => {
  const scope = { family: 4, isChain: (one: string) => one.startsWith("cali-"), counters: null, origin: 1 } as const;
  const comment = { name: "comment", options: { text: "cali:hash" } } as const;
  const read = (name: string) =>
    readInterfaceRule(`--in-interface ${name} --goto cali-fw-${name.slice(0, 15)}`, comment, scope, sharedParts());
  expect(read("cali8eb1cae1cb3")?.inInterface).toEqual({ pattern: "cali8eb1cae1cb3", invert: false });
  expect(read("cali8eb1cae1cb3x")).toBeNull();
});
