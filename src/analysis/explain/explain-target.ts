import type { Host } from "../../model/host.ts";
import { type IpSet, layeredMembers, type SetMember } from "../../model/ip-set.ts";
import { leadsOf } from "../../model/leads.ts";
import { type Likeness, likenessOf } from "../../model/likeness.ts";
import { nearest } from "../../model/nearest.ts";
import type { Network } from "../../model/network.ts";
import type { Origin, OriginTable, Source } from "../../model/origin.ts";
import type { Chain, Ruleset, Table } from "../../model/ruleset.ts";
import { type NftChain, nftChainsOf } from "../nft-chains.ts";
import type { ProgrammedNode } from "../programmed/programmed-cluster.ts";
import {
  type Causes,
  type ExplainedRule,
  type RuleExplainer,
  resourceTeller,
  ruleExplainer,
} from "./explained-rule.ts";
import { type ExplainedSet, explainedSet } from "./explained-set.ts";

/** What a question names. */
export type Target =
  | { readonly kind: "chain"; readonly table: string | null; readonly chain: string; readonly index: number | null }
  | { readonly kind: "set"; readonly name: string }
  | { readonly kind: "rule"; readonly text: string }
  | { readonly kind: "resource"; readonly text: string; readonly words: readonly string[] };

/** Rules of one chain that are the same on several nodes. */
export interface RuleGroup {
  readonly nodes: readonly string[];
  readonly family: 4 | 6;
  readonly backend: "legacy" | "nft";
  readonly table: string;
  readonly chain: string;
  /** The resource that the whole chain stands for. */
  readonly cause: Source | null;
  /** Those of the first node. */
  readonly rules: readonly ExplainedRule[];
  /** Chains whose rules differ from these in nothing but the chain's name and the hashes that are made of it. */
  readonly alike: readonly AlikeChain[];
}

/** A chain that stands for another endpoint than the one that is shown. */
export interface AlikeChain {
  readonly nodes: readonly string[];
  readonly chain: string;
  readonly cause: Source | null;
}

/** A set that is the same on several nodes. */
export interface SetGroup {
  readonly nodes: readonly string[];
  readonly set: ExplainedSet;
}

export interface Explanation {
  readonly target: Target;
  readonly rules: readonly RuleGroup[];
  readonly sets: readonly SetGroup[];
  /** Names like the one that was asked for, where nothing has it. */
  readonly close: readonly string[];
}

/** A chain (`table/chain:index`), a set, a rule (`-A …`, or words of it), or a resource (`Kind namespace/name`). */
export function parseTarget(text: string, hosts: readonly Host[]): Target {
  const words = text.trim();
  if (hosts.some(({ ipSets }) => ipSets.has(words))) return { kind: "set", name: words };
  const chain =
    /^(?:(raw|mangle|nat|filter|security|(?:ip6?|inet|netdev|bridge|arp) [^\s:/]+)[/ ])?([^\s:/]+)(?::(\d+))?$/.exec(
      words,
    );
  const [, table = null, name = "", index] = chain ?? [];
  const isChain = hosts.some(
    (host) =>
      host.rulesets.some(({ tables }) => [...tables.values()].some(({ chains }) => chains.has(name))) ||
      nftChainsOf(host).some((own) => own.chain.name === name),
  );
  if (chain !== null && isChain) {
    return { kind: "chain", table, chain: name, index: index === undefined ? null : Number(index) };
  }
  const isWordsOfNft =
    words.includes(" ") && hosts.some((host) => nftChainsOf(host).some((own) => hasWords(own, words)));
  if (words.startsWith("-") || words.includes(" -") || isWordsOfNft) return { kind: "rule", text: words };
  return { kind: "resource", text: words, words: words.toLowerCase().split(/[\s/]+/) };
}

function hasWords({ chain }: NftChain, words: string): boolean {
  return chain.rules.some(({ nft }) => nft?.text.includes(words) === true);
}

