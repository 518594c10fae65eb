import { CT_NONE, CT_UNTRACKED } from "../../skb.ts";
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
    if (skb.connection === null && skb.ctState === CT_NONE) skb.ctState = CT_UNTRACKED;
    return XT_CONTINUE;
  },
};
