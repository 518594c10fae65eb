import type { MatchExtension } from "../extension.ts";
import { formatMark, parseMarkMask } from "../mark-value.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly mark: { readonly value: number; readonly mask: number; readonly invert: boolean };
  }
}

/** `-m mark [!] --mark value[/mask]`: `(skb->mark & mask) == value` (net/netfilter/xt_mark.c). */
export const mark: MatchExtension<"mark"> = {
  options: { mark: { values: 1, negatable: true } },
  parse(given) {
    const option = given[0];
    const parsed = option === undefined ? null : parseMarkMask(option.values[0] ?? "");
    if (option === undefined || parsed === null) return { problem: "expected --mark value[/mask]" };
    return { value: { ...parsed, invert: option.invert } };
  },
  print: (options) => [...(options.invert ? ["!"] : []), "--mark", formatMark(options)],
  compile: (options) => ({ kind: "mark", value: options.value, mask: options.mask, invert: options.invert }),
};
