import {
  type AddressSelector,
  BUILT_IN_CHAINS,
  type Chain,
  type Match,
  type Matches,
  type Rule,
  rule as ruleOf,
  type Table,
  type TableName,
  type TargetCall,
  type Targets,
} from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { maskLength } from "../../net/prefix.ts";
import type { Backend } from "./extension.ts";
import { MATCH_CHECKS, type RuleUse, TARGET_CHECKS } from "./extension-checks.ts";
import { MATCH_REGISTRATIONS, type Registration, TARGET_REGISTRATIONS } from "./registrations.ts";
import { HOOK_NAMES, type HookName } from "./verdict.ts";

/** Stable names for why a rule cannot be in the kernel. */
export type RefusalCode =
  | "refused-depth"
  | "refused-family"
  | "refused-hook"
  | "refused-interface"
  | "refused-loop"
  | "refused-options"
  | "refused-protocol"
  | "refused-table"
  | "refused-verdict";

/** Why a rule is not taken: the kernel's or the tool's own words. */
export interface Refusal {
  readonly rule: Rule;
  readonly chain: string;
  readonly code: RefusalCode;
  readonly complaint: string;
  /** The errno as strerror() has it; null where the tool itself refuses. */
  readonly errno: string | null;
}

type Reason = Omit<Refusal, "rule" | "chain">;

/** NFT_JUMP_STACK_SIZE less the base chain (net/netfilter/nf_tables_api.c): deeper calls are refused by nft alone. */
const NFT_DEPTH = 15;

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
  const use = { table: table.name, family, backend };
  // One object for all rules: dumps have tens of thousands.
  const inHand: RuleUse = { ...use, hook: null, rule: NO_RULE };
  for (const chain of table.chains.values()) {
    inHand.hook = hookOf(table.name, chain);
    for (const rule of chain.rules) {
      inHand.rule = rule;
      const reason = atHook(rule, inHand);
      if (reason !== null) refuse(rule, chain.name, reason);
    }
  }
  const order = callersFirst(table, refused, refuse, backend);
  if (backend === "nft") limitDepth(table, order, refused, refuse);
  const faults = hookFaults(order, refused, use);
  for (const chain of table.chains.values()) {
    const hook = hookOf(table.name, chain);
    if (hook === null) continue;
    for (const rule of chain.rules) {
      const fault = refused.has(rule) ? undefined : faults.get(calleeOf(rule) ?? "")?.[HOOK_NAMES.indexOf(hook)];
      if (fault !== undefined && fault !== null) refuse(rule, chain.name, fault);
    }
  }
  return [...refused.values()];
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

function hookOf(table: TableName, chain: Chain): HookName | null {
  if (chain.policy === null || !BUILT_IN_CHAINS[table].includes(chain.name)) return null;
  return HOOK_NAMES.find((name) => name === chain.name) ?? null;
}

function calleeOf({ target }: Rule): string | null {
  return target?.kind === "jump" || target?.kind === "goto" ? target.chain : null;
}

type Refuse = (rule: Rule, chain: string, reason: Reason) => void;

/**
 * User-defined chains that some hook leads to, each before those it calls. Refuses the calls that close a circle; chains
 * that call each other where no hook leads are taken by both backends.
 */
function callersFirst(
  table: Table,
  refused: ReadonlyMap<Rule, Refusal>,
  refuse: Refuse,
  backend: Backend,
): readonly Chain[] {
  const finished: Chain[] = [];
  const state = new Map<Chain, "open" | "done">();
  const errno = backend === "nft" ? "Too many links" : "Too many levels of symbolic links";
  for (const start of table.chains.values()) {
    if (hookOf(table.name, start) === null) continue;
    const stack: { readonly chain: Chain; next: number }[] = [{ chain: start, next: 0 }];
    state.set(start, "open");
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const rule = top.chain.rules[top.next++];
      if (rule === undefined) {
        state.set(top.chain, "done");
        if (top.chain !== start) finished.push(top.chain);
        stack.pop();
        continue;
      }
      const callee = refused.has(rule) ? undefined : table.chains.get(calleeOf(rule) ?? "");
      if (callee === undefined || state.get(callee) === "done") continue;
      if (state.get(callee) === "open") {
        const circle = [...stack.map(({ chain }) => chain.name), callee.name];
        const path = circle.slice(circle.indexOf(callee.name)).join(" → ");
        refuse(rule, top.chain.name, { code: "refused-loop", complaint: `the chains call each other: ${path}`, errno });
        continue;
      }
      state.set(callee, "open");
      stack.push({ chain: callee, next: 0 });
    }
  }
  return finished.reverse();
}

