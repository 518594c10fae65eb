import { BUILT_IN_CHAINS, type Chain, isTableName, type Rule, type TableName } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { printRule } from "../iptables/print.ts";
import { readRule } from "../iptables/rule.ts";
import type { Word } from "../iptables/words.ts";
import type { Command, CommandContext, CommandResult } from "./command.ts";
import { programOf, rulesetOf, tableOf, withTables } from "./ruleset-of.ts";

const ACTIONS: ReadonlyMap<string, string> = new Map([
  ["--append", "-A"],
  ["--insert", "-I"],
  ["--delete", "-D"],
  ["--replace", "-R"],
  ["--policy", "-P"],
  ["--flush", "-F"],
  ["--new-chain", "-N"],
  ["--delete-chain", "-X"],
  ["--zero", "-Z"],
]);

const EXPECTED = "-A, -I, -D, -R, -P, -F, -N or -X with a chain";

interface Edit {
  readonly table: TableName;
  readonly family: Family;
  readonly chains: Map<string, Chain>;
  readonly context: CommandContext;
}

/**
 * `iptables` and `ip6tables`, with the options that change rules (iptables/iptables.c do_command4): what they refuse is refused, and
 * then nothing is changed.
 */
export const iptables: Command = (words, host, context) => {
  const { family, backend } = programOf(words[0]?.text ?? "");
  const given = withoutTable(words.slice(1));
  if ("problem" in given) return given;
  const [first, second, ...rest] = given.words;
  const action = ACTIONS.get(first?.text ?? "") ?? first?.text ?? "";
  const ruleset = rulesetOf(host, family, backend);
  const table = tableOf(ruleset, given.table);
  const edit: Edit = { table: given.table, family, chains: new Map(table.chains), context };
  const problem = change(action, second, rest, edit);
  if (problem !== null) return problem;
  return { host: withTables(host, ruleset, [{ name: table.name, chains: edit.chains }]) };
};

type Problem = Extract<CommandResult, { readonly problem: string }>;

/** Options that stand anywhere: the table, and waiting for the lock. */
function withoutTable(
  words: readonly Word[],
): { readonly table: TableName; readonly words: readonly Word[] } | Problem {
  const rest: Word[] = [];
  let table = "filter";
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === undefined) break;
    if (word.text === "-t" || word.text === "--table") table = words[++i]?.text ?? "";
    else if (word.text === "-w" || word.text === "--wait") {
      if (/^\d+$/.test(words[i + 1]?.text ?? "")) i++;
    } else rest.push(word);
  }
  if (!isTableName(table))
    return { problem: `there is no table ${table}`, expected: "raw, mangle, nat, filter or security" };
  return { table, words: rest };
}

function change(action: string, chainWord: Word | undefined, rest: readonly Word[], edit: Edit): Problem | null {
  const { chains, table } = edit;
  if (action === "-F" || action === "-X" || action === "-Z") return wholeChains(action, chainWord, edit);
  if (chainWord === undefined) return { problem: "the chain is missing", expected: EXPECTED };
  const name = chainWord.text;
  const chain = chains.get(name);
  if (action === "-N") {
    if (chain !== undefined) return { problem: `the chain ${name} exists already` };
    chains.set(name, { name, policy: null, rules: [], counters: null, origin: edit.context.origin });
    return null;
  }
  if (chain === undefined) return { problem: `table ${table} has no chain ${name}`, column: chainWord.column };
  switch (action) {
    case "-P":
      return setPolicy(chain, rest[0]?.text ?? "", edit);
    case "-A":
    case "-I": {
      const number = action === "-I" ? (positionIn(rest) ?? 1) : chain.rules.length + 1;
      if (number < 1 || number > chain.rules.length + 1)
        return { problem: `${name} has no place ${number} for a rule` };
      const read = rulesIn(action === "-I" && positionIn(rest) !== null ? rest.slice(1) : rest, edit);
      if ("problem" in read) return read;
      chains.set(name, { ...chain, rules: chain.rules.toSpliced(number - 1, 0, ...read.rules) });
      return null;
    }
    case "-R": {
      const number = positionIn(rest);
      if (number === null || number < 1 || number > chain.rules.length)
        return { problem: `${name} has no rule ${number ?? ""}` };
      const read = rulesIn(rest.slice(1), edit);
      if ("problem" in read) return read;
      chains.set(name, { ...chain, rules: chain.rules.toSpliced(number - 1, 1, ...read.rules) });
      return null;
    }
    case "-D":
      return deleteRules(chain, rest, edit);
    default:
      return { problem: `${action || "nothing"} changes no rules`, expected: EXPECTED };
  }
}

