import {
  type AddressSelector,
  BUILT_IN_CHAINS,
  type Chain,
  type Rule,
  rule as ruleOf,
  type Table,
  type TableName,
} from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { maskLength } from "../../net/prefix.ts";
import type { Backend } from "./extension.ts";
import type { RuleUse } from "./extension-checks.ts";
import { extensionFault, type Reason, refusedHooks } from "./extension-fault.ts";
import { HOOK_NAMES, type HookName } from "./verdict.ts";

/** A rule that is not taken, its chain, and why. */
export interface Refusal extends Reason {
  readonly rule: Rule;
  readonly chain: string;
}

/** NFT_JUMP_STACK_SIZE less the base chain (net/netfilter/nf_tables_api.c): deeper calls are refused by nft alone. */
export const NFT_DEPTH = 15;

const NO_RULE: Rule = ruleOf({});

const BEFORE_ROUTING: readonly HookName[] = ["PREROUTING", "INPUT"];
const AFTER_ROUTING: readonly HookName[] = ["OUTPUT", "POSTROUTING"];

/** True for a rule that was marked by `withoutRefused`. */
export function isRefused(rule: Rule): boolean {
  return rule.matches[0]?.name === "refused";
}

/**
 * The rules of a table that the kernel, or iptables 1.8 before it, would not have taken: extensions outside their table,
 * hook, protocol or family, chains that call each other in a circle (find_jump_target() and mark_source_chains() in
 * net/ipv4/netfilter/ip_tables.c, nft_chain_validate() in nf_tables_api.c). A violation inside a user-defined chain is
 * laid on the jump that leads there from the hook, as nft does.
 */
export function refusedRules(table: Table, family: Family, backend: Backend): readonly Refusal[] {
  const refused = new Map<Rule, Refusal>();
  const refuse = (rule: Rule, chain: string, reason: Reason): void => {
    if (!refused.has(rule)) refused.set(rule, { rule, chain, ...reason });
  };
  const nodes = new Map<string, ChainNode>();
  for (const chain of table.chains.values()) {
    nodes.set(chain.name, {
      chain,
      hook: chain.policy === null ? null : hookOf(table.name, chain.name),
      links: [],
      state: "unvisited",
      level: 0,
      refusedHooks: 0,
    });
  }
  // One object for all rules: dumps have tens of thousands.
  const use: RuleUse = { table: table.name, family, backend, hook: null, rule: NO_RULE };
  for (const node of nodes.values()) {
    for (const rule of node.chain.rules) {
      use.hook = node.hook;
      use.rule = rule;
      const reason = atHook(rule, use);
      if (reason !== null) {
        refuse(rule, node.chain.name, reason);
        continue;
      }
      const callee = calleeOf(rule, nodes);
      const hooks = node.hook === null ? refusedHooks(rule, use) : 0;
      if (callee !== null || hooks !== 0) node.links.push({ rule, callee, refusedHooks: hooks });
    }
  }
  const order = callersFirst(nodes, refused, refuse, backend);
  if (backend === "nft") limitDepth(nodes, order, refused, refuse);
  findRefusedHooks(order, refused);
  for (const { chain, hook, links } of nodes.values()) {
    if (hook === null) continue;
    for (const { rule, callee } of links) {
      if (callee === null || refused.has(rule) || !includesHook(callee.refusedHooks, hook)) continue;
      const reason = faultBehind(callee, hook, refused, use);
      if (reason !== null) refuse(rule, chain.name, reason);
    }
  }
  return [...refused.values()];
}

/** The hooks from which a rule may not be reached where it stands, bit by bit; null for one that the kernel refuses there. */
export function hooksRefusing(rule: Rule, use: RuleUse): number | null {
  if (atHook(rule, use) !== null) return null;
  return use.hook === null ? refusedHooks(rule, use) : 0;
}

/** The table with refused rules marked, so that no packet matches them; the same object where all are good. */
export function withoutRefused(table: Table, refusals: readonly Refusal[], lineOf: (rule: Rule) => number): Table {
  if (refusals.length === 0) return table;
  const complaints = new Map(refusals.map(({ rule, complaint }) => [rule, complaint]));
  const marked = (rule: Rule): Rule => {
    const complaint = complaints.get(rule);
    if (complaint === undefined) return rule;
    return { ...rule, matches: [{ name: "refused", options: { complaint, line: lineOf(rule) } }, ...rule.matches] };
  };
  const chains = new Map<string, Chain>();
  for (const [name, chain] of table.chains) {
    const touched = chain.rules.some((rule) => complaints.has(rule));
    chains.set(name, touched ? { ...chain, rules: chain.rules.map(marked) } : chain);
  }
  return { ...table, chains };
}

/** The hook that calls a chain of the table; null for user-defined chains. */
export function hookOf(table: TableName, chain: string): HookName | null {
  if (!BUILT_IN_CHAINS[table].includes(chain)) return null;
  return HOOK_NAMES.find((name) => name === chain) ?? null;
}

/** A chain and what its rules lead to. */
interface ChainNode {
  readonly chain: Chain;
  /** Null for user-defined chains. */
  readonly hook: HookName | null;
  /** In the order of the rules; of those that call no chain and may be reached from any hook there are none. */
  readonly links: ChainLink[];
  state: "unvisited" | "open" | "done";
  /** How deep it is called at most. */
  level: number;
  /** Hooks from which it cannot be called, bit by bit. */
  refusedHooks: number;
}

