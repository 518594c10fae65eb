import { digestOfChain, digestWithRule, hashOfDigest } from "../../calico/felix/rule-hash.ts";
import { rememberConntrackNeed, tableConntrackNeed } from "../../linux/netfilter/needs-conntrack.ts";
import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import { once } from "../../model/once.ts";
import type { OriginTable } from "../../model/origin.ts";
import { BUILT_IN_CHAINS, type Chain, type Match, type Rule, type Ruleset, type Table } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { printRule } from "../iptables/print.ts";
import { readRuleText } from "../iptables/rule.ts";
import { splitWords } from "../iptables/words.ts";
import { findingAt } from "../snapshot/finding-at.ts";
import { felixPieces, felixTexts } from "./felix-spelling.ts";
import { type KnownChains, type KnownProof, knownChains, recallChain, rememberChain } from "./known-chains.ts";
import { type LostContext, lostPieces } from "./lost-pieces.ts";

/** What else the host has, where a lost piece may have named it. */
export interface HostNames {
  readonly sets: Iterable<string>;
  readonly devices: Iterable<string>;
}

export interface CheckedRulesets {
  readonly rulesets: readonly Ruleset[];
  readonly findings: readonly Finding[];
}

/**
 * Repairs cost time: so many hashes are tried, and more for each rule that is proven, so that the time stays linear and hashes that
 * somebody made up cost little. Beyond it, rules stay as they are.
 */
const TRIES = 5_000;
const TRIES_PER_PROVEN = 20;
const TRIES_PER_REPAIRED = 1_000;

/** So many sets, devices and bits of the mark are tried. */
const NAMES_TRIED = 40;

/** Chains of which podpath knows every rule; others hold what policies and endpoints make. */
const STATIC_CHAIN =
  /^(?:cali-(?:INPUT|OUTPUT|FORWARD|PREROUTING|POSTROUTING|wl-to-host|nat-outgoing|fip-[ds]nat|failsafe-(?:in|out))|[A-Z]+)$/;

/**
 * Holds Felix's rules against the hashes in their comments. A rule whose text does not give its hash has lost something on its way into
 * the dump: where one piece put back gives the hash, the rule is read with it; else that is told. Behind such a rule the hashes of
 * its chain prove nothing any more. Linear in the number of rules.
 */
export function checkCalicoRules(rulesets: readonly Ruleset[], how: CheckOptions): CheckedRulesets {
  const findings: Finding[] = [];
  const checked = rulesets.map((ruleset) => {
    const tables = [...ruleset.tables.values()];
    const chains = tables.flatMap((table) => [...table.chains.values()].filter(hasHash));
    if (chains.length === 0) return ruleset;
    const work = workOf(ruleset, how, (finding) => findings.push(finding));
    let changed = false;
    const repaired = tables.map((table) => {
      const own = checkTable(table, work);
      changed ||= own !== table;
      return [table.name, own] as const;
    });
    append(findings, unprovenOthers(work));
    return changed ? { ...ruleset, tables: new Map(repaired) } : ruleset;
  });
  return { rulesets: checked, findings };
}

/** What the rules are held against. */
export interface CheckOptions {
  readonly names: () => HostNames;
  readonly origins: OriginTable;
  readonly known?: KnownChains;
}

/** The same, each chain when somebody looks at it. Of the chains of policies and endpoints, only the first doubt of a ruleset is reported. */
export function openCalicoRules(
  rulesets: readonly Ruleset[],
  how: CheckOptions,
  report: (finding: Finding) => void,
): readonly Ruleset[] {
  return rulesets.map((ruleset) => {
    const work = workOf(ruleset, how, report);
    const tables = [...ruleset.tables].map(([name, table]) => [name, openTable(table, work)] as const);
    return { ...ruleset, tables: new Map(tables) };
  });
}

function openTable(table: Table, work: Work): Table {
  const chains = new Map<string, Chain>();
  for (const [name, chain] of table.chains) {
    const rules = once(() => {
      if (!hasHash(chain)) return chain.rules;
      const { length } = work.others;
      const own = checkChain(chain, table, work).rules;
      if (length === 0) for (const finding of unprovenOthers(work)) work.report(finding);
      return own;
    });
    chains.set(name, {
      name,
      policy: chain.policy,
      counters: chain.counters,
      origin: chain.origin,
      get rules() {
        return rules();
      },
    });
  }
  rememberConntrackNeed(chains, tableConntrackNeed(table));
  return { ...table, chains };
}

function workOf(ruleset: Ruleset, { names, origins, known }: CheckOptions, report: Work["report"]): Work {
  return {
    family: ruleset.family,
    tries: TRIES,
    context: null,
    contextOf: () => contextOf(ruleset, names()),
    report,
    origins,
    others: [],
    known: known ?? knownChains(),
  };
}

