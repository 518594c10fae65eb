import fc from "fast-check";
import { expect, test } from "vitest";
import { withComments } from "../../../src/model/restore-table.ts";
import { readCommentedRules } from "../../../src/readers/cluster/commented-rules.ts";
import { readRuleText } from "../../../src/readers/iptables/rule.ts";
import { sharedParts } from "../../../src/readers/iptables/shared-parts.ts";

const word = fc.constantFrom(
  "-m conntrack --ctstate RELATED,ESTABLISHED",
  "-m mark --mark 0x10000/0x10000",
  "-m limit --limit 10/sec",
  "-m statistic --mode nth --every 3 --packet 1",
  "-m set --match-set cali40s:x src",
  '-m comment --comment "Return if policy accepted"',
  "-p tcp",
  "-p 17 -m multiport --destination-ports 4789",
  "--dport 80",
  "--in-interface cali1+",
  "--out-interface eth0",
  "--source 10.0.0.0/8",
  "--source 10.0.0.1,10.0.0.2",
  "--jump RETURN",
  "--jump MARK --set-mark 0x10000/0x10000",
  "--jump CT --notrack",
  "--goto cali-tw-cali8eb1cae1cb3",
  "--jump NOBODY-KNOWS",
  "--comment x",
  "--words y",
  "!",
  "z",
  "-6",
);
const rest = fc.record({
  text: fc.array(word, { maxLength: 4 }).map((words) => words.join(" ")),
  origin: fc.nat(9),
});

test("rules whose comments are made later are those that the reader makes of the whole lines", () => {
  fc.assert(
    fc.property(fc.array(rest, { maxLength: 6 }), fc.constantFrom(4, 6), (rests, family) => {
      const shared = sharedParts();
      const scope = { family, isChain: (one: string) => one.startsWith("cali-"), counters: null, shared } as const;
      const commented = { rests, commentOf: (index: number) => `cali:${String(index).padStart(16, "-")}` };
      const whole = withComments(commented);
      const wanted = whole.flatMap(({ text, origin }) => readRuleText(text, { ...scope, origin }).rules);
      // the second time nothing is read anew
      for (let i = 0; i < 2; i++) expect(readCommentedRules(commented, scope)).toEqual(wanted);
    }),
    { numRuns: 1000 },
  );
});

test("a comment that nobody reads is not made, and rules that remember something share nothing", () => {
  let made = 0;
  const commentOf = (): string => {
    made++;
    return "cali:hash";
  };
  const rests = ["-m mark --mark 0x1 --jump RETURN", "-m limit --limit 10/sec --jump RETURN"];
  const scope = { family: 4, isChain: () => false, counters: null, shared: sharedParts() } as const;
  const read = (): ReturnType<typeof readCommentedRules> =>
    readCommentedRules({ rests: rests.map((text) => ({ text, origin: 0 })), commentOf }, scope);
  const [one, other] = [read(), read()];
  expect(made).toBe(0);
  expect(one[0]?.matches[1]).toBe(other[0]?.matches[1]);
  expect(one[1]?.matches[1]).not.toBe(other[1]?.matches[1]);
  expect(one[1]?.matches[0]).toEqual({ name: "comment", options: { text: "cali:hash" } });
  expect(made).toBeGreaterThan(0);
});