interface ChainLink {
  readonly rule: Rule;
  readonly callee: ChainNode | null;
  /** Because of the rule's own extensions. */
  readonly refusedHooks: number;
}

function calleeOf({ target }: Rule, nodes: ReadonlyMap<string, ChainNode>): ChainNode | null {
  return target?.kind === "jump" || target?.kind === "goto" ? (nodes.get(target.chain) ?? null) : null;
}

function includesHook(hooks: number, hook: HookName): boolean {
  return ((hooks >> HOOK_NAMES.indexOf(hook)) & 1) === 1;
}

type Refuse = (rule: Rule, chain: string, reason: Reason) => void;

/**
 * User-defined chains that some hook leads to, each before those it calls. Refuses the calls that close a circle; chains
 * that call each other where no hook leads are taken by both backends.
 */
function callersFirst(
  nodes: ReadonlyMap<string, ChainNode>,
  refused: ReadonlyMap<Rule, Refusal>,
  refuse: Refuse,
  backend: Backend,
): readonly ChainNode[] {
  const finished: ChainNode[] = [];
  const errno = backend === "nft" ? "Too many links" : "Too many levels of symbolic links";
  for (const start of nodes.values()) {
    if (start.hook === null) continue;
    const stack: { readonly node: ChainNode; next: number }[] = [{ node: start, next: 0 }];
    start.state = "open";
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const link = top.node.links[top.next++];
      if (link === undefined) {
        top.node.state = "done";
        if (top.node !== start) finished.push(top.node);
        stack.pop();
        continue;
      }
      const { rule, callee } = link;
      if (callee === null || callee.state === "done" || refused.has(rule)) continue;
      if (callee.state === "open") {
        const circle = [...stack.map(({ node }) => node.chain.name), callee.chain.name];
        const path = circle.slice(circle.indexOf(callee.chain.name)).join(" → ");
        const complaint = `the chains call each other: ${path}`;
        refuse(rule, top.node.chain.name, { code: "refused-loop", complaint, errno });
        continue;
      }
      callee.state = "open";
      stack.push({ node: callee, next: 0 });
    }
  }
  return finished.reverse();
}

function limitDepth(
  nodes: ReadonlyMap<string, ChainNode>,
  order: readonly ChainNode[],
  refused: ReadonlyMap<Rule, Refusal>,
  refuse: Refuse,
): void {
  const descend = ({ chain, links, level }: ChainNode): void => {
    for (const { rule, callee } of links) {
      if (callee === null || refused.has(rule)) continue;
      if (level + 1 > NFT_DEPTH) {
        const complaint = `more than ${NFT_DEPTH} chains call each other`;
        refuse(rule, chain.name, { code: "refused-depth", complaint, errno: "Too many links" });
      } else callee.level = Math.max(callee.level, level + 1);
    }
  };
  for (const node of nodes.values()) if (node.hook !== null) descend(node);
  for (const node of order) descend(node);
}

/** Tells each user-defined chain from which hooks it cannot be called. */
function findRefusedHooks(order: readonly ChainNode[], refused: ReadonlyMap<Rule, Refusal>): void {
  for (const node of order.toReversed()) {
    for (const { rule, callee, refusedHooks: own } of node.links) {
      const hooks = own | (callee?.refusedHooks ?? 0);
      if (hooks !== 0 && !refused.has(rule)) node.refusedHooks |= hooks;
    }
  }
}

/** What is wrong with the first rule that a hook may not lead to, in a chain or in those it calls. */
function faultBehind(
  start: ChainNode,
  hook: HookName,
  refused: ReadonlyMap<Rule, Refusal>,
  use: RuleUse,
): Reason | null {
  let { links } = start;
  for (;;) {
    const link = links.find(
      ({ rule, callee, refusedHooks }) =>
        includesHook(refusedHooks | (callee?.refusedHooks ?? 0), hook) && !refused.has(rule),
    );
    if (link === undefined) return null;
    const { rule, callee } = link;
    if (callee === null || !includesHook(callee.refusedHooks, hook))
      return extensionFault(rule, { ...use, hook, rule });
    links = callee.links;
  }
}

/** What is wrong with a rule where it stands. */
function atHook(rule: Rule, use: RuleUse): Reason | null {
  const { hook, table } = use;
  if (hook !== null && rule.outInterface !== null && BEFORE_ROUTING.includes(hook)) {
    return { code: "refused-interface", complaint: `Can't use -o with ${hook}`, errno: null };
  }
  if (hook !== null && rule.inInterface !== null && AFTER_ROUTING.includes(hook)) {
    return { code: "refused-interface", complaint: `Can't use -i with ${hook}`, errno: null };
  }
  if (table === "nat" && rule.target?.kind === "verdict" && rule.target.verdict === "DROP") {
    const complaint = 'The "nat" table is not intended for filtering, the use of DROP is therefore inhibited.';
    return { code: "refused-verdict", complaint, errno: null };
  }
  if (use.backend === "nft" && (selectsNothing(rule.source) || selectsNothing(rule.destination))) {
    return { code: "refused-options", complaint: "no address is outside of all addresses", errno: "Invalid argument" };
  }
  return extensionFault(rule, use);
}

function selectsNothing(selector: AddressSelector | null): boolean {
  return selector?.invert === true && maskLength(selector.mask) === 0;
}
