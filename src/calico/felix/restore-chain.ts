import { commentedChain } from "../../model/lazy-chain.ts";
import type { Likeness } from "../../model/likeness.ts";
import { once } from "../../model/once.ts";
import { NO_ORIGIN } from "../../model/origin.ts";
import {
  type CommentedRules,
  type RestoreChain,
  type RestoreHook,
  type RestoreRule,
  type RestoreTable,
  withComments,
} from "../../model/restore-table.ts";
import { type FelixChain, type FelixHook, type FelixRule, type FelixTable, felixRuleText } from "./felix-rule.ts";
import { ruleHashes } from "./rule-hash.ts";

/** @param seed the chain's name as its hashes know it */
function hashedRules(seed: string, rules: readonly FelixRule[]): CommentedRules {
  const rests = rules.map((rule): RestoreRule => ({ text: felixRuleText(rule), origin: rule.origin ?? NO_ORIGIN }));
  const hashes = once(() =>
    ruleHashes(
      seed,
      rests.map(({ text }) => text),
    ),
  );
  return { rests, commentOf: (index) => `cali:${hashes()[index] ?? ""}` };
}

/** A chain whose rules begin with their hashes, made when somebody looks at them. */
export function restoreChain({ name, rules }: FelixChain): RestoreChain {
  return chainLater(name, () => rules);
}

/** The same of a chain whose rules have nothing but an interface and a target: `RestoreChain.leads`. */
export function leadingChain(name: string, rules: readonly FelixRule[]): RestoreChain {
  return commentedChain(name, () => hashedRules(name, rules), { leads: () => rules.map(targetOf) });
}

/** The same of a chain whose rules are not rendered yet. */
export function chainLater(name: string, render: () => readonly FelixRule[], likeness?: Likeness): RestoreChain {
  return commentedChain(name, () => hashedRules(name, render()), likeness === undefined ? {} : { likeness });
}

function restoreHook({ chain, mode, rules }: FelixHook): RestoreHook {
  return { chain, mode, rules: withComments(hashedRules(mode === "append" ? `${chain}*appends*` : chain, rules)) };
}

/** A whole table with the hash of each rule in its text. */
export function restoreTable({ name, hooks, chains }: FelixTable): RestoreTable {
  return { name, hooks: hooks.map(restoreHook), chains: chains.map(restoreChain) };
}

const TARGET = /^.*(?:^| )--(?:jump|goto) (\S+)/;

/** The chain or verdict that a rule leads to. */
function targetOf({ action }: FelixRule): string {
  return TARGET.exec(action)?.[1] ?? "";
}

function targetsOf(rules: readonly RestoreRule[]): readonly string[] {
  return rules.map(({ text }) => TARGET.exec(text)?.[1] ?? "");
}

/** Only what packets can reach is programmed: chains that no rule leads to are left out (felix/iptables/table.go, refcounts). */
export function reachableChains(
  hooks: readonly RestoreHook[],
  chains: ReadonlyMap<string, RestoreChain>,
): readonly RestoreChain[] {
  const reached = new Set<RestoreChain>();
  // what one of many alike leads to, the first of them has led to
  const alike = new Set<Likeness>();
  const visit = (targets: Iterable<string>): void => {
    for (const target of targets) {
      const chain = chains.get(target);
      if (chain === undefined || reached.has(chain)) continue;
      reached.add(chain);
      const { likeness, leads } = chain;
      if (likeness !== undefined && alike.has(likeness)) continue;
      if (likeness !== undefined) alike.add(likeness);
      visit(leads?.() ?? targetsOf(chain.commented?.().rests ?? chain.rules));
    }
  };
  for (const { rules } of hooks) visit(targetsOf(rules));
  return [...reached];
}
