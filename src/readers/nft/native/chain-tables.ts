import { type Origin, type OriginTable, originAt } from "../../../model/origin.ts";
import type { Chain, ChainTable, Rule } from "../../../model/ruleset.ts";
import type { Family } from "../../../net/address.ts";
import type { FoundChain } from "../found-chain.ts";
import type { RuleContext } from "./expression.ts";
import type { NativeChain, NativeRule, NativeSet, NativeTable } from "./native-table.ts";
import { readNativeRule } from "./rule.ts";
import { type Token, tokensOf } from "./token.ts";

/** A table of nft's own as packets of each family meet it, and its rules that podpath models in part only. */
export interface ChainTables {
  readonly tables: { readonly [F in Family]: ChainTable };
  readonly unread: readonly NativeRule[];
}

/** More rules than that for one table are not made. */
const MOST = 20_000;

/** The chains of a table as packets of each family meet them; null for a table that is too large. */
export function chainTables(
  table: NativeTable,
  bases: readonly FoundChain[],
  origins: OriginTable,
  file: number,
): ChainTables | null {
  const unread = new Map<string, NativeRule>();
  const sets = readSets(table);
  let count = 0;
  const ofFamily = (family: Family): ChainTable => {
    const chains = new Map<string, Chain>();
    // packets of the other family never come to a table of family ip or ip6
    const met = table.family === "inet" || table.family === (family === 4 ? "ip" : "ip6") ? table.chains : [];
    const context: RuleContext = { family, sets };
    for (const chain of met) {
      const origin = (line: number): Origin => originAt(origins, file, line);
      const rules = chain.rules.flatMap((rule, index) => {
        if (count > MOST) return [];
        const listed = { ...rule, tokens: wordsOf(rule.text), index: index + 1 };
        const made = readNativeRule(listed, context, origin(rule.line)).map((one) => withKnownEnd(one, table));
        count += made.length;
        if (made.some(isDoubtful)) unread.set(`${chain.name} ${index}`, rule);
        return made;
      });
      chains.set(chain.name, chainOf(chain, rules, bases, origin(chain.line)));
    }
    return { name: `${table.family} ${table.name}`, chains };
  };
  const tables = { 4: ofFamily(4), 6: ofFamily(6) };
  return count > MOST ? null : { tables, unread: [...unread.values()] };
}

/** A jump to a chain that is not there is a question: nft takes none. */
function withKnownEnd(rule: Rule, { chains }: NativeTable): Rule {
  const { target } = rule;
  if (target?.kind !== "jump" && target?.kind !== "goto") return rule;
  if (chains.some(({ name }) => name === target.chain)) return rule;
  const text = `${target.kind} ${target.chain}`;
  return { ...rule, target: { kind: "extension", call: { name: "nft", options: { text } } } };
}

/** The words of a text that stands on one line. */
function wordsOf(text: string): readonly Token[] {
  return tokensOf([{ number: 1, text }]).filter(({ kind }) => kind !== "line");
}

/** The sets by name; a set that rules add to or delete from is dynamic, whatever its flags say. */
function readSets({ sets, chains }: NativeTable): RuleContext["sets"] {
  const changed = new Set<string>();
  for (const { rules } of chains) {
    for (const { text } of rules) {
      for (const [, name = ""] of text.matchAll(/(?:^| )(?:add|update|delete) @(\S+)/g)) changed.add(name);
    }
  }
  const read = ([name, { elements, isDynamic }]: readonly [string, NativeSet]) => {
    return [name, { elements: wordsOf(elements.join(", ")), dynamic: isDynamic || changed.has(name) }] as const;
  };
  return new Map([...sets].map(read));
}

function chainOf(chain: NativeChain, rules: readonly Rule[], bases: readonly FoundChain[], origin: Origin): Chain {
  const base = bases.find((one) => one.chain === chain.name);
  const plain = { name: chain.name, rules, counters: null, origin };
  if (base === undefined) return { ...plain, policy: null };
  const { type, hook, priority, policy } = base;
  return {
    ...plain,
    policy: policy === "drop" ? "DROP" : "ACCEPT",
    nft: `type ${type} hook ${hook} priority ${priority}; policy ${policy};`,
  };
}

/** A rule with a test or an end that is not understood. */
function isDoubtful({ matches, target }: Rule): boolean {
  return (
    matches.some(({ name, options }) => name === "nft" && options.kind === "unmodelled") ||
    (target?.kind === "extension" && target.call.name === "nft")
  );
}