interface Work {
  readonly family: Family;
  tries: number;
  context: LostContext | null;
  contextOf(): LostContext;
  report(finding: Finding): void;
  readonly origins: OriginTable;
  /** The first unproven rule of each chain of a policy or an endpoint. */
  readonly known: KnownChains;
  readonly others: { readonly table: string; readonly chain: string; readonly rule: Rule; readonly index: number }[];
}

/** Thousands of endpoints may have the same doubt: told once. */
function unprovenOthers({ others, origins }: Work): readonly Finding[] {
  const [first] = others;
  if (first === undefined) return [];
  const many = others.length === 1 ? "" : ` So it is in ${others.length} chains of policies and endpoints.`;
  return [
    findingAt(origins, first.rule.origin, {
      code: "calico-rule-unproven",
      severity: "info",
      message: `Rule ${first.index} of ${first.table} ${first.chain} does not give the hash cali:${writtenHash(first.rule)} in its comment.${many}`,
      advice: "Collect the rules with the iptables-save of the calico-node container.",
    }),
  ];
}

function hasHash(chain: Chain): boolean {
  return chain.rules.some((rule) => writtenHash(rule) !== null);
}

/** What stands behind `cali:` in a comment; null for a rule that is not Felix's. */
function writtenHash(rule: Rule): string | null {
  for (const match of rule.matches) {
    if (match.name !== "comment") continue;
    const { text } = match.options;
    if (text.length === 21 && text.startsWith("cali:")) return text.slice(5);
  }
  return null;
}

function checkTable(table: Table, work: Work): Table {
  let changed = false;
  const chains = [...table.chains].map(([name, chain]) => {
    const own = hasHash(chain) ? checkChain(chain, table, work) : chain;
    changed ||= own !== chain;
    return [name, own] as const;
  });
  return changed ? { ...table, chains: new Map(chains) } : table;
}

/** The digests of rules so far; null behind a rule that could not be proven. */
interface Stream {
  readonly chain: string;
  digest: Uint8Array | null;
}

function checkChain(chain: Chain, table: Table, work: Work): Chain {
  const place = `${work.family} ${table.name} ${chain.name}`;
  const again = recallChain(work.known, place, chain.rules, () => keyOf(contextIn(work)));
  if (again !== null) {
    work.tries += TRIES_PER_PROVEN * again.proven;
    report(again, chain, table, work);
    return chain;
  }
  const proof = proveChain(chain, table, work);
  report(proof, chain, table, work);
  if (proof.rules !== null) return { ...chain, rules: proof.rules };
  if (proof.complete) {
    const context = proof.unproven > 0 ? keyOf(contextIn(work)) : null;
    rememberChain(work.known, place, chain.rules, proof, context);
  }
  return chain;
}

/** What the hashes of a chain prove. */
interface ChainProof extends KnownProof {
  /** With repaired rules, and without doubts that were settled; null where the chain stays as it is. */
  readonly rules: readonly Rule[] | null;
  /** Whether nothing was left untried for want of time. */
  readonly complete: boolean;
}

function proveChain(chain: Chain, table: Table, work: Work): ChainProof {
  const isOfKernel = BUILT_IN_CHAINS[table.name].includes(chain.name);
  // what Felix appends to a chain of the kernel has hashes of its own
  const names = isOfKernel ? [chain.name, `${chain.name}*appends*`] : [chain.name];
  const streams: Stream[] = names.map((name) => ({ chain: name, digest: digestOfChain(name) }));
  const rules: Rule[] = [];
  let changed = false;
  let proven = 0;
  let unproven = 0;
  let first: number | null = null;
  for (const [i, rule] of chain.rules.entries()) {
    const hash = writtenHash(rule);
    const proof =
      hash === null ? rule : proofOf(rule, hash, streams, { table, chain, index: i + 1, repair: unproven === 0 }, work);
    rules.push(proof ?? rule);
    if (proof === null) {
      unproven++;
      first ??= i;
      // in a chain of the kernel, nobody knows which of the two it broke
      if (!isOfKernel) for (const stream of streams) stream.digest = null;
    } else if (proof !== rule) changed = true;
    else if (hash !== null) proven++;
  }
  return { rules: changed ? rules : null, first, proven, unproven, complete: work.tries > 0 };
}

/** Says which rule of the chain gives another hash than the one in its comment. */
function report({ first, unproven }: KnownProof, chain: Chain, table: Table, work: Work): void {
  const rule = first === null ? undefined : chain.rules[first];
  if (first === null || rule === undefined) return;
  const index = first + 1;
  if (!STATIC_CHAIN.test(chain.name)) {
    work.others.push({ table: table.name, chain: chain.name, rule, index });
    return;
  }
  const more = unproven > 1 ? ` The ${unproven - 1} behind it cannot be held against theirs, then.` : "";
  work.report(
    findingAt(work.origins, rule.origin, {
      code: "calico-rule-unproven",
      severity: "warning",
      message: `Rule ${index} of ${table.name} ${chain.name} does not give the hash cali:${writtenHash(rule)} in its comment.${more}`,
      advice: "Collect the rules with the iptables-save of the calico-node container.",
    }),
  );
}

