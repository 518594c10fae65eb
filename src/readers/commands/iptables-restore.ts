import { BUILT_IN_CHAINS, type Chain, type Ruleset, type Table, type TableName } from "../../model/ruleset.ts";
import { readIptablesSave } from "../iptables/save.ts";
import type { Command } from "./command.ts";
import { programOf, rulesetOf, tableOf, withTables } from "./ruleset-of.ts";

/**
 * `iptables-restore [--noflush] FILE`, also `< FILE`. Without `--noflush` each table of the file is emptied first; with it, rules are
 * appended, the kernel's chains get the policies of the file, and chains of its own that the file declares are emptied
 * (iptables/iptables-restore.c; held against the real one).
 */
export const iptablesRestore: Command = (words, host, context) => {
  const { family, backend } = programOf(words[0]?.text ?? "");
  const options = words.slice(1).map(({ text }) => text);
  const keeps = options.some((word) => word === "-n" || word === "--noflush");
  const known = new Set(["-n", "--noflush", "-c", "--counters", "-w", "--wait", "-v", "--verbose", "<"]);
  const [path, ...others] = options.filter((word) => !known.has(word) && !/^\d+$/.test(word));
  if (path === undefined || others.length > 0 || path.startsWith("-")) {
    return { problem: "it is not said which file is loaded", expected: "iptables-restore [--noflush] FILE" };
  }
  const text = context.file(path);
  if (text === null) return { problem: `there is no file ${path}`, expected: "a file beside the scenario" };
  const ruleset = rulesetOf(host, family, backend);
  const save = readIptablesSave({ text, file: path, family, backend: ruleset.backend }, context.origins);
  const wrong = save.findings.find(({ severity }) => severity === "error");
  if (wrong !== undefined) {
    return { problem: `${path}${wrong.line === undefined ? "" : `:${wrong.line}`}: ${wrong.message}` };
  }
  const read = save.rulesets.flatMap(({ tables }) => [...tables.values()]);
  if (read.length === 0) return { problem: `${path} holds no table`, expected: "the output of iptables-save" };
  const declared = declaredChains(text);
  const missing = read.flatMap(({ name, chains }) =>
    [...chains.keys()].filter((chain) => !isThere(name, chain) && !declared.has(`${name} ${chain}`)),
  );
  function isThere(table: TableName, chain: string): boolean {
    return BUILT_IN_CHAINS[table].includes(chain) || (keeps && tableOf(ruleset, table).chains.has(chain));
  }
  if (missing.length > 0)
    return { problem: `${path}: there is no chain ${missing[0]}`, expected: `:${missing[0]} - [0:0]` };
  const tables = read.map((table) => {
    const old = tableOf(ruleset, table.name);
    return keeps ? joined(old, table, declared) : whole(table, old, ruleset.backend, declared);
  });
  return { host: withTables(host, ruleset, tables) };
};

/**
 * A table of the file alone. Chains of the kernel's that it does not name are empty; legacy tables keep their policies, those of nft are
 * made anew.
 */
function whole(table: Table, old: Table, backend: Ruleset["backend"], declared: ReadonlySet<string>): Table {
  const chains = new Map<string, Chain>();
  for (const name of BUILT_IN_CHAINS[table.name]) {
    const policy = backend === "legacy" ? (old.chains.get(name)?.policy ?? "ACCEPT") : "ACCEPT";
    const rest: Chain = { name, policy, rules: [], counters: null, origin: 0 };
    const written = table.chains.get(name) ?? rest;
    chains.set(name, declared.has(`${table.name} ${name}`) ? written : { ...written, policy });
  }
  for (const [name, chain] of table.chains) if (!chains.has(name)) chains.set(name, chain);
  return { ...table, chains };
}

/** `table chain` of each `:CHAIN` line. */
function declaredChains(text: string): ReadonlySet<string> {
  const declared = new Set<string>();
  let table = "";
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("*")) table = line.slice(1).trim();
    else if (line.startsWith(":")) declared.add(`${table} ${line.slice(1).trim().split(/\s+/)[0]}`);
  }
  return declared;
}

function joined(old: Table, added: Table, declared: ReadonlySet<string>): Table {
  const chains = new Map(old.chains);
  for (const [name, chain] of added.chains) {
    const known = old.chains.get(name);
    const isDeclared = declared.has(`${old.name} ${name}`);
    if (known === undefined || (known.policy === null && isDeclared)) chains.set(name, chain);
    else chains.set(name, { ...(isDeclared ? chain : known), rules: [...known.rules, ...chain.rules] });
  }
  return { ...old, chains };
}
