import type { RuleUse } from "../../linux/netfilter/extension-checks.ts";
import { type ConntrackNeed, ruleConntrackNeed, strongestNeed } from "../../linux/netfilter/needs-conntrack.ts";
import { hookOf, hooksRefusing, NFT_DEPTH } from "../../linux/netfilter/refused-rules.ts";
import { HOOK_NAMES, type HookName } from "../../linux/netfilter/verdict.ts";
import type { PlainTable } from "./plain-save.ts";
import { readRuleText } from "./rule.ts";
import type { SharedParts } from "./shared-parts.ts";

/** What holds for all rules that differ only in addresses, ports, names and the like. */
interface RuleClass {
  /** Hooks from which they may not be reached, bit by bit. */
  readonly refusedHooks: number;
  readonly conntrack: ConntrackNeed;
  /** They call a chain of the table. */
  readonly calls: boolean;
}

/** Tables have some tens; more are no table that programs made. */
const MOST_CLASSES = 1_000;

/** Values that decide nothing about whether the kernel takes a rule, and quoted texts. A prefix of length 0 is left as it is. */
const VALUES =
  /( (?:-[sd] (?!\S*\/0(?:\s|$))|-[io] |--(?:comment|[sd]ports?|ports|to-destination|probability|match-set|mark|set-xmark|ctstate|to-ports|icmp-type) ))(?:"[^"]*"|\S+)|("[^"]*")/g;

const CALL = / -[jg] ([\w.-]+)$/;

/**
 * Whether the kernel takes every rule of the table, told from one rule of each class and the chains' calls, and whether one of them needs
 * connection tracking. Null where it might refuse one, and where that is not clear: the same is then to be asked of all rules.
 */
export function loadable(table: PlainTable, shared: SharedParts): { readonly conntrack: ConntrackNeed } | null {
  const classes = new Map<string, RuleClass>();
  const nodes = new Map<string, CallNode>();
  const needs = new Set<ConntrackNeed>();
  for (const { name, policy, rules } of table.chains.values()) {
    const hook = policy === null ? null : hookOf(table.name, name);
    const callees = new Set<string>();
    let refusedHooks = 0;
    for (const index of rules) {
      const line = table.lines[index] ?? "";
      const text = line.slice(line.indexOf(" ", line.indexOf("-A ") + 3));
      if (text.includes("\\")) return null;
      const masked = text.replace(VALUES, "$1$2*");
      const callee = CALL.exec(masked)?.[1] ?? null;
      const calls = callee !== null && table.userChains.has(callee);
      const key = `${hook ?? ""}${calls ? masked.slice(0, -callee.length) : masked}`;
      let known = classes.get(key);
      if (known === undefined) {
        if (classes.size >= MOST_CLASSES) return null;
        const read = classOf(text, hook, table, shared);
        if (read === null) return null;
        classes.set(key, read);
        known = read;
      }
      if (known.calls !== calls) return null;
      if (calls) callees.add(callee);
      refusedHooks |= known.refusedHooks;
      needs.add(known.conntrack);
    }
    nodes.set(name, { hook, refusedHooks, callees, state: "unvisited", height: 0 });
  }
  for (const node of nodes.values()) if (node.hook !== null && !isCallable(node, nodes, 0)) return null;
  return { conntrack: strongestNeed(needs, (need) => need) };
}

function classOf(text: string, hook: HookName | null, table: PlainTable, shared: SharedParts): RuleClass | null {
  const { family, backend } = table;
  const scope = { family, shared, counters: null, origin: 0, isChain: (name: string) => table.userChains.has(name) };
  const { rules, problems } = readRuleText(text, scope);
  const [rule] = rules;
  if (rule === undefined || rules.length > 1 || problems.length > 0) return null;
  const use: RuleUse = { table: table.name, family, backend, hook, rule };
  const refusedHooks = hooksRefusing(rule, use);
  if (refusedHooks === null) return null;
  const { target } = rule;
  return {
    refusedHooks,
    conntrack: ruleConntrackNeed(rule),
    calls: target?.kind === "jump" || target?.kind === "goto",
  };
}

/** A chain, what it calls, and once it is visited, what is refused behind it. */
interface CallNode {
  readonly hook: HookName | null;
  readonly callees: ReadonlySet<string>;
  refusedHooks: number;
  state: "unvisited" | "open" | "done";
  /** How many chains are called behind it at most. */
  height: number;
}

/** Whether no chain behind it calls itself, is too deep, or may not be reached from its hook. */
function isCallable(node: CallNode, nodes: ReadonlyMap<string, CallNode>, depth: number): boolean {
  if (node.state === "done") return depth + node.height <= NFT_DEPTH;
  if (node.state === "open" || depth > NFT_DEPTH) return false;
  node.state = "open";
  for (const name of node.callees) {
    const callee = nodes.get(name);
    if (callee === undefined || !isCallable(callee, nodes, depth + 1)) return false;
    node.refusedHooks |= callee.refusedHooks;
    node.height = Math.max(node.height, callee.height + 1);
  }
  node.state = "done";
  return node.hook === null || ((node.refusedHooks >> HOOK_NAMES.indexOf(node.hook)) & 1) === 0;
}
