import type { TargetExtension } from "../extension.ts";
import type { MarkMask } from "../mark-value.ts";
import { XT_CONTINUE } from "../verdict.ts";
import { applySetMark, parseSetMark, printSetMark, SET_MARK_OPTIONS } from "./set-mark.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    /** As the kernel holds it: `mark = (mark & ~mask) ^ value`. */
    readonly MARK: MarkMask;
  }
}

/** `-j MARK` (net/netfilter/xt_mark.c). */
export const MARK: TargetExtension<"MARK"> = {
  options: SET_MARK_OPTIONS,
  parse(given) {
    const option = given[0];
    if (option === undefined || given.length > 1)
      return { problem: "expected one of --set-xmark, --set-mark and the like" };
    const value = parseSetMark(option.name, option.values[0] ?? "");
    return value === null ? { problem: `expected --${option.name} value[/mask]` } : { value };
  },
  print: printSetMark,
  compile: (options) => (skb) => {
    skb.mark = applySetMark(skb.mark, options);
    return XT_CONTINUE;
  },
};