/** `programmed`: what ought to be on the nodes of a snapshot; null where each rule knows its resource. */
export function explainTarget(
  network: Network,
  hosts: readonly Host[],
  target: Target,
  programmed: Causes | null,
): Explanation {
  const explainer = ruleExplainer(network, programmed);
  const hostsOf = new Map<Asked, string[]>();
  const sets = new Map<string, { nodes: string[]; set: ExplainedSet }>();
  const judged: Judged = new WeakMap();
  const tables = sharedTables(target, explainer, judged);
  const explainedOnce = sharedSets(network.origins, target);
  for (const host of hosts) {
    const node = programmed?.of(host.name) ?? null;
    const asked = [
      ...host.rulesets.flatMap((ruleset) =>
        [...ruleset.tables.values()].flatMap((table) => tables(host, ruleset, table, node === null) ?? []),
      ),
      meantIn(target, nftChains(host, target, explainer), judged),
    ];
    for (const one of asked) {
      const before = hostsOf.get(one);
      if (before !== undefined) before.push(host.name);
      else if (one.meant.length > 0) hostsOf.set(one, [host.name]);
    }
    if (target.kind === "set" || target.kind === "resource") {
      for (const set of host.ipSets.values()) {
        if (target.kind === "set" && set.name !== target.name) continue;
        const users = asked.flatMap((one) => one.users.get(set.name) ?? []);
        const explained = explainedOnce(host, set, node, users);
        if (explained !== null) addSet(sets, host.name, explained.key, explained.set);
      }
    }
  }
  const rules = target.kind === "set" ? [] : ruleGroups(hostsOf, hosts);
  const found = hostsOf.size + sets.size > 0;
  return {
    target,
    rules,
    sets: [...sets.values()],
    close: found ? [] : closeNames(network, hosts, target, programmed),
  };
}

interface FoundChain extends Omit<RuleGroup, "nodes" | "alike"> {
  /** The chain whose rules these are, but for names; null: they are its own. */
  readonly sample: FoundChain | null;
}

interface MeantChain {
  readonly key: string;
  readonly found: FoundChain;
}

/** What a table has of what is asked for, and its rules that ask sets. */
interface Asked {
  readonly meant: readonly MeantChain[];
  readonly users: ReadonlyMap<string, readonly ExplainedRule[]>;
}

/** Chains, once it is known which of their rules are meant. */
type Judged = WeakMap<FoundChain, MeantChain | null>;

function meantIn(target: Target, chains: Iterable<FoundChain>, judged: Judged): Asked {
  const meant: MeantChain[] = [];
  const users = new Map<string, ExplainedRule[]>();
  for (const found of chains) {
    if (found.sample !== null) {
      const { sample } = found;
      const same = judged.get(sample) ?? null;
      if (same !== null) meant.push({ key: same.key, found });
      continue;
    }
    for (const rule of found.rules) addUser(users, rule);
    const rules = found.rules.filter((rule) => isMeant(rule, target, found.cause));
    // a chain may be empty: a policy that allows nothing
    const isAsked =
      (target.kind === "chain" && target.index === null) ||
      (target.kind === "resource" && isResource(found.cause, target.words));
    const isMeantChain = rules.length > 0 || isAsked;
    const one = isMeantChain ? { key: chainKey({ ...found, rules }), found: { ...found, rules } } : null;
    judged.set(found, one);
    if (one !== null) meant.push(one);
  }
  return { meant, users };
}

function addUser(users: Map<string, ExplainedRule[]>, rule: ExplainedRule): void {
  for (const name of rule.sets) {
    const present = users.get(name);
    if (present === undefined) users.set(name, [rule]);
    else present.push(rule);
  }
}

/**
 * The tables of hosts, each looked through once however many hosts have it, and in those that differ each chain. That holds where no dump
 * tells what a program ought to have written on the host (`isShared`). Null: the question names another table.
 */
function sharedTables(
  target: Target,
  explainer: RuleExplainer,
  judged: Judged,
): (host: Host, ruleset: Ruleset, table: Table, isShared: boolean) => Asked | null {
  const ofTables = new WeakMap<Table, Asked>();
  const earlier: Earlier = { chains: new WeakMap(), samples: new WeakMap() };
  return (host, ruleset, table, isShared) => {
    if (target.kind === "chain" && target.table !== null && table.name !== target.table) return null;
    const known = isShared ? ofTables.get(table) : undefined;
    if (known !== undefined) return known;
    const chains = tableChains(host, ruleset, table, target, explainer, isShared ? earlier : null);
    const asked = meantIn(target, chains, judged);
    if (isShared) ofTables.set(table, asked);
    return asked;
  };
}

/** Chains that were explained before. */
interface Earlier {
  readonly chains: WeakMap<Chain, FoundChain>;
  /** The first chain of each likeness, by the resource that it stands for where that one is asked for. */
  readonly samples: WeakMap<Likeness, Map<string, FoundChain>>;
}

