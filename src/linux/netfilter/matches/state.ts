import { formatCtStates, parseCtStates } from "../ct-state.ts";
import type { MatchExtension } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** `bits` are CT_* of `linux/skb.ts`. */
    readonly state: { readonly bits: number; readonly invert: boolean };
  }
}

const ALL_STATES = 31;

/** `-m state [!] --state LIST`: the old spelling of `-m conntrack --ctstate` (net/netfilter/xt_state.c). */
export const state: MatchExtension<"state"> = {
  options: { state: { values: 1, negatable: true } },
  parse(given) {
    const option = givenOption(given, "state");
    const bits = option === undefined ? null : parseCtStates(option.values[0] ?? "");
    if (option === undefined || bits === null || bits > ALL_STATES) {
      return { problem: "expected --state INVALID|NEW|RELATED|ESTABLISHED|UNTRACKED[,…]" };
    }
    return { value: { bits, invert: option.invert } };
  },
  print: (options) => optionWords("state", options.invert, formatCtStates(options.bits)),
  compile: (options) => ({ kind: "ctstate", bits: options.bits, invert: options.invert }),
};