/** `-F`, `-X` and `-Z`, of one chain or of all. */
function wholeChains(action: string, chainWord: Word | undefined, { chains, table }: Edit): Problem | null {
  const name = chainWord?.text;
  if (name !== undefined && !chains.has(name)) return { problem: `table ${table} has no chain ${name}` };
  const chosen = [...chains.values()].filter((chain) => name === undefined || chain.name === name);
  if (action === "-Z") return null;
  if (action === "-F") {
    for (const chain of chosen) chains.set(chain.name, { ...chain, rules: [] });
    return null;
  }
  const own = chosen.filter((chain) => !BUILT_IN_CHAINS[table].includes(chain.name));
  if (name !== undefined && own.length === 0)
    return { problem: `${name} is a chain of the kernel's and cannot be deleted` };
  for (const chain of own) {
    if (chain.rules.length > 0) return { problem: `the chain ${chain.name} is not empty` };
    const user = [...chains.values()].find((other) => other.rules.some((rule) => leadsTo(rule, chain.name)));
    if (user !== undefined) return { problem: `rules of ${user.name} lead to ${chain.name}` };
  }
  for (const chain of own) chains.delete(chain.name);
  return null;
}

function leadsTo({ target }: Rule, chain: string): boolean {
  return (target?.kind === "jump" || target?.kind === "goto") && target.chain === chain;
}

function setPolicy(chain: Chain, policy: string, { chains, context }: Edit): Problem | null {
  if (chain.policy === null) return { problem: `${chain.name} is no chain of the kernel's: it has no policy` };
  if (policy !== "ACCEPT" && policy !== "DROP")
    return { problem: `“${policy}” is no policy`, expected: "ACCEPT or DROP" };
  chains.set(chain.name, { ...chain, policy, origin: context.origin });
  return null;
}

function deleteRules(chain: Chain, rest: readonly Word[], edit: Edit): Problem | null {
  const number = rest.length === 1 ? positionIn(rest) : null;
  if (number !== null) {
    if (number < 1 || number > chain.rules.length) return { problem: `${chain.name} has no rule ${number}` };
    edit.chains.set(chain.name, { ...chain, rules: chain.rules.toSpliced(number - 1, 1) });
    return null;
  }
  const read = rulesIn(rest, edit);
  if ("problem" in read) return read;
  let { rules } = chain;
  for (const unwanted of read.rules) {
    const text = printRule({ ...unwanted, counters: null }, edit.family);
    const index = rules.findIndex((rule) => printRule({ ...rule, counters: null }, edit.family) === text);
    if (index < 0) return { problem: `${chain.name} has no such rule` };
    rules = rules.toSpliced(index, 1);
  }
  edit.chains.set(chain.name, { ...chain, rules });
  return null;
}

function positionIn(words: readonly Word[]): number | null {
  const word = words[0]?.text ?? "";
  return /^\d+$/.test(word) ? Number(word) : null;
}

function rulesIn(
  words: readonly Word[],
  { family, chains, context }: Edit,
): { readonly rules: readonly Rule[] } | Problem {
  const { rules, problems } = readRule(words, {
    family,
    isChain: (name) => chains.has(name),
    counters: null,
    origin: context.origin,
  });
  const wrong = problems.find((problem) => problem.severity !== "info");
  if (wrong === undefined) return { rules };
  return {
    problem: wrong.message,
    column: wrong.column,
    ...(wrong.expected === undefined ? {} : { expected: wrong.expected }),
  };
}