function* tableChains(
  host: Host,
  ruleset: Ruleset,
  table: Table,
  target: Target,
  explainer: RuleExplainer,
  earlier: Earlier | null,
): Iterable<FoundChain> {
  const { family, backend } = ruleset;
  for (const chain of chainsIn(table, target)) {
    const known = earlier?.chains.get(chain);
    if (known !== undefined) {
      yield known;
      continue;
    }
    const cause = explainer.causeOfChain(chain.name);
    const isOfTarget = isNamedBy(target, cause);
    if (earlier !== null && target.kind === "resource" && !isOfTarget) {
      const leads = leadsOf(chain);
      if (leads?.some((name) => isResource(explainer.causeOfChain(name), target.words)) === false) continue;
    }
    // the words of a rule may be those in which it differs
    const likeness = earlier === null || target.kind === "rule" ? null : likenessOf(chain);
    const samples = likeness === null ? null : (earlier?.samples.get(likeness) ?? new Map<string, FoundChain>());
    // what nothing else made is from the chain's own resource: that counts where it is the one that is asked for
    const resource = isOfTarget ? (cause?.resource ?? "") : "";
    const sample = samples?.get(resource) ?? null;
    const rules = sample?.rules ?? explainer.chain(host, ruleset, table, chain);
    const found = { family, backend, table: table.name, chain: chain.name, cause, rules, sample };
    earlier?.chains.set(chain, found);
    if (likeness !== null && samples !== null && sample === null && !asksSets(rules)) {
      earlier?.samples.set(likeness, samples.set(resource, found));
    }
    yield found;
  }
}

/** Whoever asks a set is listed with it, rule by rule. */
function asksSets(rules: readonly ExplainedRule[]): boolean {
  return rules.some(({ sets }) => sets.length > 0);
}

function* nftChains(host: Host, target: Target, explainer: RuleExplainer): Iterable<FoundChain> {
  for (const own of nftChainsOf(host)) {
    const { family, table, chain } = own;
    if (target.kind === "chain" && (chain.name !== target.chain || (target.table ?? table) !== table)) continue;
    const rules = explainer.nftChain(host, own);
    yield { family, backend: "nft", table, chain: chain.name, cause: null, rules, sample: null };
  }
}

/** Sets of hosts, each explained once for the same rules that ask it. Null: it is not what is asked for. */
function sharedSets(
  origins: OriginTable,
  target: Target,
): (
  host: Host,
  set: IpSet,
  node: ProgrammedNode | null,
  users: readonly ExplainedRule[],
) => { readonly key: string; readonly set: ExplainedSet } | null {
  interface Explained {
    readonly users: readonly ExplainedRule[];
    readonly answer: { readonly key: string; readonly set: ExplainedSet } | null;
  }
  const earlier = new WeakMap<IpSet, Explained>();
  const resourceOf = resourceTeller(origins);
  const names = target.kind === "resource" ? namingMembers(target.words, resourceOf) : () => true;
  return (host, set, node, users) => {
    const known = node === null ? earlier.get(set) : undefined;
    if (known !== undefined && known.users.length === users.length && known.users.every((user, i) => user === users[i]))
      return known.answer;
    // who has what a program ought to have written knows more of a member than the member does
    const isNamed = node !== null || names(set.members) || users.some(({ cause }) => isNamedBy(target, cause));
    if (!isNamed) {
      earlier.set(set, { users, answer: null });
      return null;
    }
    const explained = explainedSet(host, set, node, users, origins, resourceOf);
    const meant =
      target.kind === "set" ||
      (target.kind === "resource" &&
        [...explained.members, ...explained.usedBy].some(({ cause }) => isResource(cause, target.words)));
    const answer = meant ? { key: setKey(explained), set: explained } : null;
    if (node === null) earlier.set(set, { users, answer });
    return answer;
  };
}

function isNamedBy(target: Target, cause: Source | null): boolean {
  return target.kind === "resource" && isResource(cause, target.words);
}

/** Whether a resource made one of the members; those that many sets share are looked through once. */
function namingMembers(
  words: readonly string[],
  resourceOf: (origin: Origin) => Source | null,
): (members: readonly SetMember[]) => boolean {
  const isOf = ({ origin }: SetMember): boolean => isResource(resourceOf(origin), words);
  const named = new WeakMap<readonly SetMember[], readonly SetMember[]>();
  return (members) => {
    const layers = layeredMembers.layersOf(members);
    if (layers === null) return members.some(isOf);
    const shared = named.get(layers.shared) ?? layers.shared.filter(isOf);
    named.set(layers.shared, shared);
    return layers.own.some(isOf) || shared.some((member) => !layers.without.has(member));
  };
}

