import type { HookName } from "../linux/netfilter/verdict.ts";
import type { RulePlace, TraceStep } from "../trace/step.ts";

type RuleStep = TraceStep & { readonly kind: "rule" };
type PolicyStep = TraceStep & { readonly kind: "policy" };
type NatStep = TraceStep & { readonly kind: "nat" };

/** What netfilter did with a packet at one hook, without the rules that matched and let it go on. */
export interface HookSummary {
  readonly hook: HookName;
  /** Rules that matched, in all tables. */
  readonly matched: number;
  /** The state conntrack gave the packet here; null when it was known before. */
  readonly ctState: string | null;
  /** Targets that change what happens later: NOTRACK, TCPMSS, an address translation that changed nothing, …. */
  readonly notable: readonly RuleStep[];
  readonly rewrites: readonly Rewrite[];
  /** The rule or policy that ended the hook: the drop, the reject, or the last filter rule or policy that accepted. */
  readonly decision: Decision | null;
}

/** An address translation, and the rule that asked for it; without one an earlier translation is undone or repeated. */
export interface Rewrite {
  readonly step: NatStep;
  readonly rule: RuleStep | null;
}

export interface Decision {
  readonly place: RulePlace;
  readonly verdict: string;
  /** True for a drop or reject. */
  readonly final: boolean;
  /** Chains from the built-in one to that of the deciding rule. */
  readonly path: readonly string[];
}

/** Targets that only mark, count, log or jump: their traces are for `--verbose`. */
const QUIET =
  /^(?:MARK|CONNMARK|CONNSECMARK|SECMARK|LOG|NFLOG|TRACE|TOS|DSCP|CLASSIFY|CHECKSUM|SET|ACCEPT|RETURN|DROP|REJECT|continue|jump|goto)\b/;

const TRANSLATES = /^(?:DNAT|SNAT|MASQUERADE|REDIRECT|NETMAP)\b/;

const STOPS = /^(?:DROP|REJECT|STOLEN|NFQUEUE)\b| (?:DROP|STOLEN)$/;

/** True for a verdict that ends the packet's walk. */
export function stops(verdict: string): boolean {
  return STOPS.test(verdict);
}

/** Sums up the netfilter steps of one hook. */
export function summariseHook(hook: HookName, steps: readonly TraceStep[]): HookSummary {
  const notable: RuleStep[] = [];
  const rewrites: Rewrite[] = [];
  let matched = 0;
  let ctState: string | null = null;
  let decision: Decision | null = null;
  let path: string[] = [];
  let table = "";
  for (const step of steps) {
    if (step.kind === "conntrack") ctState = step.state;
    else if (step.kind === "nat") {
      const rule = notable.at(-1) ?? null;
      const isCause = rule !== null && TRANSLATES.test(rule.verdict);
      if (isCause) notable.pop();
      rewrites.push({ step, rule: isCause ? rule : null });
    } else if (step.kind === "rule" && step.matched) {
      if (step.place.table !== table) path = [];
      table = step.place.table;
      path = enter(path, step.place.chain.name);
      matched++;
      if (!QUIET.test(step.verdict)) notable.push(step);
      decision = decide(decision, step, path);
    } else if (step.kind === "policy") decision = decide(decision, step, [step.place.chain.name]);
  }
  return { hook, matched, ctState, notable, rewrites, decision };
}

/** The chain stack after a rule of `chain` matched: a chain that is on it already was returned to. */
function enter(path: readonly string[], chain: string): string[] {
  const known = path.indexOf(chain);
  return known < 0 ? [...path, chain] : path.slice(0, known + 1);
}

function decide(before: Decision | null, step: RuleStep | PolicyStep, path: readonly string[]): Decision | null {
  const final = stops(step.verdict);
  if (final) return { place: step.place, verdict: step.verdict, final, path };
  if (step.place.table !== "filter" || step.verdict !== "ACCEPT") return before;
  return { place: step.place, verdict: step.verdict, final, path };
}