function contextIn(work: Work): LostContext {
  work.context ??= work.contextOf();
  return work.context;
}

/** What decides which pieces are tried where one is lost. */
function keyOf({ marks, devices, sets }: LostContext): string {
  return [marks.join(" "), devices.join(" "), sets.join(" ")].join("\n");
}

interface RulePlace {
  readonly table: Table;
  readonly chain: Chain;
  readonly index: number;
  /** False behind a rule that could not be proven. */
  readonly repair: boolean;
}

/** The rule if its text gives its hash; a repaired one where that does; null where nothing does. */
function proofOf(
  rule: Rule,
  hash: string,
  streams: readonly Stream[],
  { table, chain, index, repair }: RulePlace,
  work: Work,
): Rule | null {
  const open = streams.filter(({ digest }) => digest !== null);
  if (open.length === 0) return null;
  const told = withoutDamage(rule);
  const pieces = felixPieces(splitWords(printRule(told, work.family)).words);
  if (pieces === null) return null;
  for (const text of felixTexts(pieces)) {
    if (!fits(text, hash, open)) continue;
    work.tries += TRIES_PER_PROVEN;
    if (told !== rule) {
      work.report(
        findingAt(work.origins, rule.origin, {
          code: "calico-rule-repaired",
          severity: "info",
          message: `Rule ${index} of ${table.name} ${chain.name} is whole: its hash cali:${hash} proves that nothing was left out.`,
        }),
      );
    }
    return told;
  }
  if (!repair) return null;
  for (const { texts, lost } of lostPieces(pieces, contextIn(work))) {
    for (const text of texts) {
      if (work.tries <= 0) return null;
      work.tries -= open.length;
      if (!fits(text, hash, open)) continue;
      const repaired = ruleOf(text, hash, rule, table, work.family);
      if (repaired === null) return null;
      work.tries += TRIES_PER_REPAIRED;
      work.report(
        findingAt(work.origins, rule.origin, {
          code: "calico-rule-repaired",
          severity: "info",
          message: `Rule ${index} of ${table.name} ${chain.name} lost “${lost}”: with it, its hash cali:${hash} is right. It is read with it.`,
        }),
      );
      return repaired;
    }
  }
  return null;
}

/** The rule without what stands for pieces that the reader knows to be missing. */
function withoutDamage(rule: Rule): Rule {
  const isDamage = (match: Match): boolean => match.name === "unmodelled" && match.options.extension === "";
  return rule.matches.some(isDamage) ? { ...rule, matches: rule.matches.filter((match) => !isDamage(match)) } : rule;
}

/** Goes on in the stream in which the text gives the hash. */
function fits(text: string, hash: string, streams: readonly Stream[]): boolean {
  for (const stream of streams) {
    if (stream.digest === null) continue;
    const digest = digestWithRule(stream.digest, stream.chain, text);
    if (hashOfDigest(digest) !== hash) continue;
    stream.digest = digest;
    return true;
  }
  return false;
}

function ruleOf(text: string, hash: string, rule: Rule, table: Table, family: Family): Rule | null {
  const { rules, problems } = readRuleText(`-m comment --comment "cali:${hash}" ${text}`, {
    family,
    isChain: (name) => table.chains.has(name),
    counters: rule.counters,
    origin: rule.origin,
  });
  const [only] = rules;
  return rules.length === 1 && problems.length === 0 && only !== undefined ? only : null;
}

function contextOf({ family, tables }: Ruleset, names: HostNames): LostContext {
  const marks = new Set<number>();
  const add = (mask: number): void => {
    for (let bit = 1; bit > 0 && bit <= 0x40000000; bit *= 2) if ((mask & bit) !== 0) marks.add(bit);
  };
  for (const table of tables.values()) {
    for (const { rules } of table.chains.values()) {
      for (const { matches, target } of rules) {
        for (const match of matches)
          if (match.name === "mark" && match.options.mask >>> 0 !== 0xffffffff) add(match.options.mask);
        if (target?.kind === "extension" && target.call.name === "MARK") add(target.call.options.mask);
      }
    }
  }
  const few = (list: Iterable<string>): readonly string[] => [...list].slice(0, NAMES_TRIED);
  const sets = [...names.sets].filter((name) => name.startsWith(`cali${family}`));
  return { family, marks: [...marks].slice(0, NAMES_TRIED), devices: few(names.devices), sets: few(sets) };
}
