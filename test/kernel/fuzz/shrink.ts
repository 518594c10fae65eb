import type { FuzzCase } from "./case.ts";
import type { Disagreement, Runner } from "./runner.ts";

type Chains = FuzzCase["tables"][number]["chains"];

/** Every smaller case, the most daring first. */
function* smaller(from: FuzzCase): Iterable<FuzzCase> {
  for (let i = 0; i < from.tables.length; i++) yield { ...from, tables: without(from.tables, i) };
  if (from.sets !== "") yield { ...from, sets: "" };
  for (let i = from.sequence.length - 1; i >= 0; i--) {
    if (from.sequence.length > 1) yield { ...from, sequence: without(from.sequence, i) };
  }
  for (const [t, table] of from.tables.entries()) {
    const replaced = (chains: Chains): FuzzCase => ({
      ...from,
      tables: from.tables.map((other, index) => (index === t ? { ...table, chains } : other)),
    });
    for (const [c, chain] of table.chains.entries()) {
      if (chain.rules.length > 0)
        yield replaced(table.chains.map((other, i) => (i === c ? { ...chain, rules: [] } : other)));
      if (chain.policy === null) yield replaced(without(table.chains, c));
      if (chain.policy === "DROP")
        yield replaced(table.chains.map((other, i) => (i === c ? { ...chain, policy: "ACCEPT" } : other)));
    }
    for (const [c, chain] of table.chains.entries()) {
      for (let r = 0; r < chain.rules.length; r++) {
        yield replaced(
          table.chains.map((other, i) => (i === c ? { ...chain, rules: without(chain.rules, r) } : other)),
        );
      }
    }
  }
  const { world } = from;
  for (let i = 0; i < world.rules.length; i++) yield { ...from, world: { ...world, rules: without(world.rules, i) } };
  for (let i = 0; i < world.routes.length; i++)
    yield { ...from, world: { ...world, routes: without(world.routes, i) } };
  for (const key of Object.keys(world.sysctls)) {
    if (key === "net.ipv4.ip_forward") continue;
    const rest = Object.fromEntries(Object.entries(world.sysctls).filter(([name]) => name !== key));
    yield { ...from, world: { ...world, sysctls: rest } };
  }
  for (const [t, table] of from.tables.entries()) {
    for (const [c, chain] of table.chains.entries()) {
      for (const [r, rule] of chain.rules.entries()) {
        for (const shorter of shorterRules(rule)) {
          const rules = chain.rules.map((other, i) => (i === r ? shorter : other));
          const chains = table.chains.map((other, i) => (i === c ? { ...chain, rules } : other));
          yield { ...from, tables: from.tables.map((other, i) => (i === t ? { ...table, chains } : other)) };
        }
      }
    }
  }
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
        result = await runner.run({ ...candidate.world }, candidate, [candidate.sequence]);
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

/** About the same thing: what is compared stands before the colon. */
function sameKind(x: Disagreement, y: Disagreement): boolean {
  const kind = ({ differences }: Disagreement): string =>
    (differences[0] ?? "").replace(/:.*/, "").replace(/\d+/g, "#").slice(0, 12);
  return kind(x) === kind(y);
}
