/** Verdicts as small integers (include/uapi/linux/netfilter.h, x_tables.h). */
export const NF_DROP = 0;
export const NF_ACCEPT = 1;
/** The packet went elsewhere (queued to a program). */
export const NF_STOLEN = 2;
/** It went to a queue that let it go on (`--queue-bypass`, or the program accepted it): the next callback of the hook is next. */
export const NF_QUEUE = 3;
/** A target that lets the packet go on to the next rule. */
export const XT_CONTINUE = -1;
export const XT_RETURN = -2;

export type Verdict = typeof NF_DROP | typeof NF_ACCEPT | typeof NF_STOLEN | typeof NF_QUEUE;
export type TargetVerdict = Verdict | typeof XT_CONTINUE | typeof XT_RETURN;

/** The five hooks of a family (`enum nf_inet_hooks`). */
export const PREROUTING = 0;
export const INPUT = 1;
export const FORWARD = 2;
export const OUTPUT = 3;
export const POSTROUTING = 4;

export type Hook = 0 | 1 | 2 | 3 | 4;

export type HookName = "PREROUTING" | "INPUT" | "FORWARD" | "OUTPUT" | "POSTROUTING";

export const HOOK_NAMES: readonly HookName[] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

export function hookName(hook: Hook): HookName {
  return HOOK_NAMES[hook] ?? "PREROUTING";
}