function limitDepth(table: Table, order: readonly Chain[], refused: ReadonlyMap<Rule, Refusal>, refuse: Refuse): void {
  const levels = new Map<Chain, number>();
  const descend = (chain: Chain, level: number): void => {
    for (const rule of chain.rules) {
      const callee = refused.has(rule) ? undefined : table.chains.get(calleeOf(rule) ?? "");
      if (callee === undefined) continue;
      if (level + 1 > NFT_DEPTH) {
        const complaint = `more than ${NFT_DEPTH} chains call each other`;
        refuse(rule, chain.name, { code: "refused-depth", complaint, errno: "Too many links" });
      } else levels.set(callee, Math.max(levels.get(callee) ?? 0, level + 1));
    }
  };
  for (const chain of table.chains.values()) if (hookOf(table.name, chain) !== null) descend(chain, 0);
  for (const chain of order) descend(chain, levels.get(chain) ?? 0);
}

/** For each user-defined chain and hook, why it cannot be called from there; null where it can. */
function hookFaults(
  order: readonly Chain[],
  refused: ReadonlyMap<Rule, Refusal>,
  use: Pick<RuleUse, "table" | "family" | "backend">,
): ReadonlyMap<string, readonly (Reason | null)[]> {
  const faults = new Map<string, readonly (Reason | null)[]>();
  for (const chain of order.toReversed()) {
    const own: (Reason | null)[] = HOOK_NAMES.map(() => null);
    for (const rule of chain.rules) {
      if (refused.has(rule)) continue;
      const inner = faults.get(calleeOf(rule) ?? "");
      const sensitive = isHookSensitive(rule);
      if (inner === undefined && !sensitive) continue;
      HOOK_NAMES.forEach((hook, at) => {
        own[at] ??= inner?.[at] ?? (sensitive ? extensionFault(rule, { ...use, hook, rule }) : null);
      });
    }
    if (own.some((fault) => fault !== null)) faults.set(chain.name, own);
  }
  return faults;
}

function isHookSensitive(rule: Rule): boolean {
  const { target, matches } = rule;
  if (matches.some(({ name }) => MATCH_REGISTRATIONS[name]?.hooks !== undefined || MATCH_CHECKS[name] !== undefined)) {
    return true;
  }
  if (target?.kind !== "extension") return false;
  const { name } = target.call;
  return TARGET_REGISTRATIONS[name]?.hooks !== undefined || TARGET_CHECKS[name] !== undefined;
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

function extensionFault(rule: Rule, use: RuleUse): Reason | null {
  for (const match of rule.matches) {
    if (MATCH_REGISTRATIONS[match.name] === undefined && MATCH_CHECKS[match.name] === undefined) continue;
    const reason =
      registrationFault(match.name, "match", MATCH_REGISTRATIONS[match.name], use) ??
      checked(matchComplaint(match, use));
    if (reason !== null) return reason;
  }
  if (rule.target?.kind !== "extension") return null;
  const { call } = rule.target;
  // nft traces by itself, in any table.
  if (call.name === "TRACE" && use.backend === "nft") return null;
  return (
    registrationFault(call.name, "target", TARGET_REGISTRATIONS[call.name], use) ?? checked(targetComplaint(call, use))
  );
}

function checked(complaint: string | null): Reason | null {
  return complaint === null ? null : { code: "refused-options", complaint, errno: "Invalid argument" };
}

function matchComplaint<K extends keyof Matches>(match: Match<K>, use: RuleUse): string | null {
  const check = MATCH_CHECKS[match.name];
  return check === undefined ? null : check(match.options, use);
}

function targetComplaint<K extends keyof Targets>(call: TargetCall<K>, use: RuleUse): string | null {
  const check = TARGET_CHECKS[call.name];
  return check === undefined ? null : check(call.options, use);
}

/** xt_check_match(), xt_check_target() (net/netfilter/x_tables.c), in their order and words. */
function registrationFault(
  name: string,
  kind: "match" | "target",
  registration: Registration | undefined,
  use: RuleUse,
): Reason | null {
  if (registration === undefined) return null;
  const { table, hooks, protocol, family } = registration;
  if (family !== undefined && family !== use.family) {
    return {
      code: "refused-family",
      complaint: `Couldn't load ${kind} \`${name}':No such file or directory`,
      errno: null,
    };
  }
  const complain = (code: RefusalCode, text: string): Reason => ({
    code,
    complaint: `x_tables: ${use.family === 6 ? "ip6" : "ip"}_tables: ${name} ${kind}: ${text}`,
    errno: "Invalid argument",
  });
  if (table !== undefined && table !== use.table) {
    return complain("refused-table", `only valid in ${table} table, not ${use.table}`);
  }
  if (hooks !== undefined && use.hook !== null && !hooks.includes(use.hook)) {
    const only = kind === "match" ? "valid" : "usable";
    return complain("refused-hook", `used from hooks ${use.hook}, but only ${only} from ${hooks.join("/")}`);
  }
  const written = use.rule.protocol;
  if (protocol === undefined || (written?.number === protocol && !written.invert)) return null;
  // iptables-nft writes a negated protocol and the ports without the extension.
  if (use.backend === "nft" && written?.number === protocol) return null;
  return complain("refused-protocol", `only valid for protocol ${protocol}`);
}
