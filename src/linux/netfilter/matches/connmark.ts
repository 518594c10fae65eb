import { connectionMark } from "../connection-mark.ts";
import type { MatchExtension } from "../extension.ts";
import { formatMark, parseMarkMask } from "../mark-value.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly connmark: { readonly value: number; readonly mask: number; readonly invert: boolean };
  }
}

/**
 * `-m connmark [!] --mark value[/mask]` (net/netfilter/xt_connmark.c): `(ct->mark & mask) == value`. A packet without
 * a connection does not match, negated or not.
 */
export const connmark: MatchExtension<"connmark"> = {
  options: { mark: { values: 1, negatable: true } },
  parse(given) {
    const option = givenOption(given, "mark");
    const parsed = option === undefined ? null : parseMarkMask(option.values[0] ?? "");
    if (option === undefined || parsed === null) return { problem: "expected --mark value[/mask]" };
    return { value: { ...parsed, invert: option.invert } };
  },
  print: (options) => optionWords("mark", options.invert, formatMark(options)),
  compile: ({ value, mask, invert }) => ({
    kind: "call",
    test: (skb, runtime) => {
      const mark = connectionMark(runtime, skb);
      return mark !== null && ((mark & mask) >>> 0 === value) !== invert;
    },
  }),
};