/** One chain is found without making the others of its table. */
function chainsIn({ chains }: Table, target: Target): Iterable<Chain> {
  if (target.kind !== "chain") return chains.values();
  const found = chains.get(target.chain);
  return found === undefined ? [] : [found];
}

function isMeant(rule: ExplainedRule, target: Target, ofChain: Source | null): boolean {
  switch (target.kind) {
    case "chain":
      return target.index === null || rule.index === target.index;
    case "set":
      return false;
    case "rule": {
      const text = target.text.replace(/^\[\d+:\d+\] /, "");
      return text.startsWith("-A ") ? rule.text === text : rule.text.includes(text);
    }
    case "resource":
      return isResource(rule.cause, target.words) || isResource(ofChain, target.words);
  }
}

/** `networkpolicy shop allow` names `NetworkPolicy shop/allow`; the kind may be left out where a namespace is given. */
function isResource(cause: Source | null, words: readonly string[]): boolean {
  if (cause?.resource === undefined) return false;
  const known = answers.get(words) ?? new WeakMap<Source, boolean>();
  answers.set(words, known);
  const answer = known.get(cause) ?? isNamed(cause.resource, words);
  known.set(cause, answer);
  return answer;
}

/** Thousands of rules and members have one cause. */
const answers = new WeakMap<readonly string[], WeakMap<Source, boolean>>();

function isNamed(resource: string, words: readonly string[]): boolean {
  const [kind = "", ...name] = resource.toLowerCase().split(/[\s/]+/);
  const same = (x: readonly string[]): boolean => x.length === words.length && x.every((word, i) => word === words[i]);
  return same([kind, ...name]) || (name.length > 1 && same(name));
}

function chainKey({ family, backend, table, chain, rules }: FoundChain): string {
  const texts = rules.map(({ index, text, cause }) => `${index} ${text} ${cause?.resource} ${cause?.field}`);
  return JSON.stringify([family, backend, table, chain, texts]);
}

/** The chains that are meant, each once with all hosts that have it; chains of one table share the list of hosts. */
function ruleGroups(hostsOf: ReadonlyMap<Asked, readonly string[]>, hosts: readonly Host[]): readonly RuleGroup[] {
  const groups = new Map<string, { lists: (readonly string[])[]; found: FoundChain; alike: AlikeChain[] }>();
  for (const [{ meant }, names] of hostsOf) {
    for (const { key, found } of meant) {
      const before = groups.get(key);
      if (before === undefined) groups.set(key, { lists: [names], found, alike: [] });
      else if (found.sample === null) before.lists.push(names);
      else before.alike.push({ nodes: names, chain: found.chain, cause: found.cause });
    }
  }
  const place = new Map(hosts.map(({ name }, i) => [name, i]));
  const inOrder = (lists: readonly (readonly string[])[]): readonly string[] =>
    lists.flat().sort((x, y) => (place.get(x) ?? 0) - (place.get(y) ?? 0));
  return [...groups.values()].map(({ lists, found, alike }) => {
    const [only = []] = lists;
    const { family, backend, table, chain, cause, rules } = found;
    return { family, backend, table, chain, cause, rules, alike, nodes: lists.length === 1 ? only : inOrder(lists) };
  });
}

function setKey({ name, members, usedBy }: ExplainedSet): string {
  const texts = members.map(({ text }) => text).sort();
  return JSON.stringify([name, texts, usedBy.map(({ chain, text }) => `${chain} ${text}`)]);
}

function addSet(
  sets: Map<string, { nodes: string[]; set: ExplainedSet }>,
  node: string,
  key: string,
  set: ExplainedSet,
): void {
  const before = sets.get(key);
  if (before !== undefined) before.nodes.push(node);
  else sets.set(key, { nodes: [node], set });
}

function closeNames(
  network: Network,
  hosts: readonly Host[],
  target: Target,
  programmed: Causes | null,
): readonly string[] {
  if (target.kind === "rule") return [];
  const names = new Set<string>();
  for (const host of hosts) {
    const { rulesets, ipSets } = host;
    for (const { chain } of nftChainsOf(host)) names.add(chain.name);
    for (const { tables } of rulesets) {
      for (const { chains } of tables.values()) for (const name of chains.keys()) names.add(name);
    }
    for (const name of ipSets.keys()) names.add(name);
  }
  for (const { resource } of network.origins.resources.values()) names.add(resource);
  if (programmed === null && names.size === 0) return [];
  const asked = target.kind === "chain" ? target.chain : target.kind === "set" ? target.name : target.text;
  return nearest(asked, [...names], 3);
}
