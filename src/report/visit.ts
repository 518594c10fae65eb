import type { HookName } from "../linux/netfilter/verdict.ts";
import type { TraceStep } from "../trace/step.ts";

/** The steps of one stay of a packet on one host. */
export interface Visit {
  readonly host: string;
  readonly parts: readonly VisitPart[];
}

/** Netfilter steps of one hook together; everything else one by one. */
export type VisitPart =
  | { readonly kind: "hook"; readonly hook: HookName; readonly steps: readonly TraceStep[] }
  | { readonly kind: "step"; readonly step: TraceStep };

/** Cuts the steps of a journey into stays on hosts. */
export function visitsOf(steps: readonly TraceStep[]): readonly Visit[] {
  const visits: { host: string; steps: TraceStep[] }[] = [];
  for (const step of steps) {
    const last = visits.at(-1);
    if (last === undefined || last.host !== step.host) visits.push({ host: step.host, steps: [step] });
    else last.steps.push(step);
  }
  return visits.map(({ host, steps: own }) => ({ host, parts: partsOf(own) }));
}

function partsOf(steps: readonly TraceStep[]): readonly VisitPart[] {
  const parts: ({ kind: "hook"; hook: HookName; steps: TraceStep[] } | { kind: "step"; step: TraceStep })[] = [];
  /** Steps of conntrack and choices do not say their hook: they belong to the one whose rules come next. */
  let pending: TraceStep[] = [];
  const flush = (): void => {
    for (const step of pending) parts.push({ kind: "step", step });
    pending = [];
  };
  for (const step of steps) {
    const hook = hookOf(step);
    if (hook === null) {
      if (step.kind === "conntrack" || step.kind === "choice") pending.push(step);
      else {
        flush();
        parts.push({ kind: "step", step });
      }
      continue;
    }
    const last = parts.at(-1);
    if (last?.kind === "hook" && last.hook === hook) last.steps.push(...pending, step);
    else parts.push({ kind: "hook", hook, steps: [...pending, step] });
    pending = [];
  }
  flush();
  return parts;
}

function hookOf(step: TraceStep): HookName | null {
  if (step.kind === "rule" || step.kind === "policy" || step.kind === "return") return step.place.hook;
  return step.kind === "nat" ? step.hook : null;
}
