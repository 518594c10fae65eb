import type { FuzzCase, FuzzTables, HostRuleset } from "./case.ts";
import type { Disagreement, Runner } from "./runner.ts";

type Chains = FuzzTables[number]["chains"];

/** Every smaller case, the most daring first. */
function* smaller(from: FuzzCase): Iterable<FuzzCase> {
  for (let i = 0; i < from.rulesets.length; i++) yield { ...from, rulesets: without(from.rulesets, i) };
  for (let i = from.sequence.length - 1; i >= 0; i--) {
    if (from.sequence.length > 1) yield { ...from, sequence: without(from.sequence, i) };
  }
  const rulesets = function* (shorten: (ruleset: HostRuleset) => Iterable<HostRuleset>): Iterable<FuzzCase> {
    for (const [index, ruleset] of from.rulesets.entries()) {
      for (const shorter of shorten(ruleset)) yield { ...from, rulesets: replaced(from.rulesets, index, shorter) };
    }
  };
  yield* rulesets(fewerParts);
  yield* rulesets(fewerRules);
  for (const world of from.world.smaller()) yield { ...from, world };
  yield* rulesets(shorterRulesOf);
}

/** Without a table, the sets, a chain or its rules. */
function* fewerParts(from: HostRuleset): Iterable<HostRuleset> {
  for (let i = 0; i < from.tables.length; i++) yield { ...from, tables: without(from.tables, i) };
  if (from.sets !== "") yield { ...from, sets: "" };
  const { native, ...rest } = from;
  if (native !== undefined) {
    yield rest;
    const lines = native.split("\n");
    for (let i = 0; i < lines.length; i++) yield { ...from, native: without(lines, i).join("\n") };
    for (const rule of native.matchAll(/(?<=[{;] )[^{};]+;(?= )/g)) {
      yield { ...from, native: native.slice(0, rule.index) + native.slice(rule.index + rule[0].length) };
    }
  }
  for (const [chains, put] of chainsOf(from)) {
    for (const [c, chain] of chains.entries()) {
      if (chain.rules.length > 0) yield put(replaced(chains, c, { ...chain, rules: [] }));
      if (chain.policy === null) yield put(without(chains, c));
      if (chain.policy === "DROP") yield put(replaced(chains, c, { ...chain, policy: "ACCEPT" }));
    }
  }
}

function* fewerRules(from: HostRuleset): Iterable<HostRuleset> {
  for (const [chains, put] of chainsOf(from)) {
    for (const [c, chain] of chains.entries()) {
      for (let r = 0; r < chain.rules.length; r++) {
        yield put(replaced(chains, c, { ...chain, rules: without(chain.rules, r) }));
      }
    }
  }
}

function* shorterRulesOf(from: HostRuleset): Iterable<HostRuleset> {
  for (const [chains, put] of chainsOf(from)) {
    for (const [c, chain] of chains.entries()) {
      for (const [r, rule] of chain.rules.entries()) {
        for (const shorter of shorterRules(rule)) {
          yield put(replaced(chains, c, { ...chain, rules: replaced(chain.rules, r, shorter) }));
        }
      }
    }
  }
}

/** The chains of each table, and the ruleset with others in their place. */
function chainsOf(from: HostRuleset): readonly (readonly [Chains, (chains: Chains) => HostRuleset])[] {
  return from.tables.map((table, index) => [
    table.chains,
    (chains) => ({ ...from, tables: replaced(from.tables, index, { ...table, chains }) }),
  ]);
}

/** The rule without one of its selectors or matches. */
function* shorterRules(rule: string): Iterable<string> {
  const parts = rule.split(/ (?=(?:! )?-[a-z] )/);
  for (let i = 0; i < parts.length; i++) {
    if (/^-[jg] /.test(parts[i] ?? "")) continue;
    yield without(parts, i).join(" ");
  }
}

function without<T>(list: readonly T[], index: number): readonly T[] {
  return list.filter((_, i) => i !== index);
}

function replaced<T>(list: readonly T[], index: number, item: T): readonly T[] {
  return list.map((other, i) => (i === index ? item : other));
}

/** Makes a disagreement as small as it stays one, within so many tries. */
export async function shrink(runner: Runner, found: Disagreement, tries = 400): Promise<Disagreement> {
  let best = found;
  let left = tries;
  for (let again = true; again && left > 0; ) {
    again = false;
    for (const candidate of smaller(best.case)) {
      if (left-- <= 0) break;
      let result: readonly Disagreement[];
      try {
        // A copy, because a world that was changed or used up is built anew.
        result = await runner.run({ ...candidate.world }, candidate.rulesets, [candidate.sequence]);
      } catch {
        continue;
      }
      const [first] = result;
      if (first === undefined || !sameKind(first, best)) continue;
      best = first;
      again = true;
      break;
    }
  }
  return best;
}

/** About the same thing: what is compared stands before the colon, and an outcome must differ in the same way. */
function sameKind(x: Disagreement, y: Disagreement): boolean {
  const kind = ({ differences }: Disagreement): string => {
    const first = (differences[0] ?? "").replace(/\d+/g, "#");
    return first.startsWith("outcome") ? first : first.replace(/:.*/, "").slice(0, 12);
  };
  return kind(x) === kind(y);
}
