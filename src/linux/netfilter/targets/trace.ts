import type { TargetExtension } from "../extension.ts";
import { XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly TRACE: Readonly<Record<string, never>>;
  }
}

/** `-j TRACE`: has the kernel log the packet's way through the rules, and goes on (net/netfilter/xt_TRACE.c). */
export const TRACE: TargetExtension<"TRACE"> = {
  options: {},
  parse: () => ({ value: {} }),
  print: () => [],
  compile: () => () => XT_CONTINUE,
};
