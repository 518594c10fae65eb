import { CT_INVALID, CT_NONE, CT_UNTRACKED } from "../../skb.ts";
import type { TargetExtension } from "../extension.ts";
import { XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly NOTRACK: Readonly<Record<string, never>>;
  }
}

/** `-j NOTRACK`: conntrack leaves the packet alone, unless it saw it before (net/netfilter/xt_CT.c notrack_tg). */
export const NOTRACK: TargetExtension<"NOTRACK"> = {
  options: {},
  parse: () => ({ value: {} }),
  print: () => [],
  compile: () => (skb) => {
    // Of a packet that was invalid in OUTPUT nothing is kept on its way over lo.
    if (skb.connection === null && (skb.ctState === CT_NONE || skb.ctState === CT_INVALID)) skb.ctState = CT_UNTRACKED;
    return XT_CONTINUE;
  },
};
